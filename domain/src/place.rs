//! Where things are: positions and boxes in WGS 84 degrees, latitude first.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A point on Earth that someone can have meant: never 0,0, always within the ranges.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema, utoipa::ToSchema)]
pub struct Position {
    /// Degrees north, -90 to 90.
    pub lat: f64,
    /// Degrees east, -180 to 180 (180 is kept as -180).
    pub lng: f64,
}

impl Position {
    pub fn new(lat: f64, lng: f64) -> Result<Self, BadPosition> {
        if !lat.is_finite() || !lng.is_finite() || !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lng) {
            return Err(BadPosition::OutOfRange { lat, lng });
        }
        // Null Island: what a form, a geocoder or a spreadsheet says when it knows nothing.
        if lat.abs() < 0.01 && lng.abs() < 0.01 {
            return Err(BadPosition::NullIsland);
        }
        Ok(Self { lat, lng: if lng == 180.0 { -180.0 } else { lng } })
    }

    /// Metres along the ellipsoid (WGS 84), by Karney's geodesic.
    pub fn metres_to(self, other: Self) -> f64 {
        use geo::{Distance, Geodesic, Point};
        Geodesic.distance(Point::new(self.lng, self.lat), Point::new(other.lng, other.lat))
    }

    /// That this position can belong to a city: within [`CITY_REACH_KM`] of its centre.
    ///
    /// Beyond it the numbers are tried the other way round and with other signs, so that the refusal names the slip. A slip that
    /// stays within reach (a few minutes of arc at 45 degrees) cannot be told from a real place.
    pub fn belongs_to(self, city: &str, centre: Self) -> Result<(), BadPosition> {
        let km = self.metres_to(centre) / 1000.0;
        if km <= CITY_REACH_KM {
            return Ok(());
        }
        let Self { lat, lng } = self;
        let slips = [(lng, lat), (-lat, lng), (lat, -lng), (-lat, -lng), (-lng, lat), (lng, -lat), (-lng, -lat)];
        let meant = slips.into_iter().find(|&(a, b)| Self::new(a, b).is_ok_and(|slip| slip.metres_to(centre) / 1000.0 <= CITY_REACH_KM));
        let city = city.to_owned();
        Err(match meant {
            Some(meant) => BadPosition::Swapped { lat, lng, km, city, meant },
            None => BadPosition::FarFromCity { lat, lng, km, city },
        })
    }
}

/// How far from a city's centre something of it may be, in kilometres. Generous: the largest municipalities reach a hundred.
pub const CITY_REACH_KM: f64 = 150.0;

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            lat: f64,
            lng: f64,
        }
        let raw = Raw::deserialize(d)?;
        Self::new(raw.lat, raw.lng).map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Error, PartialEq)]
pub enum BadPosition {
    #[error("{lat}, {lng} is no place on Earth: latitude is -90 to 90, longitude -180 to 180")]
    OutOfRange { lat: f64, lng: f64 },
    #[error("0, 0 is open sea and means that a position is missing: give the real one")]
    NullIsland,
    #[error("{lat}, {lng} is {km:.0} km from {city}: give the right position, or the right city")]
    FarFromCity { lat: f64, lng: f64, km: f64, city: String },
    #[error("{lat}, {lng} is {km:.0} km from {city}, but {} would be near: check the signs and which number comes first", pair(.meant))]
    Swapped { lat: f64, lng: f64, km: f64, city: String, meant: (f64, f64) },
}

fn pair((lat, lng): &(f64, f64)) -> String {
    format!("{lat}, {lng}")
}

/// A box on the map, in degrees. `west > east` means that it crosses the date line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BBox {
    pub south: f64,
    pub west: f64,
    pub north: f64,
    pub east: f64,
}

impl BBox {
    /// Longitudes beyond ±180 (a map scrolled round the world) are wrapped; 360 degrees and more are the whole parallel.
    pub fn new(south: f64, west: f64, north: f64, east: f64) -> Result<Self, BadBBox> {
        if [south, west, north, east].iter().any(|v| !v.is_finite())
            || south > north
            || south < -90.0
            || north > 90.0
            || west.abs() > 3600.0
            || east.abs() > 3600.0
        {
            return Err(BadBBox);
        }
        if east - west >= 360.0 {
            return Ok(Self { south, west: -180.0, north, east: 180.0 });
        }
        let wrap = |lng: f64| if (-180.0..=180.0).contains(&lng) { lng } else { (lng + 180.0).rem_euclid(360.0) - 180.0 };
        Ok(Self { south, west: wrap(west), north, east: wrap(east) })
    }

    pub fn crosses_date_line(self) -> bool {
        self.west > self.east
    }

    pub fn contains(self, at: Position) -> bool {
        let within = if self.crosses_date_line() {
            at.lng >= self.west || at.lng <= self.east
        } else {
            (self.west..=self.east).contains(&at.lng) || (at.lng == -180.0 && self.east == 180.0)
        };
        (self.south..=self.north).contains(&at.lat) && within
    }

    /// One or two boxes that do not cross the date line.
    pub fn parts(self) -> impl Iterator<Item = Self> {
        let (first, second) = if self.crosses_date_line() { (Self { east: 180.0, ..self }, Some(Self { west: -180.0, ..self })) } else { (self, None) };
        std::iter::once(first).chain(second)
    }
}

/// On the wire `[south, west, north, east]`.
impl Serialize for BBox {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        [self.south, self.west, self.north, self.east].serialize(s)
    }
}

impl<'de> Deserialize<'de> for BBox {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let [south, west, north, east] = <[f64; 4]>::deserialize(d)?;
        Self::new(south, west, north, east).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for BBox {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BBox".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4,
            "description": "south, west, north, east in degrees; west greater than east crosses the date line."})
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("a box is south,west,north,east in degrees with south at most north, e.g. 41.3,2.0,41.5,2.3")]
pub struct BadBBox;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BARCELONA: Position = Position { lat: 41.3888, lng: 2.159 };
    const MENDOZA: Position = Position { lat: -32.8908, lng: -68.8272 };

    #[test]
    fn nothing_is_at_null_island_or_off_the_earth() {
        assert_eq!(Position::new(0.0, 0.0), Err(BadPosition::NullIsland));
        assert_eq!(Position::new(-0.0, 0.009), Err(BadPosition::NullIsland));
        assert!(Position::new(0.0, 6.7).is_ok());
        for (lat, lng) in [(90.1, 0.0), (-91.0, 3.0), (10.0, 180.5), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
            assert!(matches!(Position::new(lat, lng), Err(BadPosition::OutOfRange { .. })));
        }
    }

    #[test]
    fn a_slip_is_named_and_what_is_merely_far_is_not_called_one() {
        let swapped = Position::new(2.159, 41.3888).unwrap().belongs_to("Barcelona", BARCELONA).unwrap_err();
        assert!(matches!(swapped, BadPosition::Swapped { meant: (41.3888, 2.159), .. }));
        assert!(swapped.to_string().contains("41.3888, 2.159 would be near"), "{swapped}");
        let sign = Position::new(32.89, -68.83).unwrap().belongs_to("Mendoza", MENDOZA).unwrap_err();
        assert!(matches!(sign, BadPosition::Swapped { meant: (-32.89, -68.83), .. }));
        let madrid = Position::new(40.4165, -3.7026).unwrap().belongs_to("Barcelona", BARCELONA).unwrap_err();
        assert!(matches!(madrid, BadPosition::FarFromCity { km, .. } if (500.0..510.0).contains(&km)));
        assert_eq!(Position::new(41.41, 2.2).unwrap().belongs_to("Barcelona", BARCELONA), Ok(()));
    }

    proptest! {
        #[test]
        fn every_slip_of_a_near_position_is_refused_or_itself_near(dlat in -1.0..1.0f64, dlng in -1.0..1.0f64, slip in 0usize..7) {
            let (lat, lng) = (MENDOZA.lat + dlat, MENDOZA.lng + dlng);
            prop_assert_eq!(Position::new(lat, lng).unwrap().belongs_to("Mendoza", MENDOZA), Ok(()));
            let (lat, lng) = [(lng, lat), (-lat, lng), (lat, -lng), (-lat, -lng), (-lng, lat), (lng, -lat), (-lng, -lat)][slip];
            let refused = Position::new(lat, lng).unwrap().belongs_to("Mendoza", MENDOZA);
            let named_the_slip = matches!(refused, Err(BadPosition::Swapped { .. }));
            prop_assert!(named_the_slip);
        }
    }
}

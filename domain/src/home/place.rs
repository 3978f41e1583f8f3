//! Is a position where its city is? A number with the wrong sign, or the two swapped, lands somewhere else on Earth.

use std::fmt;

use thiserror::Error;

use crate::place::Position;

/// A home is at most so far from the centre of its city.
pub const REACH_KM: f64 = 60.0;

/// Refuses a position that is too far from the city it is said to be in, and names the slip of the pen if one explains it.
pub fn near_city(at: Position, city: Position, city_name: &str) -> Result<(), FarFromCity> {
    let km = at.metres_to(city) / 1000.0;
    if km <= REACH_KM {
        return Ok(());
    }
    let mistake = Mistake::ALL.into_iter().find(|m| m.undone(at).is_some_and(|meant| meant.metres_to(city) / 1000.0 <= REACH_KM));
    Err(FarFromCity { at: (at.lat, at.lng), km, city: city_name.to_owned(), mistake })
}

/// How a position is often mistyped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    LatSign,
    LngSign,
    BothSigns,
    Swapped,
    SwappedAndLatSign,
    SwappedAndLngSign,
}

impl Mistake {
    const ALL: [Self; 6] = [Self::LatSign, Self::LngSign, Self::BothSigns, Self::Swapped, Self::SwappedAndLatSign, Self::SwappedAndLngSign];

    fn undone(self, Position { lat, lng }: Position) -> Option<Position> {
        match self {
            Self::LatSign => Position::new(-lat, lng),
            Self::LngSign => Position::new(lat, -lng),
            Self::BothSigns => Position::new(-lat, -lng),
            Self::Swapped => Position::new(lng, lat),
            Self::SwappedAndLatSign => Position::new(-lng, lat),
            Self::SwappedAndLngSign => Position::new(lng, -lat),
        }
        .ok()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LatSign => "with the other sign of the latitude",
            Self::LngSign => "with the other sign of the longitude",
            Self::BothSigns => "with the other sign of both numbers",
            Self::Swapped => "with latitude and longitude swapped",
            Self::SwappedAndLatSign | Self::SwappedAndLngSign => "with latitude and longitude swapped and one sign turned",
        })
    }
}

/// Names no coordinates in its text: an exact position belongs in no log.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("the position is {km:.0} km from {city}, more than the {REACH_KM:.0} km a home may be from its city{}", hint(*mistake))]
pub struct FarFromCity {
    pub at: (f64, f64),
    pub km: f64,
    pub city: String,
    pub mistake: Option<Mistake>,
}

fn hint(mistake: Option<Mistake>) -> String {
    mistake.map(|m| format!("; {m} it would be there")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lng: f64) -> Position {
        Position::new(lat, lng).unwrap()
    }

    #[test]
    fn slips_of_the_pen_are_named() {
        let barcelona = at(41.3888, 2.159);
        assert!(near_city(at(41.41, 2.22), barcelona, "Barcelona").is_ok());
        let slip = |lat, lng| near_city(at(lat, lng), barcelona, "Barcelona").unwrap_err().mistake;
        assert_eq!(slip(-41.41, 2.22), Some(Mistake::LatSign));
        assert_eq!(slip(41.41, -2.22), Some(Mistake::LngSign));
        assert_eq!(slip(-41.41, -2.22), Some(Mistake::BothSigns));
        assert_eq!(slip(2.22, 41.41), Some(Mistake::Swapped));
        assert_eq!(slip(40.4, -3.7), None);
    }

    #[test]
    fn the_refusal_tells_no_coordinates() {
        let text = near_city(at(-41.41234, 2.22345), at(41.3888, 2.159), "Barcelona").unwrap_err().to_string();
        assert!(text.contains("latitude") && !text.contains("41234") && !text.contains("22345"), "{text}");
    }

    #[test]
    fn near_over_the_date_line() {
        assert!(near_city(at(-16.8, -179.98), at(-16.8, 179.98), "Taveuni").is_ok());
    }
}

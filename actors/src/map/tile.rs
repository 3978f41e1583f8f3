//! Web-Mercator tiles: which tile a position is in, which tiles cover a box, and how fine they should be.
//!
//! Called by the map and by those who plan views. Pure arithmetic; knows no things.
//!
//! One key serves index, clusters and subscriptions. Tiles nest exactly, because every level is cut from the same
//! integer: a position is turned into a cell of level [`FINEST`] once, and coarser tiles are that cell's leading bits.
//! Tiles end at 85.05° north and south ([`MAX_LAT`]); what lies beyond is in no tile.

use std::{f64::consts::PI, fmt, ops::Range, ops::RangeInclusive};

use domain::{BBox, Position};

/// A level of detail, the zoom of a slippy map: the world is 2^level tiles wide and high.
pub type Level = u8;

/// The level that positions are reduced to: cells of 2.4 m at the equator.
pub const FINEST: Level = 24;

/// Where the square world of Web Mercator ends: atan(sinh(π)).
pub const MAX_LAT: f64 = 85.051_128_779_806_6;

/// The most tiles of one view.
pub const MOST_TILES: usize = 256;

/// A tile: `x` counts from the date line eastwards, `y` from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileKey {
    pub z: Level,
    pub x: u32,
    pub y: u32,
}

impl fmt::Display for TileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.z, self.x, self.y)
    }
}

impl TileKey {
    /// The tile of a position at a level; none beyond [`MAX_LAT`].
    pub fn of(at: Position, z: Level) -> Option<Self> {
        code_of(at).map(|code| Self::of_code(code, z))
    }

    pub(super) fn of_code(code: u64, z: Level) -> Self {
        let cell = code >> (2 * (FINEST - z));
        Self { z, x: gather(cell), y: gather(cell >> 1) }
    }

    /// The codes of everything inside, half-open. Tiles of one level do not overlap; a child's range is inside its parent's.
    pub(super) fn codes(self) -> Range<u64> {
        let bits = 2 * (FINEST - self.z);
        let cell = spread(self.x) | spread(self.y) << 1;
        cell << bits..(cell + 1) << bits
    }

    /// One number for level and place: a leading 1, then two bits for each level. A parent's is its child's shifted right by two.
    pub(super) fn number(self) -> u64 {
        1 << (2 * self.z) | self.codes().start >> (2 * (FINEST - self.z))
    }

    pub fn bounds(self) -> BBox {
        let n = f64::from(1u32 << self.z);
        let (west, east) = (lng_of(f64::from(self.x) / n), lng_of(f64::from(self.x + 1) / n));
        BBox { south: lat_of(f64::from(self.y + 1) / n), west, north: lat_of(f64::from(self.y) / n), east }
    }
}

/// A position's cell at [`FINEST`], its x and y bits interleaved (Z-order), so that a tile is one range of codes.
pub(super) fn code_of(at: Position) -> Option<u64> {
    (at.lat.abs() <= MAX_LAT).then(|| spread(cell(x_of(at.lng))) | spread(cell(y_of(at.lat))) << 1)
}

fn x_of(lng: f64) -> f64 {
    (lng + 180.0) / 360.0
}

fn y_of(lat: f64) -> f64 {
    0.5 - lat.clamp(-MAX_LAT, MAX_LAT).to_radians().tan().asinh() / (2.0 * PI)
}

fn lng_of(x: f64) -> f64 {
    x * 360.0 - 180.0
}

fn lat_of(y: f64) -> f64 {
    (PI * (1.0 - 2.0 * y)).sinh().atan().to_degrees()
}

fn cell(fraction: f64) -> u32 {
    let n = f64::from(1u32 << FINEST);
    (fraction * n).clamp(0.0, n - 1.0) as u32
}

/// Puts a zero between the bits of a number below 2^32.
fn spread(v: u32) -> u64 {
    let mut v = u64::from(v);
    v = (v | v << 16) & 0x0000_ffff_0000_ffff;
    v = (v | v << 8) & 0x00ff_00ff_00ff_00ff;
    v = (v | v << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | v << 2) & 0x3333_3333_3333_3333;
    (v | v << 1) & 0x5555_5555_5555_5555
}

/// Takes every other bit.
fn gather(v: u64) -> u32 {
    let mut v = v & 0x5555_5555_5555_5555;
    v = (v | v >> 1) & 0x3333_3333_3333_3333;
    v = (v | v >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | v >> 4) & 0x00ff_00ff_00ff_00ff;
    v = (v | v >> 8) & 0x0000_ffff_0000_ffff;
    (v | v >> 16) as u32
}

/// The tiles that a view looks at: one level, row by row from the north-west.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    pub level: Level,
    pub tiles: Vec<TileKey>,
    /// The box of the tiles: what was asked for, snapped outward. The asked box itself when it lies wholly beyond the tiles.
    pub covers: BBox,
}

/// The tiles for a view of `bbox` at a map's `zoom`, for a map that keeps `levels`.
///
/// The finest level at which the view is at most 64 tiles (and so at least 16 on average, wherever it is panned to), at most two
/// finer than the zoom, within `levels`; coarser than `levels` when it would else be more than [`MOST_TILES`]. The size decides and
/// not the place, so panning does not change the level; equal views have equal tiles.
pub fn tiling(bbox: BBox, zoom: f64, levels: RangeInclusive<Level>) -> Tiling {
    let width = (bbox.east - bbox.west + if bbox.crosses_date_line() { 360.0 } else { 0.0 }) / 360.0;
    let height = y_of(bbox.south) - y_of(bbox.north);
    let fits = |z: Level| {
        let n = f64::from(1u32 << z);
        (width * n + 1.0) * (height * n + 1.0) <= 64.0
    };
    let by_size = (0..=FINEST).rev().find(|z| fits(*z)).unwrap_or(0);
    let by_zoom = (zoom.round() as Level).saturating_add(2);
    let mut level = by_size.min(by_zoom).clamp(*levels.start(), (*levels.end()).min(FINEST));
    let mut span = Span::of(bbox, level);
    while span.len() > MOST_TILES && level > 0 {
        level -= 1;
        span = Span::of(bbox, level);
    }
    Tiling { level, tiles: span.tiles().collect(), covers: span.covers().unwrap_or(bbox) }
}

/// A rectangle of tiles; columns may run over the date line.
#[derive(Clone, Copy)]
struct Span {
    z: Level,
    first_x: u32,
    columns: u32,
    first_y: u32,
    rows: u32,
}

impl Span {
    fn of(bbox: BBox, z: Level) -> Self {
        let n = 1u32 << z;
        let tile = |fraction: f64| cell(fraction) >> (FINEST - z);
        let first_x = tile(x_of(bbox.west));
        let columns = if bbox.crosses_date_line() || bbox.east >= 180.0 {
            // 180° east is the western edge of the first column.
            let last_x = if bbox.east >= 180.0 { 0 } else { tile(x_of(bbox.east)) };
            (n - first_x + last_x + 1).min(n)
        } else {
            tile(x_of(bbox.east)) - first_x + 1
        };
        let beyond = bbox.south > MAX_LAT || bbox.north < -MAX_LAT;
        let (first_y, last_y) = (tile(y_of(bbox.north)), tile(y_of(bbox.south)));
        Self { z, first_x, columns, first_y, rows: if beyond { 0 } else { last_y - first_y + 1 } }
    }

    fn len(self) -> usize {
        self.columns as usize * self.rows as usize
    }

    fn tiles(self) -> impl Iterator<Item = TileKey> {
        let n = 1u32 << self.z;
        (0..self.rows).flat_map(move |dy| (0..self.columns).map(move |dx| TileKey { z: self.z, x: (self.first_x + dx) % n, y: self.first_y + dy }))
    }

    fn covers(self) -> Option<BBox> {
        let n = 1u32 << self.z;
        if self.rows == 0 {
            return None;
        }
        let north_west = TileKey { z: self.z, x: self.first_x, y: self.first_y }.bounds();
        let south_east = TileKey { z: self.z, x: (self.first_x + self.columns - 1) % n, y: self.first_y + self.rows - 1 }.bounds();
        let (west, east) = if self.columns == n { (-180.0, 180.0) } else { (north_west.west, south_east.east) };
        Some(BBox { south: south_east.south, west, north: north_west.north, east })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lng: f64) -> Position {
        Position::new(lat, lng).unwrap()
    }

    #[test]
    fn known_tiles() {
        // By the formula of OpenStreetMap's wiki (Slippy map tilenames), corners included.
        for (lat, lng, z, name) in [
            (51.510_2, -0.098_4, 9, "9/255/170"),
            (41.387_4, 2.168_6, 13, "13/4145/3059"),
            (-34.603_7, -58.381_6, 12, "12/1383/2468"),
            (35.676_4, 139.65, 10, "10/909/403"),
            (0.1, 0.1, 1, "1/1/0"),
            (-0.1, -0.1, 1, "1/0/1"),
            (85.05, -180.0, 5, "5/0/0"),
            (-85.05, 179.999_999, 5, "5/31/31"),
            (60.0, 180.0, 3, "3/0/2"),
        ] {
            assert_eq!(TileKey::of(at(lat, lng), z).unwrap().to_string(), name, "{lat}, {lng}");
        }
    }

    #[test]
    fn nothing_beyond_the_square_world_is_in_a_tile() {
        for lat in [85.06, -85.06, 90.0, -90.0] {
            assert_eq!(TileKey::of(at(lat, 10.0), 4), None);
        }
        let arctic = BBox::new(86.0, 0.0, 90.0, 20.0).unwrap();
        let plan = tiling(arctic, 3.0, 0..=12);
        assert!(plan.tiles.is_empty());
        assert_eq!(plan.covers, arctic);
    }

    #[test]
    fn a_view_over_the_date_line_is_one_row_of_neighbours() {
        let fiji = BBox::new(-20.0, 176.0, -15.0, -178.0).unwrap();
        let plan = tiling(fiji, 7.0, 0..=12);
        let first_row: Vec<u32> = plan.tiles.iter().take_while(|t| t.y == plan.tiles[0].y).map(|t| t.x).collect();
        let n = 1 << plan.level;
        assert!(first_row.windows(2).all(|w| w[1] == (w[0] + 1) % n), "{first_row:?}");
        assert!(first_row.contains(&(n - 1)) && first_row.contains(&0));
        assert!(plan.covers.crosses_date_line());
        assert!(plan.covers.contains(at(-17.0, 179.9)) && plan.covers.contains(at(-17.0, -179.9)) && !plan.covers.contains(at(-17.0, 0.0)));
    }

    #[test]
    fn the_whole_world_has_every_column_once() {
        for (west, east) in [(-180.0, 180.0), (-200.0, 400.0), (10.0, 9.999)] {
            let plan = tiling(BBox::new(-90.0, west, 90.0, east).unwrap(), 2.0, 0..=12);
            let mut seen = plan.tiles.clone();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!((seen.len(), plan.tiles.len()), (16, 16), "{west} {east}");
            assert_eq!((plan.covers.west, plan.covers.east), (-180.0, 180.0));
        }
    }

    #[test]
    fn screens_are_16_to_64_tiles_and_panning_keeps_the_level() {
        // Pixels of common screens; a slippy map's tile is 256 pixels wide.
        for (w, h) in [(360.0, 640.0), (390.0, 844.0), (1280.0, 720.0), (1440.0, 900.0), (1920.0, 1080.0), (2560.0, 1440.0), (3840.0, 2160.0)] {
            for zoom in 9..=16u8 {
                let world = 256.0 * f64::from(1u32 << zoom);
                let mut levels = Vec::new();
                for step in 0..20 {
                    let (x, y) = (0.5 + f64::from(step) * 0.000_37, 0.37 + f64::from(step) * 0.000_41);
                    let bbox = BBox { south: lat_of(y + h / world), west: lng_of(x), north: lat_of(y), east: lng_of(x + w / world) };
                    let plan = tiling(bbox, f64::from(zoom), 8..=18);
                    // The average is 16 to 64; where a view happens to begin adds or takes a row and a column at most.
                    assert!((9..=90).contains(&plan.tiles.len()), "{w}x{h} at {zoom}: {}", plan.tiles.len());
                    levels.push(plan.level);
                }
                assert!(levels.windows(2).all(|l| l[0] == l[1]), "{levels:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn codes_are_reversible(x in 0u32..1 << 24, y in 0u32..1 << 24, z in 0u8..=24) {
            let tile = TileKey { z, x: x >> (24 - z), y: y >> (24 - z) };
            prop_assert_eq!(TileKey::of_code(tile.codes().start, z), tile);
            prop_assert_eq!(TileKey::of_code(tile.codes().end - 1, z), tile);
            if z > 0 {
                prop_assert_eq!(tile.number() >> 2, TileKey { z: z - 1, x: tile.x / 2, y: tile.y / 2 }.number());
            }
            if z > 0 {
                let (inner, outer) = (tile.codes(), TileKey { z: z - 1, x: tile.x / 2, y: tile.y / 2 }.codes());
                prop_assert!(outer.start <= inner.start && inner.end <= outer.end);
            }
        }

        #[test]
        fn a_tile_holds_its_positions(lat in -85.05..85.05f64, lng in -180.0..180.0f64, z in 0u8..=20) {
            prop_assume!(Position::new(lat, lng).is_ok());
            let b = TileKey::of(at(lat, lng), z).unwrap().bounds();
            let slack = 1e-9;
            prop_assert!(b.south - slack <= lat && lat <= b.north + slack && b.west - slack <= lng && lng <= b.east + slack);
        }

        #[test]
        fn any_box_is_covered_by_at_most_256_tiles(s in -90.0..90.0f64, n in -90.0..90.0f64, w in -180.0..180.0f64, e in -180.0..=180.0f64,
            zoom in 0.0..22.0f64, city in any::<bool>(), fy in 0.0..=1.0f64, fx in 0.0..=1.0f64)
        {
            let bbox = BBox::new(s.min(n), w, s.max(n), e).unwrap();
            let plan = tiling(bbox, zoom, if city { 8..=18 } else { 0..=12 });
            prop_assert!(plan.tiles.len() <= MOST_TILES);
            let width = if w > e { e - w + 360.0 } else { e - w };
            let lng = (w + width * fx + 180.0).rem_euclid(360.0) - 180.0;
            let lat = bbox.south + (bbox.north - bbox.south) * fy;
            if let Some(tile) = Position::new(lat, lng).ok().filter(|p| bbox.contains(*p)).and_then(|p| TileKey::of(p, plan.level)) {
                prop_assert!(plan.tiles.contains(&tile), "{} {}", lat, lng);
            }
        }
    }
}

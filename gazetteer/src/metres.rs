//! How far two points of the earth are from each other.
//!
//! Called by `near`, `lookup` and `prefix`, and by whoever wants the same distances. Pure arithmetic.

/// WGS 84: equatorial radius in metres and flattening.
const A: f64 = 6_378_137.0;
const F: f64 = 1.0 / 298.257_223_563;
const MEAN_RADIUS: f64 = 6_371_008.8;

/// Metres along the earth between two points in degrees `(lat, lon)`, any longitude.
///
/// Lambert's formula for long lines on the WGS 84 ellipsoid: within metres over continents, within 0.1 % everywhere;
/// next to the antipode, where it has no limit, the sphere of the mean radius.
#[must_use]
pub fn metres(a: (f64, f64), b: (f64, f64)) -> f64 {
    let reduced = |lat: f64| ((1.0 - F) * lat.to_radians().tan()).atan();
    let (u1, u2) = (reduced(a.0), reduced(b.0));
    let half_lon = ((b.1 - a.1) / 2.0).to_radians().sin();
    let half_lat = ((u2 - u1) / 2.0).sin();
    let h = (half_lat * half_lat + u1.cos() * u2.cos() * half_lon * half_lon).clamp(0.0, 1.0);
    let angle = 2.0 * h.sqrt().asin();
    if h < 1e-18 {
        return A * angle;
    }
    if h > 0.999 {
        return MEAN_RADIUS * angle;
    }
    let (p, q) = ((u1 + u2) / 2.0, (u2 - u1) / 2.0);
    let x = (angle - angle.sin()) * (p.sin() * q.cos()).powi(2) / (1.0 - h);
    let y = (angle + angle.sin()) * (p.cos() * q.sin()).powi(2) / h;
    A * (angle - F / 2.0 * (x + y))
}

/// Earth-centred position in metres: straight-line distance orders points almost as the ground does, and knows
/// neither date line nor poles.
pub(crate) fn position(lat: f64, lon: f64) -> [f64; 3] {
    let (lat, lon) = (lat.to_radians(), lon.to_radians());
    let e2 = F * (2.0 - F);
    let n = A / (1.0 - e2 * lat.sin().powi(2)).sqrt();
    [n * lat.cos() * lon.cos(), n * lat.cos() * lon.sin(), n * (1.0 - e2) * lat.sin()]
}

/// True for a place on earth: finite, latitude within ±90, longitude within ±360 (so that sums need no wrapping).
pub(crate) fn on_earth(lat: f64, lon: f64) -> bool {
    lat.abs() <= 90.0 && lon.abs() <= 360.0
}

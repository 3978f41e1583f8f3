//! Positions: never 0,0; a slip is named; only a city means its centre, and says so.

use domain::{CityId, Position, place::BadPosition};
use posada::commands::place_city::{CannotPlace, Wanted};

use super::{at, find, named};
use crate::people::{BARCELONA, MENDOZA};

#[test]
fn only_a_city_is_its_centre_and_marked_approximate() {
    let home = find(&Wanted { city: Some(BARCELONA), ..Wanted::default() }).unwrap();
    assert!(home.approximate);
    assert_eq!((home.at.lat, home.at.lng), (home.city.lat, home.city.lon));
    let exact = find(&Wanted { city: Some(BARCELONA), at: at(41.4, 2.17), ..Wanted::default() }).unwrap();
    assert_eq!((exact.approximate, exact.at), (false, at(41.4, 2.17).unwrap()));
}

#[test]
fn a_position_alone_is_in_the_nearest_city_or_in_none() {
    assert_eq!(find(&Wanted { at: at(-32.8908, -68.8272), ..Wanted::default() }).unwrap().city_id(), MENDOZA);
    let sea = find(&Wanted { at: at(-48.876, -123.393), ..Wanted::default() });
    assert!(matches!(sea, Err(CannotPlace::NoCityNear(_))), "Point Nemo: {sea:?}");
    assert!(matches!(find(&Wanted::default()), Err(CannotPlace::Nothing)));
}

#[test]
fn every_trigger_refuses_a_slip_and_names_it() {
    let swapped = Position::new(2.17, 41.4).unwrap();
    for wanted in [Wanted { city: Some(BARCELONA), at: Some(swapped), ..Wanted::default() }, Wanted { at: Some(swapped), ..named("BCN", None) }] {
        let refused = find(&wanted).unwrap_err();
        assert!(matches!(refused, CannotPlace::Position(BadPosition::Swapped { .. })), "{refused:?}");
        assert!(refused.to_string().contains("41.4, 2.17 would be near"), "{refused}");
    }
    let sign = find(&Wanted { city: Some(MENDOZA), at: at(-32.89, 68.83), ..Wanted::default() }).unwrap_err();
    assert!(matches!(sign, CannotPlace::Position(BadPosition::Swapped { meant: (-32.89, -68.83), .. })), "{sign:?}");
    let far = find(&Wanted { city: Some(CityId(3_117_735)), at: at(41.4, 2.17), ..Wanted::default() }).unwrap_err();
    assert!(matches!(&far, CannotPlace::Position(BadPosition::FarFromCity { city, .. }) if city == "Madrid"), "{far:?}");
    assert_eq!(Position::new(0.0, 0.0), Err(BadPosition::NullIsland));
    assert!(matches!(Position::new(412.0, 2.17), Err(BadPosition::OutOfRange { .. })));
}

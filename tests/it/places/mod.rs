//! Where things are: names and positions become cities through one routine, once.

mod cities;
mod names;
mod positions;

use domain::{CityId, Position};
use gazetteer::Gazetteer;
use posada::commands::place_city::{CannotPlace, Located, Wanted, locate, place};

use crate::people::Ground;

/// What somebody wrote, and the country if they said so.
fn named<'a>(name: &'a str, country: Option<&'a str>) -> Wanted<'a> {
    Wanted { name: Some(name), country, ..Wanted::default() }
}

fn at(lat: f64, lng: f64) -> Option<Position> {
    Some(Position::new(lat, lng).unwrap())
}

fn find<'g>(wanted: &Wanted<'_>) -> Result<Located<'g>, CannotPlace> {
    locate(Gazetteer::embedded(), wanted)
}

/// Places one thing in a transaction of its own: the city, and whether this very thing made it.
async fn place_one(ground: &Ground, wanted: &Wanted<'_>) -> Result<(CityId, bool), CannotPlace> {
    let mut tx = ground.store.begin_as_tenant(ground.tenant.id).await?;
    let (located, placed) = place(&mut tx, ground.gazetteer, wanted).await?;
    assert_eq!(located.city_id(), placed.city);
    tx.commit().await?;
    Ok((placed.city, placed.created))
}

//! Changes what a host says of their home: any of its facts, its rooms, and where it is.
//!
//! Called by `http`. An edit names the version it was made on; one that changes nothing saves nothing and tells nobody.

use domain::{
    RoomId,
    home::{Home, HomeInput, Room, RoomInput},
};
use gazetteer::Gazetteer;
use uuid::Uuid;

use super::{
    move_home::moved,
    own_home::{CannotChangeHome, OwnHome, load, not_over_since, save, tell},
};
use crate::store::{TenantTx, homes::HomeView};

#[derive(Clone, Debug)]
pub struct ChangeHome {
    pub which: OwnHome,
    /// The version that was edited.
    pub version: u32,
    pub input: HomeInput,
}

pub async fn run(tx: &mut TenantTx, gazetteer: &Gazetteer, order: ChangeHome) -> Result<HomeView, CannotChangeHome> {
    let was = load(tx, order.which).await?;
    if was.version != order.version {
        return Err(CannotChangeHome::Changed { now: was.version });
    }
    if !was.status.is_editable() {
        return Err(CannotChangeHome::NotEditable(was.status));
    }
    let facts = order.input.changed(&was).map_err(CannotChangeHome::Invalid)?;
    let rooms = rooms_after(&was, order.input.rooms, &facts.guests);
    let mut home = Home { facts, rooms, ..was.clone() };
    if order.input.position.is_some() || order.input.city.is_some() {
        home = moved(tx, gazetteer, home, order.input.position, order.input.city).await?;
    }
    let saved = save(tx, &was, home).await?;
    let home = &saved.view.home;
    let moved = home.public != was.public || home.city != was.city;
    if moved || seen_differently(&was, home) {
        tell(tx, if moved { "home_moved" } else { "home_changed" }, Some(&was), &saved).await?;
    }
    Ok(saved.view.since(not_over_since(order.which.now)))
}

/// Does the change concern anyone but the host? The exact position, and that it was only approximate, do not.
fn seen_differently(was: &Home, home: &Home) -> bool {
    was.facts != home.facts || was.rooms != home.rooms
}

fn rooms_after(home: &Home, sent: Option<Vec<RoomInput>>, guests: &domain::home::Capacity) -> Vec<Room> {
    match (sent, home.rooms.as_slice()) {
        (Some(rooms), _) => rooms
            .into_iter()
            .map(|room| Room { id: room.id.unwrap_or_else(|| RoomId(Uuid::now_v7())), name: room.name, guests: room.guests.unwrap_or(*guests) })
            .collect(),
        // The only room takes as many as the home.
        (None, [only]) => vec![Room { guests: *guests, ..only.clone() }],
        (None, rooms) => rooms.to_vec(),
    }
}

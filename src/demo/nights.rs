//! Some nights of the demo's homes are taken: stays that were approved before anyone looked.

use domain::{Event, TenantId};
use time::{Date, Duration, OffsetDateTime};

use super::dice::{Dice, seed};
use crate::store::{
    Store, StoreError,
    demo::{DemoRoom, DemoStay},
};

/// Takes nights in the homes of some references, if none of theirs has any stay yet. Gives what the maps have to be told.
pub(super) async fn take(store: &Store, tenant: TenantId, source: &str, references: &[String]) -> Result<Vec<Event>, StoreError> {
    let mut tx = store.begin_as_tenant(tenant).await?;
    let rooms = tx.demo_rooms_without_stays(source, references).await?;
    let today = OffsetDateTime::now_utc().date();
    let stays: Vec<DemoStay> = rooms.iter().enumerate().flat_map(|(n, room)| stays_of(room, &rooms[(n * 7 + 3) % rooms.len()], today)).collect();
    if stays.is_empty() {
        return Ok(Vec::new());
    }
    match tx.add_demo_stays(&stays).await {
        Ok(()) => tx.commit().await,
        // Two that fill the same demo draw the same nights: the other one has taken them.
        Err(error) if error.constraint() == Some("stay_nights_apart") => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Nothing to three stays over the next weeks, one after the other. Guests are hosts of elsewhere.
fn stays_of(room: &DemoRoom, guest: &DemoRoom, today: Date) -> Vec<DemoStay> {
    if guest.host == room.host {
        return Vec::new();
    }
    let mut dice = Dice::new(seed(&room.reference) ^ u64::from(room.place.unsigned_abs()));
    let mut from = today - Duration::days(2);
    let mut stays = Vec::new();
    while stays.len() < 3 && dice.chance(0.38) {
        let arrive = from + Duration::days(dice.below(9) as i64);
        let leave = arrive + Duration::days(1 + dice.below(6) as i64);
        stays.push(DemoStay { room: room.clone(), guest: guest.host, arrive, leave });
        from = leave + Duration::days(1);
    }
    stays
}

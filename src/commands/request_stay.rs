//! Asks a host for nights in a home's room.
//!
//! Called by `http`. A request holds nothing; the early look at the nights only spares a host what cannot be approved any more.
//! The server computes the total; the host's stream carries the request to every open session, or keeps it until one opens.

use domain::{
    HomeId, Nights, RoomId, StayId, StreamName,
    stay::{MESSAGE_MOST, Person, Progress, Side, Stay, StayHome, StayRoom, StayView, answer_by, total},
};
use gazetteer::Gazetteer;
use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::json;
use thiserror::Error;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{
    caller::{Caller, Who},
    store::{Done, KeptAnswer, Once, Store, StoreError, TenantTx, at_once::RoomOnOffer, events::NewEvent, stays::KeptStay},
};

#[derive(Clone, Debug)]
pub struct RequestStay {
    pub home: HomeId,
    /// The home's first room where none is named.
    pub room: Option<RoomId>,
    pub nights: Nights,
    pub guests: u8,
    pub message: String,
    pub now: OffsetDateTime,
}

#[derive(Debug, Error)]
pub enum CannotRequest {
    #[error("only members may ask for a stay")]
    NotAMember,
    #[error("there is no such home or room on offer")]
    NoSuchRoom,
    #[error("it is your own home")]
    OwnHome,
    #[error("the arrival day {0} has begun where the home is, or is past")]
    TooLate(Date),
    #[error("an arrival more than 2 years ahead cannot be asked for yet")]
    TooFarAhead,
    #[error("the room takes {most} guests at most")]
    TooManyGuests { most: u8 },
    #[error("a message has 1 to {MESSAGE_MOST} characters")]
    BadMessage,
    #[error("some of these nights are taken")]
    NightsTaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs inside the caller's transaction, which the edge commits together with the answer to the idempotency key.
pub async fn run(tx: &mut TenantTx, gazetteer: &Gazetteer, guest: &Caller, order: &RequestStay) -> Result<StayView, CannotRequest> {
    let room = tx.room_on_offer(order.home, order.room, order.nights).await?;
    let kept = new_stay(gazetteer, guest, order, room.as_ref())?;
    tx.insert_stay(&kept).await?;
    tx.record([news(&kept)?]);
    Ok(kept.view(Side::Guest))
}

/// The same in two round trips, or in one for a room that somebody read lately. None where anything is in the way, and then nothing was done:
/// [`run`] says what it is.
pub async fn at_once(store: &Store, gazetteer: &Gazetteer, guest: &Caller, order: &RequestStay, once: &Once) -> Result<Option<Done>, StoreError> {
    let tenant = guest.tenant;
    let known = store.known_room(tenant, order.home, order.room).await;
    let mut statements = store.at_once(tenant).await?;
    let room = match known {
        Some(room) => room,
        None => {
            let Some(room) = statements.room_on_offer(order.home, order.room, order.nights).await? else { return Ok(None) };
            store.remember_room(tenant, order.room, &room).await;
            room
        }
    };
    let Ok(kept) = new_stay(gazetteer, guest, order, Some(&room)) else {
        store.forget_room(tenant, order.home, order.room).await;
        return Ok(None);
    };
    let answer = KeptAnswer::json(201, &kept.view(Side::Guest))?;
    let event = statements.keep_request(&kept, room.home_version, once, &answer, news(&kept)?).await?;
    if event.is_none() {
        store.forget_room(tenant, order.home, order.room).await;
    }
    Ok(event.map(|event| Done { answer, events: vec![event] }))
}

/// The rules: the request as it is to be kept, from what was read of the room.
fn new_stay(gazetteer: &Gazetteer, guest: &Caller, order: &RequestStay, room: Option<&RoomOnOffer>) -> Result<KeptStay, CannotRequest> {
    let Who::Member { member, name, .. } = &guest.who else { return Err(CannotRequest::NotAMember) };
    let message = order.message.trim();
    if message.is_empty() || message.chars().count() > MESSAGE_MOST {
        return Err(CannotRequest::BadMessage);
    }
    let room = room.ok_or(CannotRequest::NoSuchRoom)?;
    if room.host == *member {
        return Err(CannotRequest::OwnHome);
    }
    if order.guests == 0 || order.guests > room.guests {
        return Err(CannotRequest::TooManyGuests { most: room.guests });
    }
    let begins = arrival_day_begins(order.nights.arrive(), gazetteer.get(room.city.0).map(|city| city.time_zone.to_owned()).as_deref());
    if begins <= order.now {
        return Err(CannotRequest::TooLate(order.nights.arrive()));
    }
    if begins > order.now + time::Duration::days(731) {
        return Err(CannotRequest::TooFarAhead);
    }
    if room.taken {
        return Err(CannotRequest::NightsTaken);
    }

    let answer_by = answer_by(order.now, begins);
    let stay = Stay { id: StayId(Uuid::now_v7()), guest: *member, host: room.host, terms_version: 1, progress: Progress::Requested { answer_by } };
    Ok(KeptStay {
        stay,
        home: StayHome { id: room.home, title: room.title.clone(), city: room.city },
        room: StayRoom { id: room.room, name: room.room_name.clone() },
        guest: Person { id: *member, name: name.clone() },
        host: Person { id: room.host, name: room.host_name.clone() },
        nights: order.nights,
        guests: order.guests,
        message: message.to_owned(),
        total: total(room.price, order.nights),
        sent_at: order.now,
        answer_by,
        delivered_at: None,
        seen_at: None,
    })
}

/// For the host's stream.
fn news(kept: &KeptStay) -> Result<NewEvent, StoreError> {
    NewEvent::new(StreamName::Member(kept.host.id), "stay_requested", &json!({ "stay": kept.view(Side::Host) }))
}

/// The instant at which a day begins where the home is; UTC where its zone is not known.
fn arrival_day_begins(day: Date, zone: Option<&str>) -> OffsetDateTime {
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let begins =
        civil::Date::new(day.year() as i16, u8::from(day.month()) as i8, day.day() as i8).and_then(|date| date.to_zoned(zone)).map(|at| at.timestamp());
    let begins = begins.unwrap_or(Timestamp::MIN);
    OffsetDateTime::from_unix_timestamp(begins.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn a_day_begins_where_the_home_is() {
        assert_eq!(arrival_day_begins(date!(2030 - 07 - 01), Some("Europe/Madrid")), datetime!(2030-06-30 22:00 UTC));
        assert_eq!(arrival_day_begins(date!(2030 - 07 - 01), Some("America/Argentina/Buenos_Aires")), datetime!(2030-07-01 03:00 UTC));
        assert_eq!(arrival_day_begins(date!(2030 - 07 - 01), None), datetime!(2030-07-01 00:00 UTC));
    }

    #[test]
    fn a_day_without_midnight_begins_when_it_does() {
        // Clocks in Beirut went from 00:00 to 01:00 on that day.
        assert_eq!(arrival_day_begins(date!(2022 - 03 - 27), Some("Asia/Beirut")), datetime!(2022-03-26 22:00 UTC));
    }
}

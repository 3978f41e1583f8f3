//! The short way of a request: what it keeps it keeps whole, and what stands in its way leaves nothing behind.

use domain::{
    HomeId, MemberId, Nights, StayId, StreamName, TenantId,
    nights::parse_date,
    stay::{Person, Progress, Stay, StayHome, StayRoom},
};
use futures_util::future::join_all;
use posada::store::{Claimed, KeptAnswer, Once, Store, at_once::RoomOnOffer, events::NewEvent, stays::KeptStay};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{day, two_people};
use crate::harness::{TENANT, TestApp};

/// A store of the test's own with a single connection: whatever that remembers, the next statement would feel.
async fn store(app: &TestApp) -> Store {
    Store::new(PgPoolOptions::new().max_connections(1).connect(&app.database_url("posada_app")).await.unwrap())
}

async fn tenant(app: &TestApp, slug: &str) -> TenantId {
    TenantId(sqlx::query_scalar("select id from tenants where slug = $1").bind(slug).fetch_one(app.owner()).await.unwrap())
}

fn nights() -> Nights {
    Nights::new(parse_date(&day(30)).unwrap(), parse_date(&day(32)).unwrap()).unwrap()
}

fn home_of(home: &Value) -> HomeId {
    HomeId(home["id"].as_str().unwrap().parse().unwrap())
}

/// What a guest asks for in a room, as the command would make it.
fn request(room: &RoomOnOffer, guest: &str) -> KeptStay {
    let (guest, now) = (MemberId(guest.parse::<Uuid>().unwrap()), OffsetDateTime::now_utc());
    let answer_by = now + Duration::DAY;
    KeptStay {
        stay: Stay { id: StayId(Uuid::now_v7()), guest, host: room.host, terms_version: 1, progress: Progress::Requested { answer_by } },
        home: StayHome { id: room.home, title: room.title.clone(), city: room.city },
        room: StayRoom { id: room.room, name: room.room_name.clone() },
        guest: Person { id: guest, name: "Guest".into() },
        host: Person { id: room.host, name: room.host_name.clone() },
        nights: nights(),
        guests: 1,
        message: "May we?".into(),
        total: None,
        sent_at: now,
        answer_by,
        delivered_at: None,
        seen_at: None,
    }
}

fn news(stay: &KeptStay) -> NewEvent {
    NewEvent::new(StreamName::Member(stay.host.id), "stay_requested", &json!({ "stay": stay.stay.id })).unwrap()
}

fn once(guest: &str) -> Once {
    Once::new(guest, "k", &[b"POST", b"/somewhere", b"{}"])
}

fn answer() -> KeptAnswer {
    KeptAnswer { status: 201, body: b"{}".to_vec() }
}

/// Stays, events that told of one, and keys of one caller: all there is of a request.
async fn kept(owner: &PgPool, caller: &str) -> (i64, i64, i64) {
    sqlx::query_as(
        "select (select count(*) from stays), (select count(*) from events where kind = 'stay_requested'),
                (select count(*) from idempotency_keys where caller = $1 and key = 'k')",
    )
    .bind(caller)
    .fetch_one(owner)
    .await
    .unwrap()
}

#[actix_web::test]
async fn a_request_its_answer_and_its_event_are_kept_together() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let (store, here) = (store(&app).await, tenant(&app, TENANT).await);
    guest.asks(&home, 10, 11).await.expect(201);

    let mut statements = store.at_once(here).await.unwrap();
    let room = statements.room_on_offer(home_of(&home), None, nights()).await.unwrap().unwrap();
    let stay = request(&room, &guest.id);
    let event = statements.keep_request(&stay, room.home_version, &once(&guest.id), &answer(), news(&stay)).await.unwrap().unwrap();
    assert_eq!((event.tenant, event.stream, event.seq, &*event.kind), (here, StreamName::Member(room.host), 2, "stay_requested"));
    assert_eq!(kept(app.owner(), &guest.id).await, (2, 2, 1));
    let told = host.get("/api/v1/inbox").await.expect(200).json();
    assert_eq!((&told["items"][1]["seq"], &told["items"][1]["body"]["stay"]), (&json!(2), &json!(stay.stay.id)));

    // The key knows its answer, here as in a transaction, and what else is asked with it is refused.
    let again = store.at_once(here).await.unwrap().keep_request(&stay, room.home_version, &once(&guest.id), &answer(), news(&stay)).await.unwrap();
    assert!(again.is_none());
    let mut tx = store.begin_as_tenant(here).await.unwrap();
    assert_eq!(tx.claim_key(&once(&guest.id)).await.unwrap(), Claimed::Answered(answer()));
    assert_eq!(tx.claim_key(&Once::new(&guest.id, "k", &[b"other"])).await.unwrap(), Claimed::Reused);
    drop(tx);
    assert_eq!(kept(app.owner(), &guest.id).await, (2, 2, 1));
    app.stop().await;
}

#[actix_web::test]
async fn what_changed_since_it_was_read_is_not_asked_for() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let (store, here) = (store(&app).await, tenant(&app, TENANT).await);
    let path = format!("/api/v1/homes/{}", home["id"].as_str().unwrap());
    for change in ["price", "pause"] {
        let mut statements = store.at_once(here).await.unwrap();
        let room = statements.room_on_offer(home_of(&home), None, nights()).await.unwrap().unwrap();
        match change {
            "price" => {
                let host = host.client.clone().with("If-Match", format!("\"{}\"", room.home_version));
                host.patch(&path, &json!({"price": {"amount": 9000, "currency": "EUR"}})).await.expect(200);
            }
            _ => {
                host.post(&format!("{path}/pause"), &Value::Null).await.expect(200);
            }
        }
        let stay = request(&room, &guest.id);
        let event = statements.keep_request(&stay, room.home_version, &once(&guest.id), &answer(), news(&stay)).await.unwrap();
        assert!(event.is_none(), "{change}");
        assert_eq!(kept(app.owner(), &guest.id).await, (0, 0, 0), "{change}");
    }
    // Nor does a paused home pass for one on offer where its version is right.
    let mut statements = store.at_once(here).await.unwrap();
    assert!(statements.room_on_offer(home_of(&home), None, nights()).await.unwrap().is_none());
    drop(statements);
    guest.asks(&home, 30, 32).await.problem(404, "not-found");
    app.stop().await;
}

#[actix_web::test]
async fn another_communitys_room_is_no_room() {
    let app = TestApp::spawn().await;
    let (_, home, guest) = two_people(&app).await;
    app.make_tenant("elsewhere").await;
    let (store, here, elsewhere) = (store(&app).await, tenant(&app, TENANT).await, tenant(&app, "elsewhere").await);
    let room = store.at_once(here).await.unwrap().room_on_offer(home_of(&home), None, nights()).await.unwrap().unwrap();

    let mut statements = store.at_once(elsewhere).await.unwrap();
    assert!(statements.room_on_offer(home_of(&home), None, nights()).await.unwrap().is_none());
    assert!(statements.room_on_offer(home_of(&home), Some(room.room), nights()).await.unwrap().is_none());
    let stay = request(&room, &guest.id);
    assert!(statements.keep_request(&stay, room.home_version, &once(&guest.id), &answer(), news(&stay)).await.unwrap().is_none());
    assert_eq!(kept(app.owner(), &guest.id).await, (0, 0, 0));

    // The one connection, with which both were asked, remembers neither of them.
    let seen: i64 = sqlx::query_scalar("select count(*) from homes").fetch_one(store.pool()).await.unwrap();
    assert_eq!(seen, 0);
    let named: Option<String> = sqlx::query_scalar("select nullif(current_setting('posada.tenant', true), '')").fetch_one(store.pool()).await.unwrap();
    assert_eq!(named, None);
    app.stop().await;
}

#[actix_web::test]
async fn a_key_that_is_in_use_is_left_to_whoever_has_it() {
    let app = TestApp::spawn().await;
    let (_, home, guest) = two_people(&app).await;
    let here = tenant(&app, TENANT).await;
    // Two stores: one connection has the key, the other one comes with it.
    let (first, second) = (store(&app).await, store(&app).await);
    let mut holder = first.begin_as_tenant(here).await.unwrap();
    assert_eq!(holder.claim_key(&once(&guest.id)).await.unwrap(), Claimed::Fresh);
    let mut statements = second.at_once(here).await.unwrap();
    let room = statements.room_on_offer(home_of(&home), None, nights()).await.unwrap().unwrap();
    let stay = request(&room, &guest.id);
    assert!(statements.keep_request(&stay, room.home_version, &once(&guest.id), &answer(), news(&stay)).await.unwrap().is_none(), "and nobody waited");
    holder.take_back().await.unwrap();
    let event = second.at_once(here).await.unwrap().keep_request(&stay, room.home_version, &once(&guest.id), &answer(), news(&stay)).await.unwrap();
    assert_eq!(event.unwrap().seq, 1);
    app.stop().await;
}

/// Over HTTP: one of them asks, and each of the others hears its answer or that it is being done.
#[actix_web::test]
async fn of_many_requests_with_one_key_at_once_one_is_made() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let keyed = guest.client.clone().with("Idempotency-Key", "k");
    let path = format!("/api/v1/homes/{}/stays", home["id"].as_str().unwrap());
    let body = json!({"arrive": day(10), "leave": day(12), "guests": 1, "message": "Hello"});
    let answers = join_all((0..12).map(|_| keyed.post(&path, &body))).await;
    let made = keyed.post(&path, &body).await.expect(201).json();
    for answer in answers {
        match answer.status {
            201 => assert_eq!(answer.json(), made),
            _ => drop(answer.problem(409, "idempotency-in-progress")),
        }
    }
    assert_eq!(kept(app.owner(), &guest.id).await, (1, 1, 1));
    assert_eq!(host.get("/api/v1/inbox").await.expect(200).json()["head"], 1);
    app.stop().await;
}

/// The page of a home is remembered for whoever asks next; what has changed since is read again.
#[actix_web::test]
async fn what_a_guest_saw_before_they_asked_is_not_believed() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let path = format!("/api/v1/homes/{}", home["id"].as_str().unwrap());
    let looks = async || drop(guest.get(&path).await.expect(200));

    looks().await;
    let first = guest.asks(&home, 10, 12).await.expect(201).json();
    assert_eq!(first["total"]["amount"].as_u64(), home["price"]["amount"].as_u64().map(|price| 2 * price));

    looks().await;
    let edit = host.client.clone().with("If-Match", home["version"].to_string());
    edit.patch(&path, &json!({"price": {"amount": 4100, "currency": "EUR"}, "title": "Another house"})).await.expect(200);
    let second = guest.asks(&home, 20, 22).await.expect(201).json();
    assert_eq!((&second["total"]["amount"], &second["home"]["title"]), (&json!(8200), &json!("Another house")));

    looks().await;
    sqlx::query("update members set name = 'Renamed' where id = $1::uuid").bind(&host.id).execute(app.owner()).await.unwrap();
    assert_eq!(guest.asks(&home, 30, 32).await.expect(201).json()["host"]["name"], "Renamed");

    looks().await;
    host.approves(&first).await.expect(200);
    guest.asks(&home, 11, 13).await.problem(409, "nights-taken");

    looks().await;
    drop(host.post(&format!("{path}/pause"), &Value::Null).await.expect(200));
    guest.asks(&home, 40, 42).await.problem(404, "not-found");
    app.stop().await;
}

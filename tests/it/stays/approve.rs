use std::collections::HashSet;

use domain::stay::StayState;
use futures_util::future::join_all;
use posada::{
    commands::approve_stay::{Approvals, ApproveStay, CannotApprove},
    store::Once,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use time::{Date, Duration, OffsetDateTime, macros::date};
use uuid::Uuid;

use super::seeded::House;
use crate::harness::{TENANT, TestApp};

const DAY: Date = date!(2031 - 05 - 10);

fn order(house: &House, stay: domain::StayId, once: Option<Once>) -> ApproveStay {
    ApproveStay { tenant: house.tenant, by: house.host, stay, terms_version: 1, now: OffsetDateTime::now_utc(), once }
}

/// A thousand requests that all want one night, approved at once through three writers, as three servers would: one guest has it.
#[actix_web::test]
async fn of_a_thousand_parallel_approvals_exactly_one_wins_over_a_hundred_seeds() {
    let app = TestApp::spawn().await;
    let house = House::build(app.owner(), TENANT).await;
    let writers: Vec<Approvals> = (0..3).map(|_| Approvals::start(app.app().store.clone(), app.app().relay.clone())).collect();
    for seed in 0..100 {
        let mut rng = StdRng::seed_from_u64(seed);
        let room = Uuid::now_v7();
        house.add_room(app.owner(), room).await;
        let nights: Vec<(Date, Date)> =
            (0..1000).map(|_| (DAY - Duration::days(rng.random_range(0..6)), DAY + Duration::days(rng.random_range(1..7)))).collect();
        let mut stays = house.requests(app.owner(), room, &nights).await;
        stays.shuffle(&mut rng);
        let verdicts = join_all(stays.iter().map(|stay| writers[rng.random_range(0..3)].run(order(&house, *stay, None)))).await;
        let won = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
        let lost = verdicts.iter().filter(|verdict| matches!(verdict, Err(CannotApprove::NightsTaken))).count();
        assert_eq!((won, lost), (1, 999), "seed {seed}");
        let kept: (i64, i64) = sqlx::query_as(
            "select (select count(*) from stay_nights where room_id = $1), (select count(*) from stays where room_id = $1 and state = 'approved')",
        )
        .bind(room)
        .fetch_one(app.owner())
        .await
        .unwrap();
        assert_eq!(kept, (1, 1), "seed {seed}");
    }
    app.stop().await;
}

/// Random nights over two rooms: whatever was approved overlaps nowhere, and whatever was refused overlaps something that was approved.
#[actix_web::test]
async fn approved_nights_never_overlap_and_nothing_is_refused_in_vain() {
    let app = TestApp::spawn().await;
    let house = House::build(app.owner(), TENANT).await;
    let other = Uuid::now_v7();
    house.add_room(app.owner(), other).await;
    let mut rng = StdRng::seed_from_u64(7);
    let mut asked = Vec::new();
    for room in [house.room, other] {
        let nights: Vec<(Date, Date)> = (0..200)
            .map(|_| {
                let arrive = DAY + Duration::days(rng.random_range(0..60));
                (arrive, arrive + Duration::days(rng.random_range(1..5)))
            })
            .collect();
        let ids = house.requests(app.owner(), room, &nights).await;
        asked.extend(ids.into_iter().zip(nights).map(|(id, nights)| (id, room, nights)));
    }
    asked.shuffle(&mut rng);
    let verdicts = join_all(asked.iter().map(|(stay, ..)| app.app().approvals.run(order(&house, *stay, None)))).await;
    let overlap = |a: &(Uuid, (Date, Date)), b: &(Uuid, (Date, Date))| a.0 == b.0 && a.1.0 < b.1.1 && b.1.0 < a.1.1;
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for ((_, room, nights), verdict) in asked.iter().zip(&verdicts) {
        if verdict.is_ok() { won.push((*room, *nights)) } else { lost.push((*room, *nights)) }
    }
    for (n, a) in won.iter().enumerate() {
        assert!(!won[n + 1..].iter().any(|b| overlap(a, b)), "{a:?} overlaps another");
    }
    assert!(lost.iter().all(|a| won.iter().any(|b| overlap(a, b))));
    assert!(won.len() > 40, "{} won", won.len());
    app.stop().await;
}

#[actix_web::test]
async fn one_may_arrive_on_the_day_another_leaves() {
    let app = TestApp::spawn().await;
    let house = House::build(app.owner(), TENANT).await;
    let day = |n| DAY + Duration::days(n);
    let stays = house.requests(app.owner(), house.room, &[(day(0), day(3)), (day(3), day(5)), (day(1), day(2)), (day(0), day(9)), (day(4), day(6))]).await;
    let mut states = Vec::new();
    for stay in stays {
        states.push(app.app().approvals.run(order(&house, stay, None)).await.map(|view| view.state).map_err(|why| why.to_string()));
    }
    let taken = || Err(CannotApprove::NightsTaken.to_string());
    assert_eq!(states, [Ok(StayState::Approved), Ok(StayState::Approved), taken(), taken(), taken()]);
    app.stop().await;
}

#[actix_web::test]
async fn the_same_order_under_the_same_key_is_done_once_however_often_it_comes() {
    let app = TestApp::spawn().await;
    let house = House::build(app.owner(), TENANT).await;
    let stays = house.requests(app.owner(), house.room, &[(DAY, DAY + Duration::DAY), (DAY, DAY + Duration::DAY)]).await;
    let key = |asked: &[u8]| Some(Once::new(house.host.to_string(), "one", &[asked]));
    // All at once, so that several meet in one batch.
    let verdicts = join_all((0..20).map(|_| app.app().approvals.run(order(&house, stays[0], key(b"first"))))).await;
    let views: HashSet<String> = verdicts.into_iter().map(|v| serde_json::to_string(&v.unwrap()).unwrap()).collect();
    assert_eq!(views.len(), 1);
    let later = app.app().approvals.run(order(&house, stays[0], key(b"first"))).await.unwrap();
    assert_eq!(later.state, StayState::Approved);
    let other = app.app().approvals.run(order(&house, stays[1], key(b"second"))).await.unwrap_err();
    assert!(matches!(other, CannotApprove::KeyReused), "{other:?}");
    let without_key = app.app().approvals.run(order(&house, stays[0], None)).await.unwrap_err();
    assert!(without_key.to_string().contains("answered already"), "{without_key}");
    let told: i64 = sqlx::query_scalar("select count(*) from events where kind = 'stay_approved'").fetch_one(app.owner()).await.unwrap();
    assert_eq!(told, 1);
    app.stop().await;
}

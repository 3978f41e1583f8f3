//! Postgres is killed under load, and killed again as soon as it is back: clear refusals, no hang, and by itself everything goes on.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use actix_web::rt::spawn;
use posada::demo::{HOST, PASSWORD};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    orders::{Acknowledged, Writer},
    staying::{Staying, view},
};
use crate::harness::{BARCELONA, Client, eventually, program::Program};

/// A request that waits for a connection is refused after three seconds; the rest is the machine's.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// What somebody who asks all the time was told.
#[derive(Default)]
struct Told {
    well: usize,
    refused: usize,
    slowest: Duration,
}

/// Asks for what no cache has, until the outage is over.
async fn asks(client: Client, over: watch::Receiver<bool>) -> Told {
    let mut told = Told::default();
    while !*over.borrow() {
        let begun = Instant::now();
        let asking = client.try_send("GET", "/api/v1/me/homes", &[], b"");
        let answer = tokio::time::timeout(ANSWERED_WITHIN, asking).await.expect("an answer, whatever it is").expect("the server is there");
        told.slowest = told.slowest.max(begun.elapsed());
        match answer.status {
            200 => told.well += 1,
            503 => {
                assert_eq!(answer.header("Content-Type"), Some("application/problem+json"), "{}", answer.text());
                let after: u32 = answer.header("Retry-After").expect("when to ask again").parse().unwrap();
                assert!((1..=60).contains(&after) && answer.json()["type"].is_string(), "{}", answer.text());
                told.refused += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    told
}

#[actix_web::test]
async fn a_postgres_that_is_killed_again_and_again_is_clearly_said_and_healed() {
    let program = Program::new();
    let serving = program.serve_with(&["--set", "demo.homes=60", "--set", "log.filter=off"]);
    let visitor = serving.client().in_tenant(posada::demo::SLUG);
    let session = visitor.clone().with("X-Posada-Token", "1").post("/api/v1/session", &json!({"email": HOST, "password": PASSWORD})).await.expect(200).json();
    let token = session["token"].as_str().unwrap();
    let host = visitor.clone().with_token(token);
    let homes =
        eventually(async || host.get("/api/v1/me/homes").await.expect(200).json(), |homes: &Value| !homes["items"].as_array().unwrap().is_empty()).await;
    let home = host.get(&format!("/api/v1/homes/{}", homes["items"][0]["id"].as_str().unwrap())).await.expect(200).json();

    let (_stays, is_at) = watch::channel::<SocketAddr>(serving.address);
    let watcher = serving.client().live(posada::demo::SLUG, Some(token)).await;
    let mut viewer = Staying::comes(watcher, vec![view("map", BARCELONA, 12.0)], &["member:self".to_owned()], is_at.clone()).await;
    let (over, is_over) = watch::channel(false);
    let (ends, is_at) = watch::channel::<SocketAddr>(serving.address);
    let acknowledged = Acknowledged::default();
    let writer = |name: &str| Writer { client: host.clone(), server: is_at.clone(), acknowledged: acknowledged.clone(), name: name.to_owned() };
    let writing = [spawn(writer("a").edits(home.clone())), spawn(writer("b").lists())];
    let asking: Vec<_> = (0..8).map(|_| spawn(asks(host.clone(), is_over.clone()))).collect();
    eventually(async || acknowledged.count(), |count| *count >= 5).await;

    // As soon as one is there it is killed, until somebody has been refused: longer than anybody waits for a connection.
    let begun = Instant::now();
    let mut killed = 0;
    while begun.elapsed() < Duration::from_millis(4_500) {
        if program.postgres().is_some() {
            program.kill_postgres();
            killed += 1;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = acknowledged.count();
    eventually(async || host.get("/health/ready").await.status, |status| *status == 200).await;
    eventually(async || acknowledged.count(), |now| *now > before + 5).await;
    over.send_replace(true);
    drop(ends);
    let mut told = Told::default();
    for one in asking {
        let one = one.await.unwrap();
        told = Told { well: told.well + one.well, refused: told.refused + one.refused, slowest: told.slowest.max(one.slowest) };
    }
    for written in writing {
        written.await.unwrap();
    }
    println!("{killed} kills; {} answers and {} refusals, the slowest after {:?}; {} writes", told.well, told.refused, told.slowest, acknowledged.count());
    assert!(told.refused > 0 && told.well > 0);
    viewer.holds_what_is(&host).await;
    assert!(viewer.outcomes.is_empty(), "its connection stayed: {:?}", viewer.outcomes);
    let edits = acknowledged.of("edit").len() as u64;
    let now = host.get(&format!("/api/v1/homes/{}", home["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(now["version"].as_u64().unwrap(), home["version"].as_u64().unwrap() + edits, "each edit once, and none lost");
    assert_eq!(serving.end(), Some(0));
}

//! SIGTERM under viewers: they are asked to come back one after the other, lose nothing, and go on at the next process where they were:
//! half of them speak JSON, half of them the binary encoding.
//!
//! The same with 10,000 viewers, and with rates measured at the server's door: `loadtest restart`.

use std::{net::SocketAddr, time::Duration};

use actix_web::rt::spawn;
use actors::wire::{Encoding, Outcome};
use futures_util::future::join_all;
use tokio::sync::watch;

use super::{
    orders::{Acknowledged, Writer},
    staying::{Staying, view},
};
use crate::harness::{BARCELONA, CITY, Client, TENANT, TestApp, eventually, program::Program};

const VIEWERS: usize = 300;
/// How many of them may come back in a second.
const PER_S: usize = 100;

#[actix_web::test]
async fn sigterm_spreads_the_viewers_and_they_go_on_at_the_next_process() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    let edited = host.lists_a_home().await;
    let program = Program::beside(&app);
    let rate = format!("live.drain_per_s={PER_S}");
    let one = program.starts(&["--set", &rate]).await;
    let (moved, is_at) = watch::channel::<SocketAddr>(one.address);
    let acknowledged = Acknowledged::default();
    let writer = |name: &str| Writer { client: host.client.clone(), server: is_at.clone(), acknowledged: acknowledged.clone(), name: name.to_owned() };
    let writing = [spawn(writer("a").edits(edited)), spawn(writer("b").lists())];

    // The city reaches over all that is looked at: none comes into a view while its viewers are away.
    eventually(async || acknowledged.count(), |now| *now > 40).await;

    let comes = async |n: usize| {
        // Both encodings at each of the views.
        let encoding = Encoding::ALL[n / 3 % 2];
        let watcher = Client::new(one.address).live_speaking(encoding, TENANT, None).await;
        let views = match n % 3 {
            0 => vec![view("map", BARCELONA, 12.0)],
            1 => vec![view("map", [41.37, 2.07, 41.40, 2.12], 15.0)],
            // Between the places where homes are listed.
            _ => vec![view("map", [41.325, 2.084, 41.331, 2.092], 16.0)],
        };
        Staying::comes(watcher, views, &[], is_at.clone()).await
    };
    let mut viewers = Vec::with_capacity(VIEWERS);
    for n in (0..VIEWERS).step_by(20) {
        viewers.extend(join_all((n..n + 20).map(comes)).await);
    }
    let watcher = Client::new(one.address).live(TENANT, Some(&host.token)).await;
    let streams = [format!("city:{CITY}"), "member:self".to_owned()];
    viewers.push(Staying::comes(watcher, vec![view("map", BARCELONA, 13.0)], &streams, is_at.clone()).await);
    let before = acknowledged.count();
    eventually(async || acknowledged.count(), |now| *now > before + 5).await;

    let two = program.starts(&["--set", &rate]).await;
    moved.send_replace(two.address);
    let coming_back = viewers.into_iter().map(|mut viewer| {
        spawn(async move {
            let after = viewer.is_asked_to_go().await;
            tokio::time::sleep(Duration::from_millis(after)).await; // What it was asked for.
            viewer.comes_back().await;
            (after, viewer)
        })
    });
    let coming_back: Vec<_> = coming_back.collect();
    let ended = one.ends();
    let (code, back) = futures_util::join!(ended, join_all(coming_back));
    assert_eq!(code, Some(0), "it ended in order");
    let (asked, mut viewers): (Vec<u64>, Vec<Staying>) = back.into_iter().map(Result::unwrap).unzip();

    let busiest = asked.iter().map(|from| asked.iter().filter(|at| (*from..*from + 1_000).contains(*at)).count()).max().unwrap();
    assert!(busiest <= 2 * PER_S, "{busiest} are asked to come back within one second: {asked:?}");
    println!("{} viewers came back, at most {busiest} within a second", viewers.len());
    for encoding in Encoding::ALL {
        let speak: Vec<&Staying> = viewers.iter().filter(|viewer| viewer.watcher.encoding == encoding).collect();
        let told_whole: Vec<_> = speak.iter().filter(|viewer| viewer.outcomes.iter().any(|(_, outcome)| *outcome != Outcome::Resumed)).collect();
        println!("{encoding:?}: {} of {} were told something whole", told_whole.len(), speak.len());
        assert!(told_whole.len() * 100 <= speak.len() * 5, "{encoding:?}: {} of {} were told something whole", told_whole.len(), speak.len());
    }

    let before = acknowledged.count();
    eventually(async || acknowledged.count(), |now| *now > before).await;
    drop(moved);
    join_all(writing).await.into_iter().for_each(|written| written.unwrap());
    let client = host.client.at(two.address);
    let head: i64 = sqlx::query_scalar("select head from stream_heads where stream = $1").bind(&streams[0]).fetch_one(app.owner()).await.unwrap();
    let last = viewers.last_mut().unwrap();
    last.until("every event of the city", |model| model.streams[&streams[0]] == head as u64).await;
    for viewer in viewers.iter_mut().rev().take(30) {
        viewer.holds_what_is(&client).await;
    }
    assert_eq!(two.ends().await, Some(0));
    app.stop().await;
}

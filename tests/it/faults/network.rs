//! A bad network between clients and server, and a server that is killed meanwhile: whatever is dropped, split, held up or cut, a client is
//! resumed, told whole or told to begin anew, never left with a gap; and ends with what the server answers.
//!
//! `POSADA_SEEDS` runs, [`SEEDS`] unless it says otherwise (`make soak`: 1,000). A failure names its seed.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::rt::spawn;
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::{Semaphore, watch};

use super::{
    orders::{Acknowledged, Writer},
    staying::{Staying, view},
};
use crate::harness::{BARCELONA, CITY, Client, Person, TENANT, TestApp, program::Program, proxy::Proxy};

const SEEDS: usize = 80;
/// Clients that run at the same time against one server.
const AT_ONCE: usize = 40;
const WORLD: [f64; 4] = [-60.0, -170.0, 75.0, 170.0];

#[actix_web::test]
async fn whatever_the_network_does_nobody_has_a_gap() {
    let seeds = std::env::var("POSADA_SEEDS").map_or(SEEDS, |n| n.parse().unwrap());
    let app = TestApp::spawn().await;
    let program = Program::beside(&app);
    let mut server = program.starts(&[]).await;
    let host = app.host().await;
    let mut home = host.lists_a_home().await;
    let mut outcomes: BTreeMap<&'static str, usize> = BTreeMap::new();
    let (mut faults, mut written) = (0, 0);
    for first in (0..seeds).step_by(AT_ONCE) {
        let (moved, is_at) = watch::channel::<SocketAddr>(server.address);
        let acknowledged = Acknowledged::default();
        let writer = |person: &Person| Writer {
            client: person.client.clone(),
            server: is_at.clone(),
            acknowledged: acknowledged.clone(),
            name: format!("batch-{first}"),
        };
        let writing = [spawn(writer(&host).edits(home.clone())), spawn(writer(&host).lists())];
        let (inside, batch) = (Arc::new(Semaphore::new(0)), first..seeds.min(first + AT_ONCE));
        let runs: Vec<_> = batch.clone().map(|seed| spawn(run(seed as u64, is_at.clone(), host.token.clone(), inside.clone()))).collect();
        // The server dies in the middle of it all, once everyone has come in.
        let _ = tokio::time::timeout(Duration::from_secs(120), inside.acquire_many(batch.len() as u32)).await.expect("everyone comes in").unwrap();
        let half = crate::harness::eventually(async || acknowledged.count(), |count| *count >= 10).await;
        server.kill_now();
        server = program.starts(&[]).await;
        moved.send_replace(server.address);
        crate::harness::eventually(async || acknowledged.count(), |count| *count > half).await;
        let mut clients = join_all(runs).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
        drop(moved);
        join_all(writing).await.into_iter().for_each(|written| written.unwrap());
        written += acknowledged.count();
        home = acknowledged.of("edit").pop().unwrap();

        let client = host.client.at(server.address);
        let head: i64 =
            sqlx::query_scalar("select head from stream_heads where stream = $1").bind(format!("city:{CITY}")).fetch_one(app.owner()).await.unwrap();
        for (seed, proxy, staying) in &mut clients {
            proxy.calms();
            // Whatever became of its last connection: it comes back, and holds the truth.
            staying.comes_back().await;
            staying.until(&format!("the head, with seed {seed}"), |model| model.streams[&format!("city:{CITY}")] == head as u64).await;
            staying.holds_what_is(&client).await;
            faults += proxy.faults();
            staying.counts().into_iter().for_each(|(outcome, count)| *outcomes.entry(outcome).or_default() += count);
        }
    }
    println!("{seeds} seeds, {written} writes, {faults} connections spoiled; views and streams came back as {outcomes:?}");
    assert!(faults as usize > seeds && outcomes["resumed"] > seeds, "the network was too good to show anything");
    server.kill();
    app.stop().await;
}

/// One client behind one bad line: looks here and there, reads, is cut off, comes back.
async fn run(seed: u64, server: watch::Receiver<SocketAddr>, token: String, inside: Arc<Semaphore>) -> (u64, Proxy, Staying) {
    let mut rng = StdRng::seed_from_u64(seed);
    let proxy = Proxy::start(server.clone(), seed).await;
    // It comes in by the front door; what it finds when it comes back is another matter.
    let watcher = Client::new(*server.borrow()).live(TENANT, Some(&token)).await;
    let (_, at_proxy) = watch::channel(proxy.address);
    let views = vec![view("map", BARCELONA, 12.0), view("world", WORLD, 3.0)];
    let mut staying = Staying::comes(watcher, views, &[format!("city:{CITY}")], at_proxy).await;
    inside.add_permits(1);
    staying.comes_back().await;
    for _ in 0..6 {
        if rng.random_bool(0.5) {
            let (south, west, size) = (41.30 + 0.1 * rng.random::<f64>(), 2.05 + 0.12 * rng.random::<f64>(), 0.02 + 0.05 * rng.random::<f64>());
            staying.pans(view("map", [south, west, south + size, west + size], rng.random_range(11..16).into())).await;
        }
        staying.reads_for(Duration::from_millis(rng.random_range(20..400))).await;
    }
    (seed, proxy, staying)
}

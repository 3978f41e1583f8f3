//! The doors: connections that never finish what they begin, by the thousand, and more of them than may be open.
//!
//! `POSADA_HALF_OPEN` sets how many half requests there are (2,000 without it; a soak takes 20,000).

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::raw::{PATIENCE, connected};
use crate::harness::{TestApp, Watcher, eventually};

const HALF: &[u8] = b"GET /api/v1/tenant HTTP/1.1\r\nHost: a\r\nX-Slow: ";

fn how_many() -> usize {
    let asked: usize = std::env::var("POSADA_HALF_OPEN").map_or(2_000, |text| text.parse().expect("POSADA_HALF_OPEN is a number"));
    // Each is a descriptor of ours and one of the server's, which is in this process.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let most = usize::try_from(limit.saturating_sub(500) / 2).unwrap_or(usize::MAX);
    if asked > most {
        println!("SKIPPED IN PART: {asked} half-open connections need {} descriptors; `ulimit -n` allows {most} of them", asked * 2 + 500);
    }
    asked.min(most)
}

/// Half requests from several addresses.
async fn besieged(app: &TestApp, count: usize) -> Vec<TcpStream> {
    let mut half = Vec::with_capacity(count);
    for n in 0..count {
        let mut stream = connected(app.address(), 2 + (n / 5_000) as u8).await.unwrap();
        stream.write_all(HALF).await.unwrap();
        half.push(stream);
    }
    half
}

/// All that a connection still says, until it ends.
async fn end_of(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    assert!(ended.is_ok(), "still open: {:?}", String::from_utf8_lossy(&said));
    String::from_utf8_lossy(&said).into_owned()
}

#[actix_web::test]
async fn thousands_of_half_requests_are_cut_off_while_others_are_served() {
    let app = TestApp::spawn_with(|config| config.http.head_seconds = 3).await;
    let mut watcher = Watcher::comes(&app, None).await;
    let half = besieged(&app, how_many()).await;
    // Answered, in the middle of it: who asks, who looks, and the operator.
    let _ = app.visitor().get("/api/v1/tenant").await.expect(200);
    let _ = app.visitor().get("/health/ready").await.expect(200);
    watcher.settles().await;
    let count = half.len();
    let mut refused = 0;
    for stream in half {
        let said = end_of(stream).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
        refused += usize::from(!said.is_empty());
    }
    println!("{count} half requests cut off, {refused} with a word");
    watcher.settles().await;
    let _ = Watcher::comes(&app, None).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_full_house_lets_in_whoever_waits_as_soon_as_there_is_room() {
    let app = TestApp::spawn_with(|config| (config.http.workers, config.http.connections_per_worker, config.http.head_seconds) = (1, 20, 2)).await;
    let half = besieged(&app, 60).await;
    // More than may be open: the rest waits in the backlog, and so do we, until those before us have been cut off.
    let asked = tokio::time::timeout(PATIENCE, app.visitor().get("/api/v1/tenant")).await.expect("an answer");
    assert_eq!(asked.status, 200);
    for stream in half {
        end_of(stream).await;
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_body_that_drips_ends_with_a_word_and_others_are_served() {
    let app = TestApp::spawn_with(|config| (config.http.workers, config.http.body_seconds) = (1, 1)).await;
    let mut drips = Vec::new();
    for n in 0..50 {
        let mut stream = connected(app.address(), 2 + n % 3).await.unwrap();
        let head = "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        drips.push(stream);
    }
    let _ = app.visitor().get("/api/v1/tenant").await.expect(200);
    for stream in drips {
        let said = end_of(stream).await;
        assert!(said.starts_with("HTTP/1.1 408") && said.contains("/problems/body-too-slow"), "{said}");
    }
    eventually(|| async { app.visitor().get("/health/ready").await.status }, |status| *status == 200).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_connection_that_asks_nothing_more_is_not_kept_for_ever() {
    let app = TestApp::spawn_with(|config| config.http.keep_alive_seconds = 1).await;
    let mut idle = connected(app.address(), 2).await.unwrap();
    idle.write_all(b"GET /api/v1/tenant HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(end_of(idle).await.starts_with("HTTP/1.1 200"));
    app.stop().await;
}

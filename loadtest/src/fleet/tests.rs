//! A fleet against a server of a few lines: it counts what was sent, stalls, cuts and comes back.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

/// A server of frames: everyone who connects is handed over.
async fn server() -> (SocketAddrV4, mpsc::UnboundedReceiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let SocketAddr::V4(address) = listener.local_addr().expect("an address") else { panic!("not IPv4") };
    let (came, comes) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if came.send(stream).is_err() {
                return;
            }
        }
    });
    (address, comes)
}

async fn arrivals(comes: &mut mpsc::UnboundedReceiver<TcpStream>, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    while streams.len() < count {
        streams.push(tokio::time::timeout(PATIENCE, comes.recv()).await.expect("in time").expect("a connection"));
    }
    streams
}

fn fleet(address: SocketAddrV4, wire: Wire, opening: &[&str], changes: &Arc<Changes>) -> Fleet<Listener> {
    let ready_at_once = !matches!(wire, Wire::Nats);
    let opening = opening.iter().map(|line| line.as_bytes().to_vec()).collect();
    Fleet::start(&Way { address, wire, threads: 2, at_once: 8, narrow: false }, Listener { opening, ready_at_once, changes: Arc::clone(changes) })
        .expect("a fleet")
}

async fn delivered(fleet: &Fleet<Listener>, count: u64) {
    let until = Instant::now() + PATIENCE;
    while fleet.delivered() < count {
        assert!(Instant::now() < until, "{} of {count} deliveries", fleet.delivered());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn payload(changes: &Changes) -> Vec<u8> {
    let change = changes.next().expect("room");
    changes.sent(change, Instant::now());
    format!("{}{{\"amount\":{}}}", "x".repeat(300), change.amount()).into_bytes()
}

#[tokio::test]
async fn every_frame_is_counted_however_it_is_cut_into_packets() {
    let (address, mut comes) = server().await;
    let changes = Arc::new(Changes::new(8));
    let mut fleet = fleet(address, Wire::Frames, &[], &changes);
    fleet.open(5, 0, PATIENCE).await.expect("open");
    let mut streams = arrivals(&mut comes, 5).await;
    let frames: Vec<u8> = (0..8).flat_map(|_| frames::plain(frames::TEXT, &payload(&changes))).collect();
    for (cut, stream) in streams.iter_mut().enumerate() {
        stream.set_nodelay(true).expect("nodelay");
        for part in frames.chunks(1 + cut * 97) {
            stream.write_all(part).await.expect("write");
            tokio::task::yield_now().await;
        }
    }
    delivered(&fleet, 40).await;
    let tally = fleet.take_all().await.expect("counts");
    assert_eq!((tally.deliveries, tally.frames, tally.bytes), (40, 40, 5 * frames.len() as u64));
    assert_eq!(fleet.take_all().await.expect("counts").frames, 0, "counts begin anew");
    fleet.end().await.expect("end");
}

#[tokio::test]
async fn a_stalled_group_reads_nothing_until_it_may_and_a_cut_one_comes_back() {
    let (address, mut comes) = server().await;
    let changes = Arc::new(Changes::new(2));
    let mut fleet = fleet(address, Wire::Frames, &[], &changes);
    fleet.open(2, 0, PATIENCE).await.expect("open");
    let mut reading = arrivals(&mut comes, 2).await;
    fleet.open(2, 1, PATIENCE).await.expect("open");
    let mut stalled = arrivals(&mut comes, 2).await;
    fleet.stall(1, true).expect("stall");
    fleet.take().await.expect("the order before was obeyed");
    let frame = frames::plain(frames::TEXT, &payload(&changes));
    for stream in stalled.iter_mut().chain(&mut reading) {
        stream.write_all(&frame).await.expect("write");
    }
    delivered(&fleet, 2).await;
    let tallies = fleet.take().await.expect("counts");
    assert_eq!(tallies.iter().map(|tally| tally.deliveries).collect::<Vec<_>>(), [2, 0]);
    fleet.stall(1, false).expect("resume");
    delivered(&fleet, 4).await;

    fleet.cut(1).expect("cut");
    for stream in &mut stalled {
        let ended = stream.read(&mut [0; 16]).await;
        assert!(!matches!(ended, Ok(1..)), "the line is dead");
    }
    assert_eq!(fleet.census(), Census { wanted: 2, ready: 2, lost: 0 });
    fleet.bring_back(1).expect("bring back");
    let _back = arrivals(&mut comes, 2).await;
    fleet.ready(4, PATIENCE).await.expect("all are back");
    assert_eq!(fleet.memories(1).await.expect("memories").len(), 2);
    assert_eq!(fleet.take().await.expect("counts")[1].ended, 0, "who is cut here has not been ended by the server");
    fleet.end().await.expect("end");
}

#[tokio::test]
async fn the_lines_of_nats_are_understood() {
    let (address, mut comes) = server().await;
    let changes = Arc::new(Changes::new(1));
    let mut fleet = fleet(address, Wire::Nats, &["SUB city 1\r\n", "PING\r\n"], &changes);
    let serve = async {
        let mut stream = arrivals(&mut comes, 1).await.remove(0);
        stream.write_all(b"INFO {}\r\nPONG\r\n").await.expect("write");
        let payload = payload(&changes);
        stream.write_all(format!("PING\r\nMSG city 1 {}\r\n", payload.len()).as_bytes()).await.expect("write");
        stream.write_all(&payload).await.expect("write");
        stream.write_all(b"\r\n").await.expect("write");
        let mut heard = Vec::new();
        while !heard.ends_with(b"PONG\r\n") {
            stream.read_buf(&mut heard).await.expect("read");
        }
        (stream, String::from_utf8(heard).expect("text"))
    };
    let (open, (_stream, heard)) = tokio::join!(fleet.open(1, 0, PATIENCE), serve);
    open.expect("open");
    assert_eq!(heard, "SUB city 1\r\nPING\r\nPONG\r\n");
    delivered(&fleet, 1).await;
    fleet.end().await.expect("end");
}

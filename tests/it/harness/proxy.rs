//! A bad network: a TCP proxy in this process, between a client and whatever it is to reach. Its chances are drawn from a seed.
//!
//! Bytes are split, held up, or never come; connections are cut in the middle, closed on one side, or refused. What arrives is in order and
//! true: this is a network and no forger.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinHandle,
};

/// Ends with everything it carries when it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    calm: Arc<AtomicBool>,
    faults: Arc<AtomicU64>,
    listening: JoinHandle<()>,
}

/// What happens to one direction of a connection.
struct Fate {
    rng: StdRng,
    /// Bytes until it meets its end, and which.
    ends_after: usize,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    /// Both directions at once, in the middle of whatever it is.
    Cut,
    /// This side is closed; the other may go on.
    HalfClose,
    /// Nothing comes any more, and nobody says so.
    Silence,
}

impl Proxy {
    /// To where `target` says at the moment of a connection.
    pub async fn start(target: watch::Receiver<SocketAddr>, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (calm, faults) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let listening = tokio::spawn(accept(listener, target, StdRng::seed_from_u64(seed), Arc::clone(&calm), Arc::clone(&faults)));
        Self { address, calm, faults, listening }
    }

    /// From now on new connections are left in peace.
    pub fn calms(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    /// Connections that were refused, cut, half closed or silenced.
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn accept(listener: TcpListener, target: watch::Receiver<SocketAddr>, mut rng: StdRng, calm: Arc<AtomicBool>, faults: Arc<AtomicU64>) {
    // Dropped with this task, and with it all that is carried.
    let mut carried = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while carried.try_join_next().is_some() {}
        let server_at = *target.borrow();
        if calm.load(Ordering::Relaxed) {
            carried.spawn(async move {
                let (mut client, Ok(mut server)) = (client, TcpStream::connect(server_at).await) else { return };
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await; // Either may leave as it likes.
            });
            continue;
        }
        if rng.random_bool(0.1) {
            faults.fetch_add(1, Ordering::Relaxed);
            continue; // Refused: closed at once.
        }
        let (up, down) = (Fate::draw(&mut rng), Fate::draw(&mut rng));
        let faults = Arc::clone(&faults);
        carried.spawn(async move {
            let Ok(server) = TcpStream::connect(server_at).await else { return };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::select! {
                () = up.carry(from_client, to_server, &faults) => {}
                () = down.carry(from_server, to_client, &faults) => {}
            }
        });
    }
}

impl Fate {
    fn draw(rng: &mut StdRng) -> Self {
        let end = match rng.random_range(0..10) {
            0..6 => End::Cut,
            6..9 => End::HalfClose,
            _ => End::Silence,
        };
        // From the middle of the handshake to well into the story.
        Self { ends_after: rng.random_range(50..20_000), end, rng: StdRng::seed_from_u64(rng.random()) }
    }

    /// Carries one direction until its end; when this returns, both are cut.
    async fn carry(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &AtomicU64) {
        let mut buffer = [0_u8; 2_048];
        loop {
            let most = if self.rng.random_bool(0.3) { self.rng.random_range(1..8) } else { buffer.len() };
            let read = match from.read(&mut buffer[..most]).await {
                Ok(0) | Err(_) => return,
                Ok(read) => read.min(self.ends_after),
            };
            match self.rng.random_range(0..100) {
                0..6 => tokio::time::sleep(Duration::from_millis(self.rng.random_range(1..15))).await,
                99 => tokio::time::sleep(Duration::from_millis(self.rng.random_range(50..250))).await,
                _ => {}
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            self.ends_after -= read;
            if self.ends_after > 0 {
                continue;
            }
            faults.fetch_add(1, Ordering::Relaxed);
            match self.end {
                End::Cut => return,
                End::HalfClose => {
                    let _ = to.shutdown().await; // It may be gone already.
                }
                End::Silence => {}
            }
            // What comes is read and dropped, so that the other side feels nothing.
            while matches!(from.read(&mut buffer).await, Ok(1..)) {}
            return;
        }
    }
}

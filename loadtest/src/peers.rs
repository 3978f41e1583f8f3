//! What people would pick instead, started beside us: nginx with nchan, nats-server, and the kernel's own limit.
//!
//! Each gets the same payload as a Posada's viewers, on a loopback port of its own, with a configuration in a directory of its own, and ends
//! with the value that stands for it.

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddrV4, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    fleet::{Change, Wire, frames},
    http::Http,
    pace::Write,
    process::{Cores, Started},
};

/// Who is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// nginx with nchan: one worker, WebSocket subscribers, messages kept in memory.
    Nchan,
    Nats,
    /// Ready-made frames, one send for each viewer and frame, or for the frames of so many milliseconds.
    KernelLimit {
        every_ms: u64,
    },
}

/// A peer that runs.
pub struct Running {
    pub started: Started,
    pub address: SocketAddrV4,
    /// Where changes are handed in, when that is not where viewers connect.
    source: SocketAddrV4,
    peer: Peer,
}

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nchan => "nchan",
            Self::Nats => "nats-server",
            Self::KernelLimit { every_ms: 0 } => "kernel limit",
            Self::KernelLimit { .. } => "kernel limit, gathered",
        }
    }

    /// How a viewer of it connects.
    pub fn wire(self) -> Wire {
        match self {
            Self::Nchan => Wire::WebSocket { path: "/subscribe".to_owned(), subprotocol: None },
            Self::Nats => Wire::Nats,
            Self::KernelLimit { .. } => Wire::Frames,
        }
    }

    /// What a viewer of it says first.
    pub fn opening(self) -> Vec<Vec<u8>> {
        match self {
            Self::Nats => vec![b"CONNECT {\"verbose\":false}\r\nSUB city 1\r\nPING\r\n".to_vec()],
            Self::Nchan | Self::KernelLimit { .. } => Vec::new(),
        }
    }

    /// Starts it on the server's core, with its files below a directory.
    pub async fn start(self, cores: &Cores, below: &Path) -> Result<Running> {
        let dir = below.join(self.name().replace([' ', ','], "-"));
        std::fs::create_dir_all(&dir)?;
        let (started, address, source) = match self {
            Self::Nchan => nginx(cores, &dir)?,
            Self::Nats => nats(cores, &dir)?,
            Self::KernelLimit { every_ms } => kernel_limit(cores, every_ms)?,
        };
        let running = Running { started, address, source, peer: self };
        running.answers().await.with_context(|| format!("{} does not come up; look into {}", self.name(), dir.display()))?;
        Ok(running)
    }
}

impl Running {
    async fn answers(&self) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(15);
        loop {
            match TcpStream::connect(self.address).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > until => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Those who hand changes in.
    pub async fn writers(&self, count: usize, template: &Arc<Template>) -> Result<Vec<Writer>> {
        let mut writers = Vec::new();
        // The kernel's limit knows one source.
        let count = if matches!(self.peer, Peer::KernelLimit { .. }) { 1 } else { count };
        for _ in 0..count {
            let way = match self.peer {
                Peer::Nchan => Hand::Nchan(Http::connect(&format!("http://{}", self.source)).await?),
                Peer::Nats | Peer::KernelLimit { .. } => {
                    let stream = TcpStream::connect(self.source).await?;
                    stream.set_nodelay(true)?;
                    if self.peer == Peer::Nats { Hand::nats(stream).await? } else { Hand::KernelLimit(stream) }
                }
            };
            writers.push(Writer { hand: way, template: Arc::clone(template) });
        }
        Ok(writers)
    }
}

/// A payload with a hole for the price.
pub struct Template {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Template {
    /// Made of a frame that a viewer of Posada got.
    pub fn of(sample: &[u8]) -> Result<Self> {
        let key = b"\"amount\":";
        let at = memchr::memmem::find(sample, key).context("the sample has no price")? + key.len();
        let digits = sample[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        ensure!(digits == 8, "the sample's price is no change's");
        Ok(Self { before: sample[..at].to_vec(), after: sample[at + digits..].to_vec() })
    }

    pub fn payload(&self, change: Change) -> Vec<u8> {
        let mut payload = self.before.clone();
        payload.extend_from_slice(change.amount().to_string().as_bytes());
        payload.extend_from_slice(&self.after);
        payload
    }

    pub fn length(&self) -> usize {
        self.before.len() + 8 + self.after.len()
    }
}

/// One connection on which changes are handed to a peer, each answered before the next.
pub struct Writer {
    hand: Hand,
    template: Arc<Template>,
}

enum Hand {
    Nchan(Http),
    Nats(tokio::io::BufStream<TcpStream>),
    KernelLimit(TcpStream),
}

impl Hand {
    async fn nats(stream: TcpStream) -> Result<Self> {
        let mut stream = tokio::io::BufStream::new(stream);
        stream.write_all(b"CONNECT {\"verbose\":false}\r\n").await?;
        Ok(Self::Nats(stream))
    }
}

impl Write for Writer {
    async fn write(&mut self, _: usize, change: Change) -> Result<()> {
        let payload = self.template.payload(change);
        match &mut self.hand {
            Hand::Nchan(http) => http.bytes("POST", "/publish", &[], Some(Bytes::from(payload))).await.map(drop),
            Hand::Nats(stream) => {
                stream.write_all(format!("PUB city {}\r\n", payload.len()).as_bytes()).await?;
                stream.write_all(&payload).await?;
                // The answer to a ping says that what stood before it was taken.
                stream.write_all(b"\r\nPING\r\n").await?;
                stream.flush().await?;
                let mut line = String::new();
                while line != "PONG\r\n" {
                    line.clear();
                    ensure!(stream.read_line(&mut line).await? > 0, "nats-server ended the connection");
                    ensure!(!line.starts_with("-ERR"), "nats-server says {line}");
                    if line == "PING\r\n" {
                        stream.write_all(b"PONG\r\n").await?;
                        stream.flush().await?;
                    }
                }
                Ok(())
            }
            Hand::KernelLimit(stream) => {
                stream.write_all(&frames::plain(frames::TEXT, &payload)).await?;
                stream.read_u8().await?;
                Ok(())
            }
        }
    }
}

fn free_port() -> Result<SocketAddrV4> {
    match TcpListener::bind("127.0.0.1:0")?.local_addr()? {
        std::net::SocketAddr::V4(address) => Ok(address),
        std::net::SocketAddr::V6(_) => bail!("127.0.0.1 is not an IPv6 address"),
    }
}

/// Where Debian puts the module.
const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// A program of the system; `/usr/sbin` is not on everyone's path.
fn program(name: &'static str) -> PathBuf {
    let place = Path::new("/usr/sbin").join(name);
    if place.exists() { place } else { PathBuf::from(name) }
}

fn nginx(cores: &Cores, dir: &Path) -> Result<(Started, SocketAddrV4, SocketAddrV4)> {
    ensure!(Path::new(NCHAN).exists(), "nchan is missing: apt-get install -y nginx libnginx-mod-nchan");
    let (address, at) = (free_port()?, dir.display());
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let settings = format!(
        "load_module {NCHAN};\n{user}\ndaemon off;\nworker_processes 1;\nworker_rlimit_nofile 60000;\npid {at}/nginx.pid;\nerror_log {at}/error.log warn;\n\
         events {{ worker_connections 50000; }}\n\
         http {{\n  access_log off;\n  tcp_nodelay on;\n  keepalive_requests 100000000;\n  nchan_shared_memory_size 512m;\n\
         client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n\
         server {{\n    listen {address} backlog=4096;\n    nchan_message_buffer_length 1000; nchan_message_timeout 30s;\n\
         location = /publish {{ nchan_publisher; nchan_channel_id city; }}\n\
         location = /subscribe {{ nchan_subscriber websocket; nchan_channel_id city; nchan_subscriber_first_message newest; }}\n  }}\n}}\n"
    );
    let file = dir.join("nginx.conf");
    std::fs::write(&file, settings)?;
    let mut command = Command::new(program("nginx"));
    command.arg("-c").arg(&file).arg("-e").arg(dir.join("error.log")).stdout(Stdio::null()).stderr(std::fs::File::create(dir.join("stderr"))?);
    Ok((Started::on(&cores.server, "nginx", command)?, address, address))
}

fn nats(cores: &Cores, dir: &Path) -> Result<(Started, SocketAddrV4, SocketAddrV4)> {
    let address = free_port()?;
    let file = dir.join("nats.conf");
    std::fs::write(
        &file,
        format!("listen: \"{address}\"\nmax_connections: 60000\nwrite_deadline: \"60s\"\nmax_pending: 67108864\nlog_file: \"{}\"\n", dir.join("log").display()),
    )?;
    let mut command = Command::new(program("nats-server"));
    command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(std::fs::File::create(dir.join("stderr"))?);
    let started = Started::on(&cores.server, "nats-server", command).context("apt-get install -y nats-server")?;
    Ok((started, address, address))
}

/// This very program, as another process.
fn kernel_limit(cores: &Cores, every_ms: u64) -> Result<(Started, SocketAddrV4, SocketAddrV4)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["kernel-limit", "--every-ms", &every_ms.to_string()]).stdout(Stdio::piped());
    let mut started = Started::on(&cores.server, "kernel-limit", command)?;
    let mut line = String::new();
    BufReader::new(started.child().stdout.take().context("no output")?).read_line(&mut line)?;
    let said: Vec<&str> = line.split_whitespace().collect();
    match said[..] {
        ["viewers", viewers, "source", source] => Ok((started, viewers.parse()?, source.parse()?)),
        _ => bail!("kernel-limit says {line:?}"),
    }
}

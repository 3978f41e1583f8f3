//! A small HTTP client: loopback only, one connection for each request. Speaks as a browser would not: with a bearer token.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Someone who sends requests.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    /// Sent with every request.
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new() }
    }

    /// The same with one more header on every request.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with("Authorization", format!("Bearer {token}"))
    }

    /// The same person at another server of the same installation.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, headers: self.headers.clone() }
    }

    #[must_use]
    pub fn in_tenant(self, slug: &str) -> Self {
        self.with("X-Posada-Tenant", slug)
    }

    /// Where it sends: for a WebSocket beside it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json("PATCH", path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.json("DELETE", path, &Value::Null).await
    }

    /// With a fresh `Idempotency-Key`, unless the client already carries one.
    async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut headers = vec![("Content-Type", "application/json".to_owned())];
        if self.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("Idempotency-Key")) {
            headers.push(("Idempotency-Key", format!("it-{}", NEXT.fetch_add(1, Ordering::Relaxed))));
        }
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send(method, path, &headers, &body).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// As it is sent, with the fault of the connection if there is one.
    pub async fn try_send(&self, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> std::io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in own.chain(headers.iter().map(|(name, value)| (*name, value))) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !head.to_ascii_lowercase().contains("\r\nhost:") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut raw = Vec::new();
        // Until it is whole, not until the server closes: after a refusal it may linger for a body that it does not want.
        while !is_whole(&raw) && stream.read_buf(&mut raw).await? > 0 {}
        Answer::parse(&raw).ok_or_else(|| std::io::Error::other(format!("no HTTP answer: {}", String::from_utf8_lossy(&raw))))
    }
}

impl Answer {
    fn parse(raw: &[u8]) -> Option<Self> {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&raw[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> =
            lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let body = &raw[end + 4..];
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked"));
        let body = if chunked { dechunk(body) } else { body.to_vec() };
        Some(Self { status, headers, body })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All values of a header that may come more than once.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{} is not JSON ({error}): {}", self.status, self.text()))
    }

    /// Itself, if the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Fails unless it is this problem: `answer.problem(409, "nights-taken")`.
    #[track_caller]
    pub fn problem(self, status: u16, slug: &str) -> Value {
        let problem = self.expect(status).json();
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{problem}");
        problem
    }
}

/// Whether head and as many bytes as it announces have come. Without an announcement the end of the connection is the end.
fn is_whole(raw: &[u8]) -> bool {
    let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| raw.len() >= end + 4 + length)
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).ok().and_then(|size| usize::from_str_radix(size.split(';').next()?.trim(), 16).ok());
        let (size, from) = (size.unwrap_or(0), end + 2);
        if size == 0 || rest.len() < from + size {
            break;
        }
        body.extend_from_slice(&rest[from..from + size]);
        rest = rest.get(from + size + 2..).unwrap_or_default();
    }
    body
}

//! A plain HTTP/1.1 caller: one connection, one request after the other.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Context, Error, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use crate::{Target, process};

/// Every key is another one, whoever sends it: who signs up is nobody yet, so that all of them share one space of keys.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A caller signed in to a Posada, or not.
pub struct Http {
    sender: http1::SendRequest<Full<Bytes>>,
    host: String,
    token: Option<String>,
    tenant: Option<String>,
}

impl Http {
    pub async fn connect(url: &str) -> Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is not an address like http://127.0.0.1:8080"))?;
        let host = uri.authority().with_context(|| format!("{url} names no host"))?.to_string();
        let stream = TcpStream::connect(if uri.port().is_some() { host.clone() } else { format!("{host}:80") })
            .await
            .with_context(|| format!("nobody answers at {host}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host, token: None, tenant: None })
    }

    /// False once the server has closed the connection, which it does to one that is idle for long.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Every later request is for this community; without one for the server's default.
    #[must_use]
    pub fn in_tenant(mut self, slug: Option<&str>) -> Self {
        self.tenant = slug.map(str::to_owned);
        self
    }

    /// Signs in, and gives the token; every later request is made as that member.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Result<String> {
        let session =
            self.send("POST", "/api/v1/session", &[("X-Posada-Token", "1")], Some(&serde_json::json!({"email": email, "password": password}))).await?;
        let token = session["token"].as_str().context("the server gave no token")?.to_owned();
        self.be(token.clone());
        Ok(token)
    }

    /// Makes every later request as whoever holds this token.
    pub fn be(&mut self, token: String) {
        self.token = Some(token);
    }

    pub async fn get(&mut self, path: &str) -> Result<Value> {
        self.send("GET", path, &[], None).await
    }

    /// Sends a request and reads its JSON; anything but a success is an error with the problem's text.
    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Result<Value> {
        let text = self.text(method, path, headers, body).await?;
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    pub async fn text(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Result<String> {
        self.bytes(method, path, headers, body.map(|json| Bytes::from(json.to_string()))).await
    }

    /// Like [`Http::text`], with a body that is sent as it is.
    pub async fn bytes(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Bytes>) -> Result<String> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.host);
        if method == "POST" {
            request = request.header("Idempotency-Key", format!("loadtest-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed)));
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("X-Posada-Tenant", tenant);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.unwrap_or_default()))?;
        self.sender.ready().await.with_context(|| format!("{method} {path}: the server closed the connection"))?;
        let answer =
            timeout(Duration::from_secs(30), self.sender.send_request(request)).await.with_context(|| format!("{method} {path}: no answer within 30 s"))??;
        let status = answer.status();
        let text = String::from_utf8(answer.into_body().collect().await?.to_bytes().to_vec())?;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Err(Error::new(ComeLater(format!("{method} {path}: {status} {text}"))));
        }
        if !status.is_success() {
            bail!("{method} {path}: {status} {text}");
        }
        Ok(text)
    }
}

/// The server is too busy, has done nothing, and may be asked again.
#[derive(Debug)]
pub struct ComeLater(String);

impl std::fmt::Display for ComeLater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ComeLater {}

/// What the server's process has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub cpu_seconds: f64,
    pub resident_bytes: f64,
}

impl Usage {
    /// From the kernel where the target's process is known, else from its metrics.
    pub async fn read(target: &Target) -> Result<Self> {
        if let Some(pid) = target.pid {
            return Ok(Self { cpu_seconds: process::cpu_seconds(pid), resident_bytes: process::resident_bytes(pid) });
        }
        let metrics = &target.metrics;
        let path = metrics.parse::<Uri>()?.path().to_owned();
        let text = Http::connect(metrics).await?.text("GET", &path, &[], None).await?;
        let value = |name: &str| {
            let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
            line.and_then(|line| line.rsplit(' ').next()).and_then(|v| v.parse().ok()).with_context(|| format!("{metrics} has no {name}"))
        };
        Ok(Self { cpu_seconds: value("process_cpu_seconds_total")?, resident_bytes: value("process_resident_memory_bytes")? })
    }
}

/// CPU seconds that this process has used so far.
pub fn own_cpu_seconds() -> f64 {
    process::cpu_seconds(std::process::id())
}

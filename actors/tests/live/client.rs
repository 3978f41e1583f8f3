//! A client without a network: its outlet's body is read by hand, so that a test says when it reads and when it does not.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use actix::Addr;
use actors::{
    ConnId, Hub, Join, Live, Principal, Said,
    framing::Framing,
    outlet::{OutletBody, queue},
    wire::{ClientFrame, Hello, Resume, ServerFrame, VERSION},
};
use domain::{MemberId, TenantId};
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};

use super::{model::Model, universe::TENANT};

pub struct Client {
    pub model: Model,
    pub closed: Option<u64>,
    tenant: TenantId,
    member: Option<MemberId>,
    hub: Addr<Hub>,
    id: ConnId,
    body: Pin<Box<OutletBody>>,
    buffer: String,
    /// State batches and event batches: writes to the socket.
    pub writes: usize,
    /// What was said, in order: `{"client": …}` and `{"server": …}`.
    pub exchange: Vec<Value>,
}

/// Barcelona from street height.
pub const BARCELONA: [f64; 4] = [41.30, 2.05, 41.47, 2.25];

impl Drop for Client {
    /// As the end of a socket does.
    fn drop(&mut self) {
        self.hub.do_send(Said::Left(self.id));
    }
}

impl Client {
    pub async fn comes(live: &Live, member: Option<MemberId>) -> Self {
        Self::comes_to(live, TENANT, member).await
    }

    pub async fn comes_to(live: &Live, tenant: TenantId, member: Option<MemberId>) -> Self {
        let mut client = Self::joins(live, tenant, member, Vec::new(), Model::default(), Vec::new());
        client.until("the welcome", |model| model.welcomed.is_some()).await;
        client
    }

    fn joins(live: &Live, tenant: TenantId, member: Option<MemberId>, resume: Vec<Resume>, model: Model, mut exchange: Vec<Value>) -> Self {
        let (hub, id) = (live.hub(), live.next_conn());
        let wake = {
            let hub = hub.clone();
            Box::new(move || hub.do_send(Said::Free(id)))
        };
        let (outlet, body) = queue(Framing::Sse, live.config().queue_bytes, live.config().queue_entries, wake);
        let principal = Principal { tenant, member, account: None, session: member.map(|m| m.to_string().into()), as_of: Instant::now() };
        let hello = Hello { client: "test".into(), version: VERSION, token: None, resume };
        exchange.push(json!({"client": ClientFrame::Hello(hello.clone())}));
        hub.do_send(Join { id, principal, hello, outlet: Box::new(outlet), admitted: live.admit(tenant).unwrap() });
        Self { model, closed: None, tenant, member, hub, id, body: Box::pin(body), buffer: String::new(), writes: 0, exchange }
    }

    /// The connection breaks; what was on its way is lost. Comes back with what it holds.
    pub async fn breaks(&mut self, live: &Live, view: Option<Value>) {
        let mut model = std::mem::take(&mut self.model);
        model.reconnects();
        let mut resume: Vec<Resume> = model.resume_streams().into_iter().map(Resume::Stream).collect();
        if let Some(mut view) = view {
            let id = view["view"].as_str().unwrap().to_owned();
            view["since"] = serde_json::to_value(model.since(&id)).unwrap();
            resume.push(serde_json::from_value(view).unwrap());
        }
        let exchange = std::mem::take(&mut self.exchange);
        *self = Self::joins(live, self.tenant, self.member, resume, model, exchange);
        self.until("the welcome", |model| model.welcomed.is_some()).await;
    }

    pub fn says(&mut self, frame: ClientFrame) {
        self.exchange.push(json!({"client": frame}));
        self.hub.do_send(Said::Frame(self.id, frame));
    }

    pub fn says_json(&mut self, frame: Value) {
        self.says(ClientFrame::parse(&frame.to_string(), time::OffsetDateTime::now_utc()).unwrap());
    }

    pub fn looks(&mut self, view: &str, bbox: [f64; 4], zoom: f64) {
        self.says_json(json!({"t": "view", "id": view, "bbox": bbox, "zoom": zoom}));
    }

    /// Takes the next write, if there is one now. False: nothing there.
    pub fn reads_now(&mut self) -> bool {
        match self.body.next().now_or_never() {
            None => false,
            Some(write) => {
                self.take(write);
                true
            }
        }
    }

    fn take(&mut self, write: Option<Result<bytes::Bytes, std::io::Error>>) {
        let Some(Ok(bytes)) = write else { return };
        self.writes += 1;
        self.buffer.push_str(std::str::from_utf8(&bytes).unwrap());
        while let Some(end) = self.buffer.find("\n\n") {
            let message: String = self.buffer.drain(..end + 2).collect();
            let data = message.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            if message.starts_with("event: close") {
                self.closed = serde_json::from_str::<Value>(data).unwrap()["code"].as_u64();
                continue;
            }
            self.exchange.push(json!({"server": serde_json::from_str::<Value>(data).unwrap()}));
            let frame: ServerFrame = serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}"));
            self.model.take(frame).unwrap();
        }
    }

    /// Reads until something is so.
    pub async fn until(&mut self, what: &str, is_so: impl Fn(&Model) -> bool) {
        let wait = async {
            while !is_so(&self.model) {
                let write = self.body.next().await;
                assert!(write.is_some(), "ended with {:?} before {what}", self.closed);
                self.take(write);
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), wait).await.is_err() {
            panic!("no {what} in ten seconds: {:#?}", self.model);
        }
    }

    pub async fn until_closed(&mut self) -> u64 {
        let wait = async {
            while self.closed.is_none() {
                let write = self.body.next().await;
                assert!(write.is_some(), "ended without a word");
                self.take(write);
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("it is closed");
        self.closed.unwrap()
    }
}

//! A client without a network: its outlet's body is read by hand, so that a test says when it reads and when it does not.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use actix::Addr;
use actors::{
    Admitted, ConnId, Hub, Join, Live, Principal, Said,
    framing::Framing,
    outlet::{OutletBody, queue},
    wire::{ClientFrame, Encoding, Hello, Resume, ServerFrame, VERSION, binary::Reader},
};
use bytes::{Bytes, BytesMut};
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
    /// Held as a socket holds it: until it has closed.
    place: Option<Admitted>,
    buffer: BytesMut,
    framing: Framing,
    reader: Reader,
    /// State batches and event batches: writes to the socket.
    pub writes: usize,
    /// What was said, in order: `{"client": …}` and `{"server": …}`; of the server in the binary encoding also its bytes.
    pub exchange: Vec<Value>,
    pub bytes: Vec<Option<Bytes>>,
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
        Self::comes_in(Framing::Sse, live, tenant, member).await
    }

    /// In either encoding.
    pub async fn comes_speaking(encoding: Encoding, live: &Live, member: Option<MemberId>) -> Self {
        let framing = if encoding == Encoding::Binary { Framing::WebSocketBinary } else { Framing::Sse };
        Self::comes_in(framing, live, TENANT, member).await
    }

    async fn comes_in(framing: Framing, live: &Live, tenant: TenantId, member: Option<MemberId>) -> Self {
        let mut client = Self::joins(live, tenant, member, framing, Vec::new());
        client.until("the welcome", |model| model.welcomed.is_some()).await;
        client
    }

    fn joins(live: &Live, tenant: TenantId, member: Option<MemberId>, framing: Framing, resume: Vec<Resume>) -> Self {
        let (hub, id) = (live.hub(), live.next_conn());
        let wake = {
            let hub = hub.clone();
            Box::new(move || hub.do_send(Said::Free(id)))
        };
        let (outlet, body) = queue(framing, live.config().bounds(), usize::MAX, wake);
        let principal = Principal { tenant, member, account: None, session: member.map(|m| m.to_string().into()), as_of: Instant::now() };
        let hello = Hello { client: "test".into(), version: VERSION, token: None, resume };
        let exchange = vec![json!({"client": ClientFrame::Hello(hello.clone())})];
        // do_send: a test's hub has room, and its client waits for the welcome.
        hub.do_send(Join { id, principal, hello, outlet: Box::new(outlet) });
        Self {
            model: Model::default(),
            closed: None,
            tenant,
            member,
            hub,
            id,
            body: Box::pin(body),
            place: Some(live.admit(tenant).unwrap()),
            buffer: BytesMut::new(),
            framing,
            reader: Reader::default(),
            writes: 0,
            exchange,
            bytes: vec![None],
        }
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
        let mut back = Self::joins(live, self.tenant, self.member, self.framing, resume);
        std::mem::swap(&mut back.reader, &mut self.reader);
        back.reader.reconnects();
        let (hello, bytes) = (std::mem::take(&mut self.exchange), std::mem::take(&mut self.bytes));
        back.exchange.splice(0..0, hello);
        back.bytes.splice(0..0, bytes);
        back.model = model;
        *self = back;
        self.until("the welcome", |model| model.welcomed.is_some()).await;
    }

    pub fn says(&mut self, frame: ClientFrame) {
        self.exchange.push(json!({"client": frame}));
        self.bytes.push(None);
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
        self.buffer.extend_from_slice(&bytes);
        if self.framing == Framing::Sse { self.take_messages() } else { self.take_frames() }
    }

    fn take_messages(&mut self) {
        while let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
            let message = String::from_utf8(self.buffer.split_to(end + 2).to_vec()).unwrap();
            let data = message.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            if message.starts_with("event: close") {
                self.closed = serde_json::from_str::<Value>(data).unwrap()["code"].as_u64();
                continue;
            }
            self.exchange.push(json!({"server": serde_json::from_str::<Value>(data).unwrap()}));
            self.bytes.push(None);
            let frame: ServerFrame = serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}"));
            self.model.take(frame).unwrap();
        }
    }

    fn take_frames(&mut self) {
        while let Some((head, length)) = header(&self.buffer).filter(|(head, length)| self.buffer.len() >= head + length) {
            let mut frame = self.buffer.split_to(head + length).freeze();
            let kind = frame[0];
            let payload = frame.split_off(head);
            match kind {
                0x82 => {
                    let frame = self.reader.read(&payload).unwrap();
                    self.exchange.push(json!({"server": frame}));
                    self.bytes.push(Some(payload));
                    self.model.take(frame).unwrap();
                }
                0x88 => self.closed = Some(u64::from(u16::from_be_bytes([payload[0], payload[1]]))),
                0x89 => {}
                other => panic!("a frame of kind {other:#x} in the binary encoding"),
            }
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
        self.place = None;
        self.closed.unwrap()
    }
}

/// The length of a WebSocket frame's header and of its payload, once they are there.
fn header(buffer: &[u8]) -> Option<(usize, usize)> {
    match buffer.get(1)? {
        126 => Some((4, usize::from(u16::from_be_bytes(buffer.get(2..4)?.try_into().ok()?)))),
        127 => Some((10, u64::from_be_bytes(buffer.get(2..10)?.try_into().ok()?) as usize)),
        length => Some((2, usize::from(*length))),
    }
}

//! A client of the live protocol over a WebSocket: whatever it is told has to follow from what it holds, or the test fails.

use std::{net::SocketAddr, time::Duration};

use actors::wire::{ClientFrame, Encoding, EventFrame, Hello, Resume, ServerFrame, Token, VERSION, binary};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, protocol::CloseFrame},
};

use super::{Client, Model, TENANT, TestApp};

pub struct Watcher {
    socket: WebSocketStream<TcpStream>,
    pub model: Model,
    pub encoding: Encoding,
    reader: binary::Reader,
    /// Why the server closed, once it has.
    pub closed: Option<u16>,
    address: SocketAddr,
    tenant: String,
    token: Option<String>,
}

/// Barcelona from street height.
pub const BARCELONA: [f64; 4] = [41.30, 2.05, 41.47, 2.25];

/// How long a frame may take to come: a machine that builds beside is slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// Who comes back tries anew when it is not welcomed within this.
const RETRY: Duration = Duration::from_secs(5);

impl Client {
    /// A connection of a tenant that has been welcomed; with a token as its member.
    pub async fn live(&self, tenant: &str, token: Option<&str>) -> Watcher {
        self.live_speaking(Encoding::Json, tenant, token).await
    }

    /// The same in an encoding.
    pub async fn live_speaking(&self, encoding: Encoding, tenant: &str, token: Option<&str>) -> Watcher {
        let mut watcher = Watcher::opens_offering(self.address(), tenant, &[], encoding.subprotocol()).await;
        watcher.token = token.map(str::to_owned);
        watcher.hello(Vec::new()).await;
        watcher
    }
}

impl Watcher {
    /// Connects and says nothing.
    pub async fn opens(app: &TestApp) -> Self {
        Self::opens_at(app.address(), TENANT, &[]).await
    }

    /// Connects, in the encoding of the first of these subprotocols that is spoken, and says nothing.
    pub async fn opens_speaking(app: &TestApp, offered: &str) -> Self {
        Self::opens_offering(app.address(), TENANT, &[], offered).await
    }

    pub async fn opens_at(address: SocketAddr, tenant: &str, headers: &[(&'static str, String)]) -> Self {
        Self::opens_offering(address, tenant, headers, Encoding::Json.subprotocol()).await
    }

    async fn opens_offering(address: SocketAddr, tenant: &str, headers: &[(&'static str, String)], offered: &str) -> Self {
        let (socket, encoding) = connect(address, tenant, headers, offered).await.expect("a connection");
        let reader = binary::Reader::default();
        Self { socket, model: Model::default(), encoding, reader, closed: None, address, tenant: tenant.to_owned(), token: None }
    }

    /// Connects, says hello and is welcomed. Without a token: a visitor.
    pub async fn comes(app: &TestApp, token: Option<&str>) -> Self {
        let mut watcher = Self::opens(app).await;
        watcher.token = token.map(str::to_owned);
        watcher.hello(Vec::new()).await;
        watcher
    }

    pub async fn hello(&mut self, resume: Vec<Resume>) {
        let token = self.token.clone().map(Token);
        self.says(&ClientFrame::Hello(Hello { client: "it".into(), version: VERSION, token, resume })).await;
        self.until("the welcome", |model| model.welcomed.is_some()).await;
    }

    /// Comes back after a break and says what it holds. `views`: each with box and zoom, to be brought back whole.
    pub async fn returns(&mut self, address: SocketAddr, views: &[Value]) {
        assert!(self.tries_to_return(address, views).await, "nobody welcomes it: {:?}", self.model.errors);
    }

    /// The same; false if nobody is there, or the connection ends before the welcome.
    pub async fn tries_to_return(&mut self, address: SocketAddr, views: &[Value]) -> bool {
        let coming = connect(address, &self.tenant, &[], self.encoding.subprotocol());
        let Ok(Some((socket, _))) = tokio::time::timeout(RETRY, coming).await else { return false };
        self.reader.reconnects();
        (self.socket, self.closed, self.address) = (socket, None, address);
        self.model.reconnects();
        let mut resume: Vec<Resume> = self.model.resume_streams().into_iter().map(Resume::Stream).collect();
        for view in views {
            let mut view = view.clone();
            view["since"] = serde_json::to_value(self.model.since(view["view"].as_str().unwrap())).unwrap();
            resume.push(serde_json::from_value(view).unwrap());
        }
        let hello = ClientFrame::Hello(Hello { client: "it".into(), version: VERSION, token: self.token.clone().map(Token), resume });
        let welcomed = async {
            self.socket.send(Message::text(serde_json::to_string(&hello).unwrap())).await.ok()?;
            while self.model.welcomed.is_none() {
                let frame = self.next().await?;
                self.model.take(frame).unwrap();
            }
            Some(())
        };
        matches!(tokio::time::timeout(RETRY, welcomed).await, Ok(Some(())))
    }

    pub async fn says(&mut self, frame: &ClientFrame) {
        self.sends(Message::text(serde_json::to_string(frame).unwrap())).await;
    }

    pub async fn says_json(&mut self, frame: Value) {
        self.sends(Message::text(frame.to_string())).await;
    }

    /// False if the connection has ended.
    pub async fn tries_to_say(&mut self, frame: &Value) -> bool {
        self.socket.send(Message::text(frame.to_string())).await.is_ok()
    }

    pub async fn sends(&mut self, message: Message) {
        self.try_send(message).await.unwrap();
    }

    pub async fn try_send(&mut self, message: Message) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        self.socket.send(message).await
    }

    /// Looks at a box; waits until it is there.
    pub async fn looks(&mut self, view: &str, bbox: [f64; 4], zoom: f64) {
        self.looks_for(view, bbox, zoom, json!({})).await;
    }

    pub async fn looks_for(&mut self, view: &str, bbox: [f64; 4], zoom: f64, filter: Value) {
        let snapshots = self.model.snapshots;
        self.says_json(json!({"t": "view", "id": view, "bbox": bbox, "zoom": zoom, "layers": ["cities", "homes"], "filter": filter})).await;
        let view = view.to_owned();
        self.until("the view", move |model| model.snapshots > snapshots && model.is_whole(&view)).await;
    }

    /// The next frame; none when the connection has been closed.
    pub async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    assert_eq!(self.encoding, Encoding::Json);
                    return Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    assert_eq!(self.encoding, Encoding::Binary);
                    return Some(self.reader.read(&bytes).unwrap());
                }
                Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => self.closed = Some(code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Takes frames until something is so.
    pub async fn until(&mut self, what: &str, is_so: impl Fn(&Model) -> bool) {
        let wait = async {
            while !is_so(&self.model) {
                let frame = self.next().await.unwrap_or_else(|| panic!("closed with {:?} before {what}: {:?}", self.closed, self.model.errors));
                self.model.take(frame).unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("no {what} in {PATIENCE:?}; errors {:?}, held {:?}", self.model.errors, self.model);
        }
    }

    /// Takes frames up to the next event of a kind.
    pub async fn event(&mut self, kind: &str) -> EventFrame {
        let wait = async {
            loop {
                let frame = self.next().await.unwrap_or_else(|| panic!("closed with {:?} before a {kind}: {:?}", self.closed, self.model.errors));
                self.model.take(frame.clone()).unwrap();
                if let ServerFrame::Event(event) = frame
                    && event.kind == kind
                {
                    return event;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no {kind} in {PATIENCE:?}"))
    }

    /// Takes frames until the server closes; its code.
    pub async fn until_closed(&mut self) -> u16 {
        let wait = async {
            while let Some(frame) = self.next().await {
                self.model.take(frame).unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the server closes");
        self.closed.expect("a close frame before the end")
    }

    /// Answered in order: when the pong is there, everything before it has been handled.
    pub async fn settles(&mut self) {
        let pongs = self.model.pongs;
        self.says(&ClientFrame::Ping {}).await;
        self.until("the pong", |model| model.pongs > pongs).await;
    }
}

/// A socket with the encoding that was chosen of those on offer; none if nobody is there.
async fn connect(address: SocketAddr, tenant: &str, headers: &[(&'static str, String)], offered: &str) -> Option<(WebSocketStream<TcpStream>, Encoding)> {
    let stream = TcpStream::connect(address).await.ok()?;
    let mut request = format!("ws://{address}/t/{tenant}/live").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", offered.parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (socket, answer) = tokio_tungstenite::client_async(request, stream).await.ok()?;
    let chosen = answer.headers().get("Sec-WebSocket-Protocol").unwrap().to_str().unwrap();
    Some((socket, Encoding::chosen([chosen]).expect("one that was offered")))
}

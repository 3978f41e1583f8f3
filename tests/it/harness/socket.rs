//! A client of the live protocol: a WebSocket that says hello as somebody, and waits for what it wants to see.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use super::Client;

/// How long a frame may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// Everything that was read, oldest first.
    pub read: Vec<Value>,
}

/// Why nothing came any more: the close code, if there was one.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed(pub Option<u16>);

impl Client {
    /// A connection without a hello yet, as a program (no `Origin`) opens it.
    pub async fn socket(&self, tenant: &str) -> Socket {
        let address = self.address();
        let mut request = format!("ws://{address}/live").into_client_request().unwrap();
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("posada.v1.json"));
        request.headers_mut().insert("X-Posada-Tenant", HeaderValue::from_str(tenant).unwrap());
        let (stream, _) = client_async(request, TcpStream::connect(address).await.unwrap()).await.unwrap();
        Socket { stream, read: Vec::new() }
    }

    /// A connection that has been welcomed; with a token as its member.
    pub async fn live(&self, tenant: &str, token: Option<&str>) -> Socket {
        let mut socket = self.socket(tenant).await;
        socket.say(&json!({ "t": "hello", "client": "it", "version": 1, "token": token })).await;
        socket.until(|frame| frame["t"] == "welcome").await;
        socket
    }
}

impl Socket {
    pub async fn say(&mut self, frame: &Value) {
        let mut frame = frame.clone();
        if let Some(fields) = frame.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        self.send(Message::text(frame.to_string())).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// The next frame, or how it ended.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        loop {
            let message = timeout(PATIENCE, self.stream.next()).await.unwrap_or_else(|_| panic!("nothing came within 10 s; before: {:?}", self.tail()));
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("no JSON ({e}): {text}"));
                    self.read.push(frame.clone());
                    return Ok(frame);
                }
                Some(Ok(Message::Close(why))) => return Err(Closed(why.map(|why| why.code.into()))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Closed(None)),
            }
        }
    }

    /// The first frame from now on that is wanted; everything before it is read past.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next().await {
                Ok(frame) if wanted(&frame) => return frame,
                Ok(_) => {}
                Err(closed) => panic!("the connection ended ({closed:?}) before the frame came; last: {:?}", self.tail()),
            }
        }
    }

    /// The next event of a kind.
    pub async fn event(&mut self, kind: &str) -> Value {
        self.until(|frame| frame["t"] == "event" && frame["kind"] == kind).await
    }

    fn tail(&self) -> &[Value] {
        &self.read[self.read.len().saturating_sub(5)..]
    }
}

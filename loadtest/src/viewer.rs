//! One viewer of a map: a WebSocket that says hello, asks for a view and reads what comes.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

pub struct Viewer {
    socket: WebSocketStream<TcpStream>,
}

impl Viewer {
    /// Connects, says hello and waits for the first whole snapshot of a view; with `single` it has to show things one by one.
    pub async fn look(url: &str, bbox: [f64; 4], zoom: u8, layers: &[&str], single: bool) -> Result<Self> {
        let address = url.strip_prefix("http://").with_context(|| format!("{url}: only http is spoken here"))?.trim_end_matches('/');
        let mut request = format!("ws://{address}/live").into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("posada.v1.json"));
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = client_async(request, stream).await?;
        socket.send(Message::text(json!({"t": "hello", "client": "loadtest", "version": 1}).to_string())).await?;
        socket.send(Message::text(json!({"t": "view", "id": "map", "bbox": bbox, "zoom": zoom, "layers": layers}).to_string())).await?;
        let mut viewer = Self { socket };
        loop {
            let text = viewer.next().await?;
            let frame: Value = serde_json::from_str(&text)?;
            match frame["t"].as_str() {
                Some("snapshot") if single && frame["mode"] == "clusters" => {
                    bail!("over 500 homes are in this view, so it shows clusters, which do not tell one home's price: take a host elsewhere, or a fresh demo")
                }
                Some("snapshot") if frame["more"] != true => return Ok(viewer),
                Some("error") => bail!("the server refused: {text}"),
                _ => {}
            }
        }
    }

    /// The next text frame.
    pub async fn next(&mut self) -> Result<String> {
        loop {
            match self.socket.next().await.context("the server ended the connection")?? {
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Ping(payload) => self.socket.send(Message::Pong(payload)).await?,
                Message::Close(why) => bail!("the server closed the connection: {why:?}"),
                _ => {}
            }
        }
    }
}

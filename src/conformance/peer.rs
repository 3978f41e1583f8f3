//! The other end of a check: where the server is, and a connection to it that believes nothing.
//!
//! Every frame is read strictly (an unknown field is a fault) and has to follow from what was told before, as the [`Replica`] holds it.

use std::time::Duration;

use actix_web::http::Uri;
use actors::{
    replica::Replica,
    wire::{SUBPROTOCOL, ServerFrame},
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as SocketError, Message,
        client::IntoClientRequest as _,
        error::{ProtocolError, SubProtocolError},
        http::StatusCode,
    },
};

use super::Broken;

/// How long an answer may take. Generous: what is checked is what is said, not how fast.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server, and who the checks are there.
#[derive(Clone, Debug)]
pub struct Target {
    /// `host:port`.
    authority: String,
    /// What stands before `/live`: empty, or `/t/salsa`.
    prefix: String,
    pub(super) token: Option<String>,
}

/// How a request for a WebSocket was answered.
pub(super) enum Knocked {
    /// With this subprotocol.
    Chose(String, Box<WebSocketStream<TcpStream>>),
    /// With a WebSocket of no subprotocol.
    ChoseNone,
    Refused(StatusCode),
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no address of a server, expected one such as http://127.0.0.1:8080 or http://127.0.0.1:8080/t/salsa{1}")]
pub struct BadAddress(String, &'static str);

impl Target {
    pub fn new(url: &str, token: Option<String>) -> Result<Self, BadAddress> {
        let bad = |why| BadAddress(url.to_owned(), why);
        let uri: Uri = url.parse().map_err(|_| bad(""))?;
        match uri.scheme_str() {
            Some("http" | "ws") => {}
            Some("https" | "wss") => return Err(bad(": TLS is not spoken here, give the plain address behind the proxy")),
            _ => return Err(bad("")),
        }
        let authority = uri.authority().ok_or_else(|| bad(""))?;
        let authority = if authority.port_u16().is_some() { authority.to_string() } else { format!("{authority}:80") };
        if uri.query().is_some() {
            return Err(bad(": without a query"));
        }
        Ok(Self { authority, prefix: uri.path().trim_end_matches('/').to_owned(), token })
    }

    /// The answer to a request for a WebSocket with these subprotocols.
    pub(super) async fn knocks(&self, subprotocols: &str) -> Result<Knocked, Broken> {
        let stream = timeout(PATIENCE, TcpStream::connect(&self.authority)).await;
        let stream = stream.map_err(|_| Broken("the server took no connection in time".into()))?;
        let stream = stream.map_err(|error| Broken(format!("cannot connect to {}: {error}", self.authority)))?;
        let address = format!("ws://{}{}/live", self.authority, self.prefix);
        let mut request = address.into_client_request().map_err(|error| Broken(format!("cannot ask for the socket: {error}")))?;
        let named = subprotocols.parse().map_err(|_| Broken(format!("{subprotocols:?} cannot stand in a header")))?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", named);
        match timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await {
            Err(_) => Err(Broken("no answer to the request for a WebSocket".into())),
            Ok(Ok((socket, answer))) => match answer.headers().get("Sec-WebSocket-Protocol").and_then(|chosen| chosen.to_str().ok()) {
                Some(chosen) => Ok(Knocked::Chose(chosen.to_owned(), Box::new(socket))),
                None => Ok(Knocked::ChoseNone),
            },
            Ok(Err(SocketError::Protocol(ProtocolError::SecWebSocketSubProtocolError(SubProtocolError::NoSubProtocol)))) => Ok(Knocked::ChoseNone),
            Ok(Err(SocketError::Http(answer))) => Ok(Knocked::Refused(answer.status())),
            Ok(Err(error)) => Err(Broken(format!("the handshake is wrong: {error}"))),
        }
    }

    /// The body of an answer to a plain GET, as it has come after `enough` is true of it; its status line is the first line.
    pub(super) async fn gets(&self, path: &str, enough: impl Fn(&str) -> bool) -> Result<String, Broken> {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let failed = |error: std::io::Error| Broken(format!("GET {path}: {error}"));
        let asked = async {
            let mut stream = TcpStream::connect(&self.authority).await.map_err(failed)?;
            let bearer = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
            let request = format!("GET {}{path} HTTP/1.1\r\nHost: {}\r\n{bearer}Connection: close\r\n\r\n", self.prefix, self.authority);
            stream.write_all(request.as_bytes()).await.map_err(failed)?;
            let (mut all, mut part) = (Vec::new(), [0; 16 * 1024]);
            loop {
                let text = String::from_utf8_lossy(&all);
                if enough(&text) {
                    return Ok(text.into_owned());
                }
                match stream.read(&mut part).await.map_err(failed)? {
                    0 => return Ok(String::from_utf8_lossy(&all).into_owned()),
                    n => all.extend_from_slice(&part[..n]),
                }
            }
        };
        timeout(PATIENCE, asked).await.map_err(|_| Broken(format!("GET {path} was not answered as expected in time")))?
    }

    /// Connects, and says nothing.
    pub(super) async fn opens(&self) -> Result<Peer, Broken> {
        match self.knocks(SUBPROTOCOL).await? {
            Knocked::Chose(_, socket) => Ok(Peer { socket: *socket, replica: Replica::default(), closed: None }),
            Knocked::ChoseNone => Err(Broken(format!("{SUBPROTOCOL} was offered and not chosen"))),
            Knocked::Refused(status) => Err(Broken(format!("the request for a WebSocket was answered with {status}"))),
        }
    }

    /// Connects as a visitor and is welcomed.
    pub(super) async fn visits(&self) -> Result<Peer, Broken> {
        self.enters(None, json!([])).await
    }

    /// Connects with the member's token, where one was given, and brings back what was held.
    pub(super) async fn returns(&self, resume: Value) -> Result<Peer, Broken> {
        self.enters(self.token.as_deref(), resume).await
    }

    async fn enters(&self, token: Option<&str>, resume: Value) -> Result<Peer, Broken> {
        let mut peer = self.opens().await?;
        let mut hello = json!({"t": "hello", "client": "conformance/1", "version": 1, "resume": resume});
        if let Some(token) = token {
            hello["token"] = json!(token);
        }
        peer.says(hello).await?;
        peer.until("a welcome", |replica| replica.welcomed.is_some()).await?;
        Ok(peer)
    }
}

/// A connection, and what it was told.
pub(super) struct Peer {
    socket: WebSocketStream<TcpStream>,
    pub(super) replica: Replica,
    /// The code with which the server closed.
    closed: Option<u16>,
}

impl Peer {
    pub(super) async fn says(&mut self, frame: Value) -> Result<(), Broken> {
        self.sends(Message::text(frame.to_string())).await
    }

    pub(super) async fn sends(&mut self, message: Message) -> Result<(), Broken> {
        self.socket.send(message).await.map_err(|error| Broken(format!("the connection broke while it was written to: {error}")))
    }

    /// Takes what comes until the replica is as it should be.
    pub(super) async fn until(&mut self, what: &str, mut right: impl FnMut(&Replica) -> bool) -> Result<(), Broken> {
        let waited = async {
            while !right(&self.replica) {
                if let Some(code) = self.closed {
                    return Err(Broken(format!("expected {what}, was closed with {code}")));
                }
                self.hears().await?;
            }
            Ok(())
        };
        timeout(PATIENCE, waited).await.unwrap_or_else(|_| Err(Broken(format!("expected {what}, heard nothing more"))))
    }

    /// Takes what comes until the server closes, and gives its code.
    pub(super) async fn closes(&mut self) -> Result<u16, Broken> {
        let waited = async {
            loop {
                if let Some(code) = self.closed {
                    return Ok(code);
                }
                self.hears().await?;
            }
        };
        timeout(PATIENCE, waited).await.unwrap_or_else(|_| Err(Broken("expected a close, the connection stayed open".into())))
    }

    /// Asks and is answered: everything that was said before has been dealt with, so what has not come by now does not come.
    pub(super) async fn settles(&mut self) -> Result<(), Broken> {
        let pongs = self.replica.pongs;
        self.says(json!({"t": "ping"})).await?;
        self.until("a pong", |replica| replica.pongs > pongs).await
    }

    /// The newest error has this type.
    pub(super) fn was_refused(&self, with: &str) -> Result<(), Broken> {
        match self.replica.errors.last() {
            Some(error) if error.kind == format!("/problems/{with}") => Ok(()),
            Some(error) => Err(Broken(format!("expected an error of type /problems/{with}, got {}: {}", error.kind, error.detail))),
            None => Err(Broken(format!("expected an error of type /problems/{with}, got none"))),
        }
    }

    async fn hears(&mut self) -> Result<(), Broken> {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let frame = read(&text)?;
                self.replica.take(frame).map_err(Broken)
            }
            Some(Ok(Message::Pong(_))) => {
                self.replica.pongs += 1;
                Ok(())
            }
            Some(Ok(Message::Ping(_) | Message::Frame(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(Broken("a binary message on a connection that speaks JSON".into())),
            Some(Ok(Message::Close(close))) => {
                self.closed = Some(close.map_or(1005, |close| close.code.into()));
                Ok(())
            }
            Some(Err(_)) | None => {
                self.closed.get_or_insert(1006);
                Ok(())
            }
        }
    }
}

/// A frame as the schema knows it, to the last field.
fn read(text: &str) -> Result<ServerFrame, Broken> {
    let shown = || text.chars().take(300).collect::<String>();
    let sent: Value = serde_json::from_str(text).map_err(|error| Broken(format!("not JSON ({error}): {}", shown())))?;
    let frame: ServerFrame = serde_json::from_value(sent.clone()).map_err(|error| Broken(format!("no frame of the schema ({error}): {}", shown())))?;
    let known = serde_json::to_value(&frame).unwrap_or_default();
    match unknown(&sent, &known) {
        Some(field) => Err(Broken(format!("{field} is no field of the schema: {}", shown()))),
        None => Ok(frame),
    }
}

/// A field that was sent and is not known.
fn unknown(sent: &Value, known: &Value) -> Option<String> {
    match (sent, known) {
        (Value::Object(sent), Value::Object(known)) => sent.iter().find_map(|(name, value)| match known.get(name) {
            Some(known) => unknown(value, known).map(|inner| format!("{name}.{inner}")),
            None => (!value.is_null()).then(|| name.clone()),
        }),
        (Value::Array(sent), Value::Array(known)) => sent.iter().zip(known).find_map(|(sent, known)| unknown(sent, known)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_with_what_would_be_right() {
        let target = Target::new("http://127.0.0.1:8080/t/salsa/", None).unwrap();
        assert_eq!((target.authority.as_str(), target.prefix.as_str()), ("127.0.0.1:8080", "/t/salsa"));
        assert_eq!(Target::new("ws://posada.example", None).unwrap().authority, "posada.example:80");
        assert!(Target::new("https://posada.example", None).unwrap_err().to_string().contains("TLS"));
        assert!(Target::new("posada.example", None).is_err() && Target::new("http://a/?b", None).is_err() && Target::new("", None).is_err());
    }

    #[test]
    fn a_field_that_no_schema_knows_is_found_however_deep() {
        assert!(read(r#"{"t":"pong"}"#).is_ok());
        let Broken(why) = read(r#"{"t":"reset","scope":"world","reason":"ahead","because":1}"#).unwrap_err();
        assert!(why.starts_with("because is no field"), "{why}");
        let Broken(why) = read(r#"{"t":"pong","deep":{"x":1}}"#).unwrap_err();
        assert!(why.starts_with("deep is no field"), "{why}");
        assert!(read(r#"{"t":"nothing"}"#).is_err() && read("{").is_err());
    }
}

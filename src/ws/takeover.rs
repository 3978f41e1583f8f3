//! Takes sockets over from HTTP/1: the service that the framework gives every request with `Upgrade: websocket`.
//!
//! Decides nothing about a request. The whole application answers it, every layer and the gate included, exactly as it answers all others.
//! With the queue outlet the answer is an ordinary one and is [carried](super::carry). With the raw outlet the handler of `/live` leaves
//! the opening of its connection in the [`Handover`] that stands on the request: where it did, the head of the answer is written and the
//! socket is the session's. What is no upgrade is answered as HTTP would, and the connection ends.

use std::{
    cell::RefCell,
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_codec::{Encoder as _, Framed};
use actix_http::{
    ConnectionType, HttpMessage as _, Request, Response,
    body::{BodySize, BoxBody, MessageBody as _},
    h1::{Codec, Message},
};
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::{
    HttpResponse,
    dev::{AppConfig, ServiceResponse},
    http::StatusCode,
    rt::{net::TcpStream, spawn},
};
use actors::OutletKind;
use bytes::BytesMut;
use futures_util::future::LocalBoxFuture;

use super::{
    carry::{carry, payload},
    raw::serve,
    session::Opening,
    socket::{goodbye, write_all},
};

/// Where the handler of `/live` leaves a connection for whoever holds its socket. Stands on requests whose socket can be had.
#[derive(Clone, Default)]
pub(super) struct Handover(Rc<RefCell<Option<Opening>>>);

impl Handover {
    pub(super) fn give(&self, opening: Opening) {
        self.0.replace(Some(opening));
    }

    fn take(&self) -> Option<Opening> {
        self.0.take()
    }
}

/// Makes a [`Takeover`] for each worker, of an application of its own.
pub struct Takeovers<S> {
    app: S,
    outlet: OutletKind,
}

impl<S: ServiceFactory<Request>> Takeovers<S> {
    pub fn of(app: impl IntoServiceFactory<S, Request>, outlet: OutletKind) -> Self {
        Self { app: app.into_factory(), outlet }
    }
}

/// What the framework hands over: a request, and the socket it came by.
type Taken = (Request, Framed<TcpStream, Codec>);

impl<S> ServiceFactory<Taken> for Takeovers<S>
where
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
{
    type Response = ();
    type Error = actix_web::Error;
    type Config = ();
    type Service = Takeover<S::Service>;
    type InitError = S::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, Self::InitError>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let (app, outlet) = (self.app.new_service(AppConfig::default()), self.outlet);
        Box::pin(async move { Ok(Takeover { app: Rc::new(app.await?), outlet }) })
    }
}

pub struct Takeover<A> {
    app: Rc<A>,
    outlet: OutletKind,
}

impl<A> Service<Taken> for Takeover<A>
where
    A: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    type Response = ();
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<(), actix_web::Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), actix_web::Error>> {
        self.app.poll_ready(cx)
    }

    fn call(&self, taken: Taken) -> Self::Future {
        Box::pin(begin(Rc::clone(&self.app), self.outlet, taken))
    }
}

/// Has a request answered. The connection that begins with the answer, if one does, is a task of its own: HTTP's has room for a request, an
/// answer and their buffers, and ends here.
async fn begin<A>(app: Rc<A>, outlet: OutletKind, (mut request, framed): Taken) -> Result<(), actix_web::Error>
where
    A: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let (parts, handover) = (framed.into_parts(), Handover::default());
    // What was written last may have to leave yet.
    let (socket, mut codec, mut came, mut bytes) = (Rc::new(parts.io), parts.codec, parts.read_buf, parts.write_buf);
    match outlet {
        OutletKind::Queue => *request.payload() = payload(&socket, std::mem::take(&mut came)),
        OutletKind::Raw => drop(request.extensions_mut().insert(handover.clone())),
    }
    let answer = match app.call(request).await {
        Ok(answer) => answer.into_parts().1,
        Err(error) => error.error_response(),
    };
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return refuse(answer, &mut codec, bytes, &socket).await;
    }
    let (head, body) = answer.into_parts();
    codec.encode(Message::Item((head.into(), BodySize::None)), &mut bytes)?;
    write_all(&socket, &bytes).await?;
    match handover.take() {
        // With this outlet no payload holds the socket too.
        Some(opening) => {
            let socket = Rc::into_inner(socket).ok_or_else(|| io::Error::from(io::ErrorKind::ResourceBusy))?;
            spawn(serve(opening, socket, came))
        }
        None => spawn(carry(socket, body)),
    };
    Ok(())
}

/// Writes an answer that is no upgrade, whole, and ends the connection: what would come next is no request that HTTP has read.
async fn refuse(answer: HttpResponse, codec: &mut Codec, mut bytes: BytesMut, socket: &TcpStream) -> Result<(), actix_web::Error> {
    let (head, mut body) = answer.into_parts();
    let mut head: Response<()> = head.into();
    head.head_mut().set_connection_type(ConnectionType::Close);
    let size = body.size();
    codec.encode(Message::Item((head, size)), &mut bytes)?;
    let mut is_last = matches!(size, BodySize::None | BodySize::Sized(0));
    while !is_last {
        let chunk = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await.transpose().map_err(|error| io::Error::other(error.to_string()))?;
        is_last = chunk.is_none();
        codec.encode(Message::Chunk(chunk), &mut bytes)?;
        write_all(socket, &bytes.split()).await?;
    }
    write_all(socket, &bytes).await?;
    goodbye(socket).await;
    Ok(())
}

//! Takes sockets over from HTTP/1: the service that the framework gives every request with `Upgrade: websocket`, when the raw outlet is
//! configured.
//!
//! Decides nothing about a request. The whole application answers it, every layer and the gate included, exactly as it answers all others;
//! the handler of `/live` leaves the opening of its connection in the [`Handover`] that stands on the request. Where it did, the head of
//! the answer is written and the socket is the session's; where it did not, the answer is written as HTTP would and the connection ends.

use std::{
    cell::RefCell,
    fmt,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};

use actix_codec::Framed;
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
    rt::net::TcpStream,
};
use bytes::BytesMut;
use futures_util::future::LocalBoxFuture;

use super::{
    raw::{goodbye, serve},
    session::Opening,
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
pub struct Takeovers<S>(S);

impl<S: ServiceFactory<Request>> Takeovers<S> {
    pub fn of(app: impl IntoServiceFactory<S, Request>) -> Self {
        Self(app.into_factory())
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
        let app = self.0.new_service(AppConfig::default());
        Box::pin(async move { Ok(Takeover(Rc::new(app.await?))) })
    }
}

pub struct Takeover<A>(Rc<A>);

impl<A> Service<Taken> for Takeover<A>
where
    A: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + 'static,
{
    type Response = ();
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<(), actix_web::Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), actix_web::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&self, taken: Taken) -> Self::Future {
        // Each step in a box of its own: an open connection keeps no room for what is over.
        let begin = Box::pin(begin(Rc::clone(&self.0), taken));
        Box::pin(async move {
            if let Some(connection) = begin.await? {
                connection.await;
            }
            Ok(())
        })
    }
}

/// Has a request answered. Gives back the connection that begins with the answer, if one does.
async fn begin<A>(app: Rc<A>, (request, framed): Taken) -> Result<Option<LocalBoxFuture<'static, ()>>, actix_web::Error>
where
    A: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let handover = Handover::default();
    request.extensions_mut().insert(handover.clone());
    let answer = match app.call(request).await {
        Ok(answer) => answer.into_parts().1,
        Err(error) => error.error_response(),
    };
    match handover.take().filter(|_| answer.status() == StatusCode::SWITCHING_PROTOCOLS) {
        Some(opening) => {
            let (socket, came) = switch(answer, framed).await?;
            Ok(Some(Box::pin(serve(opening, socket, came))))
        }
        None => {
            refuse(answer, framed).await?;
            Ok(None)
        }
    }
}

/// Writes the head of an answer that says yes; gives back the socket, and what the client sent after its request.
async fn switch(answer: HttpResponse, mut framed: Framed<TcpStream, Codec>) -> io::Result<(TcpStream, BytesMut)> {
    Pin::new(&mut framed).write(Message::Item((answer.drop_body().into(), BodySize::None)))?;
    flush(&mut framed).await?;
    let parts = framed.into_parts();
    Ok((parts.io, parts.read_buf))
}

/// Writes an answer that is no upgrade, whole, and ends the connection: what would come next is no request that HTTP has read.
async fn refuse(answer: HttpResponse, mut framed: Framed<TcpStream, Codec>) -> io::Result<()> {
    let (head, body) = answer.into_parts();
    let mut head: Response<()> = head.into();
    head.head_mut().set_connection_type(ConnectionType::Close);
    let size = body.size();
    Pin::new(&mut framed).write(Message::Item((head, size)))?;
    if !matches!(size, BodySize::None | BodySize::Sized(0)) {
        let mut body = pin!(body);
        loop {
            flush(&mut framed).await?;
            let chunk = poll_fn(|cx| body.as_mut().poll_next(cx)).await.transpose().map_err(|error| io::Error::other(error.to_string()))?;
            let is_last = chunk.is_none();
            Pin::new(&mut framed).write(Message::Chunk(chunk))?;
            if is_last {
                break;
            }
        }
    }
    flush(&mut framed).await?;
    goodbye(framed.io_ref()).await;
    Ok(())
}

async fn flush(framed: &mut Framed<TcpStream, Codec>) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *framed).flush::<Message<(Response<()>, BodySize)>>(cx)).await
}

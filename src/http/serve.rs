//! Starts the HTTP server: workers, limits of connections, and the layers that every request passes.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_http::{
    Extensions, HttpService, HttpServiceBuilder, Request, Response,
    body::BoxBody,
    h1::{ExpectHandler, UpgradeHandler},
};
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, map_config};
use actix_web::{
    dev::{AppConfig, ServiceRequest, ServiceResponse},
    guard,
    http::{Method, StatusCode, header},
    middleware::{Compress, from_fn},
    rt::net::TcpStream,
    web,
};
use actors::outlet::PIECE;
use tracing_actix_web::TracingLogger;

use super::{
    Edge, HttpSettings, Problem, edge,
    gate::{self, Gate},
    route::Row,
    routes::routes,
    sockets,
    tenancy::Tenants,
    tracing_span::RequestSpan,
};
use crate::{app::App, titles::Titles, ws::Takeovers};

/// A client has so long to close its side after we closed ours. Long enough for the refusal that stands before it to be read over a slow
/// line (closing at once would reset the connection and could take the answer along); short, because nothing more is expected and each
/// one that waits counts against `connections_per_worker`.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Serves on a bound listener until the returned server is stopped. HTTP/1.1 only; TLS ends in front of us.
pub fn serve(app: Arc<App>, settings: HttpSettings, listener: TcpListener, workers: usize) -> io::Result<Server> {
    let edge = web::Data::new(Edge { tenants: Tenants::new(app.store.clone()), titles: Titles::new(app.store.clone()), settings: settings.clone() });
    let data = web::Data::from(app);
    // Again, with our backlog: the standard library listened with its own, and the framework's `backlog` is only for what it binds itself.
    rustix::net::listen(&listener, i32::try_from(settings.backlog).unwrap_or(i32::MAX))?;
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(settings.connections_per_worker)
        .shutdown_timeout(settings.drain.as_secs())
        .disable_signals();
    let stopping = server.graceful_shutdown_signal();
    let outlet = settings.outlet;
    let app = move || application(data.clone(), edge.clone());
    let http = move || http(&settings, stopping.clone());
    // What asks for another protocol is given with its socket to an application of its own, which answers like the other.
    let server = server.listen("http", listener, move || http().upgrade(Takeovers::of(app(), outlet)).finish(configured(app())).tcp())?;
    Ok(server.run())
}

/// HTTP as it is on every connection.
fn http<S>(settings: &HttpSettings, stopping: GracefulShutdownSignal) -> HttpServiceBuilder<TcpStream, S, ExpectHandler, UpgradeHandler>
where
    S: ServiceFactory<Request, Config = (), Response = ServiceResponse<BoxBody>>,
    S::Error: Into<Response<BoxBody>> + 'static,
    S::InitError: std::fmt::Debug,
    <S::Service as Service<Request>>::Future: 'static,
{
    HttpService::build()
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.head_within)
        .client_disconnect_timeout(CLOSE_WITHIN)
        .tcp_nodelay(true) // small live frames must not wait for an acknowledgement
        .h1_write_buffer_size(PIECE) // with the pieces of server-sent events it never grows
        .on_connect_ext(|socket: &TcpStream, _: &mut Extensions| sockets::accepted(socket))
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
}

/// The layers that every request passes, and the routes behind them.
fn application(
    data: web::Data<App>,
    edge: web::Data<Edge>,
) -> actix_web::App<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = actix_web::Error, InitError = ()>> {
    actix_web::App::new()
        .app_data(data)
        .app_data(edge)
        .app_data(web::PathConfig::default().error_handler(|_, _| Problem::not_found("thing").into()))
        .wrap(TracingLogger::<RequestSpan>::new())
        .wrap(Compress::default())
        .wrap(from_fn(edge::around)) // outermost: the last one wraps the others
        .configure(|config| mount(config, &routes()))
        .default_service(web::to(|| async { actix_web::HttpResponse::from_error(Problem::not_found("address")) }))
}

/// An application as HTTP runs it. Nothing asks the framework for its own address: a request says which host it was sent to.
fn configured<S>(
    app: impl IntoServiceFactory<S, Request>,
) -> impl ServiceFactory<Request, Config = (), Response = ServiceResponse<BoxBody>, Error = actix_web::Error, InitError = S::InitError, Service = S::Service>
where
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    map_config(app, |()| AppConfig::default())
}

/// Mounts the rows in their order, one resource for each path, each row behind its gate.
fn mount(config: &mut web::ServiceConfig, rows: &[Row]) {
    let mut paths: Vec<&'static str> = Vec::new();
    for row in rows {
        if !paths.contains(&row.path) {
            paths.push(row.path);
        }
    }
    for path in paths {
        let here: Vec<&Row> = rows.iter().filter(|row| row.path == path).collect();
        let allowed = allowed(&here);
        let mut resource = web::resource(path).default_service(web::to(move || std::future::ready(method_not_allowed(&allowed))));
        for row in here {
            resource = resource.route(mounted(row.clone()));
        }
        config.service(resource);
    }
}

fn mounted(row: Row) -> actix_web::Route {
    let route = (row.handler)();
    let route = match row.method {
        Method::GET => route.guard(guard::Any(guard::Get()).or(guard::Head())),
        ref method => route.method(method.clone()),
    };
    let gate = Gate::of(row);
    route.wrap(from_fn(move |request, next| gate::pass(Arc::clone(&gate), request, next)))
}

fn allowed(rows: &[&Row]) -> String {
    let mut methods: Vec<&str> = rows.iter().map(|row| row.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

fn method_not_allowed(allowed: &str) -> actix_web::HttpResponse {
    let detail = format!("This address answers {allowed}.");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method", detail);
    let mut answer = actix_web::HttpResponse::from_error(problem);
    if let Ok(value) = header::HeaderValue::from_str(allowed) {
        answer.headers_mut().insert(header::ALLOW, value);
    }
    answer
}

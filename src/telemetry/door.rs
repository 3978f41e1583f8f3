//! Where Prometheus comes in: `/metrics` for the node, `/metrics/tenants` for each tenant. An address of its own, for operators only.

use std::{io, net::TcpListener, sync::Arc};

use actix_web::{App as Web, HttpResponse, HttpServer, dev::Server, web};

use super::Rendered;
use crate::app::App;

/// Serves both on a bound listener until the returned server is stopped.
pub fn serve(app: Arc<App>, rendered: Rendered, door: TcpListener) -> io::Result<Server> {
    let app = web::Data::from(app);
    let rendered = web::Data::new(rendered);
    let server = HttpServer::new(move || {
        Web::new()
            .app_data(app.clone())
            .app_data(rendered.clone())
            .route("/metrics", web::get().to(of_the_node))
            .route("/metrics/tenants", web::get().to(of_each_tenant))
    });
    Ok(server.workers(1).disable_signals().listen(door)?.run())
}

async fn of_the_node(app: web::Data<App>, rendered: web::Data<Rendered>) -> HttpResponse {
    // By whoever scrapes, so that nothing that is stuck shows what was well once.
    app.health.sample();
    app.live.sample();
    answer(rendered.text())
}

async fn of_each_tenant(app: web::Data<App>) -> HttpResponse {
    answer(app.per_tenant.text(&app.live.of_tenants()))
}

fn answer(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

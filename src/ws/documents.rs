//! The live protocol's own documents: JSON Schema and AsyncAPI, made from the frames' types, and the schema of the binary encoding.

use actix_web::HttpResponse;
use actors::wire::published;

fn json(document: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").insert_header(("Cache-Control", "public, max-age=300")).body(published::pretty(document))
}

/// `GET /live-schema.json`.
pub async fn schema() -> HttpResponse {
    json(&published::json_schema())
}

/// `GET /asyncapi.json`.
pub async fn asyncapi() -> HttpResponse {
    json(&published::asyncapi())
}

/// `GET /live-schema.proto`.
pub async fn proto() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").insert_header(("Cache-Control", "public, max-age=300")).body(published::PROTO)
}

//! The live protocol's own documents: JSON Schema and AsyncAPI, made from the frames' types.

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

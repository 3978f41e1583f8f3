//! The API's document (OpenAPI 3.1), from the same types that the handlers use. `docs/openapi.json` is its committed copy.
//!
//! Handlers describe what is theirs; what the route table says of a row (who may, how mutations are protected, what can go wrong) is added
//! here from the table itself, so that the document cannot say otherwise. The other way round the gate takes the names of a route's query from
//! here: what is not documented is refused.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::{
    problem::{FieldError, Problem},
    route::{Csrf, Key, Permission, Row},
    routes::routes,
    versions::tagged,
    *, // the modules of the handlers
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Posada", description = include_str!("openapi.md"), license(name = "Apache-2.0", identifier = "Apache-2.0")),
    tags(
        (name = "tenant", description = "The community."),
        (name = "people", description = "Accounts, sessions, members and their roles."),
        (name = "places", description = "Cities by name and by place."),
        (name = "map", description = "What is on the map, as a snapshot. The live protocol brings its changes."),
        (name = "homes", description = "Places to stay."),
        (name = "stays", description = "Asking for nights, and the answer."),
        (name = "health", description = "Whether the server can do its work."),
    ),
    paths(
        stays::request, stays::mine, stays::show, stays::approve, stays::decline, stays::withdraw, stays::seen, inbox::read,
        homes::of_city, homes::mine, homes::show, homes::list, homes::change, homes::relocate, homes::pause, homes::resume, homes::retire,
        export::csv, export::geojson,
        health::live, health::ready, health::deep,
        tenant::show, roles::list, cities::places, cities::show, search::search,
        map::show, map::names, map::nearest, map::within, map::homes,
        people::sign_up, people::sign_in, people::session, people::sign_out, people::me, people::update_me,
    ),
    components(schemas(Problem, FieldError))
)]
struct Document;

/// The whole document, as JSON.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    document["components"]["securitySchemes"] = json!({
        "session": { "type": "apiKey", "in": "cookie", "name": super::admission::SESSION_COOKIE, "description": "Set by sign-in. Changes also need X-CSRF-Token." },
        "bearer": { "type": "http", "scheme": "bearer", "description": "The token of sign-in with X-Posada-Token: 1, for callers that are no browsers." },
    });
    document["components"]["responses"]["Problem"] = json!({
        "description": "What was wrong, and what would be right. Match on `type`.",
        "headers": { "X-Request-Id": { "schema": { "type": "string" }, "description": "The request's id, as in `instance`." } },
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let problems = catalogue::PROBLEMS.iter().map(|p| json!({ "type": format!("/problems/{}", p.slug), "status": p.status, "when": p.when }));
    document["x-problem-types"] = problems.collect();
    for row in routes() {
        if let Some(operation) = document["paths"].get_mut(row.path).and_then(|item| item.get_mut(row.method.as_str().to_lowercase())) {
            complete(operation, &row);
        }
    }
    document
}

/// Adds to an operation what its row says.
fn complete(operation: &mut Value, row: &Row) {
    let signed_in = json!([{ "session": [] }, { "bearer": [] }]);
    operation["security"] = match row.permission {
        Some(Permission::Member | Permission::Owner) => signed_in,
        Some(Permission::SeeMap | Permission::Tenant) => json!([{}, { "session": [] }, { "bearer": [] }]),
        Some(Permission::Public) | None => json!([]),
    };
    operation["x-posada-permission"] = json!(row.permission);
    operation["x-posada-rate-class"] = json!(row.rate);
    let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    if !matches!(row.permission, Some(Permission::Public)) {
        parameters.push(header("X-Posada-Tenant", false, "The community's slug, where neither host nor path names it.", json!({ "type": "string" })));
    }
    if let Some(mutation) = row.mutation {
        let key = json!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" });
        parameters.push(header("Idempotency-Key", mutation.key == Key::Required, "The same key does the same thing once.", key));
        if mutation.csrf == Csrf::Token {
            parameters.push(header("X-CSRF-Token", false, "`csrf` of the session; needed with the session cookie.", json!({ "type": "string" })));
        }
    }
    // An absent parameter is absent; none can be sent as null.
    for schema in parameters.iter_mut().filter_map(|p| p.get_mut("schema")) {
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                schema["type"] = only.clone();
            }
        }
        if let Some(Value::Array(some)) = schema.get_mut("oneOf") {
            some.retain(|one| one.get("type").is_none_or(|kind| kind != "null"));
            if let [only] = some.as_slice() {
                *schema = only.clone();
            }
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    operation["responses"]["default"] = json!({ "$ref": "#/components/responses/Problem" });
}

fn header(name: &str, required: bool, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema })
}

/// The names that a row's query may have, as its document says; none where it takes no query.
pub fn query_names(row: &Row) -> Vec<String> {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
    let operation = &DOCUMENT["paths"][row.path][row.method.as_str().to_lowercase()];
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str().map(str::to_owned)).collect()
}

/// The document as it is served and committed.
pub fn pretty() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

static SERVED: LazyLock<Bytes> = LazyLock::new(|| pretty().into());

pub(super) async fn show(request: HttpRequest) -> HttpResponse {
    tagged(&request, "application/json", SERVED.clone(), "public, no-cache")
}

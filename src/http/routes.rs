//! All routes, on one page: method, path, who may, which allowance, and what answers. Every path also works below `/t/{slug}`.

use actix_web::http::Method;

use super::{
    route::{
        Key,
        Permission::{Member, Owner, Public, SeeMap, Tenant},
        RateClass as Rate, Row, change, get,
    },
    *, // the modules of the handlers
};
use crate::ws;

/// What answers: a handler, mounted once for each worker.
macro_rules! by {
    ($handler:path) => {
        || actix_web::web::to($handler)
    };
}

#[rustfmt::skip]
pub fn routes() -> Vec<Row> {
    vec![
        // The community, and who is asking.
        get("/api/v1/tenant",                                 Tenant, Rate::Read,                       by!(tenant::show)),
        get("/api/v1/roles",                                  Tenant, Rate::Read,                       by!(roles::list)),
        get("/api/v1/places",                                 Tenant, Rate::Search,                     by!(cities::places)),
        change(Method::POST, "/api/v1/accounts",              Tenant, Rate::SignUp,      Key::Required, by!(people::sign_up)).before_session(),
        change(Method::POST, "/api/v1/session",               Tenant, Rate::SignIn,      Key::Optional, by!(people::sign_in)).before_session(),
        get("/api/v1/session",                                Tenant, Rate::Read,                       by!(people::session)),
        change(Method::DELETE, "/api/v1/session",             Tenant, Rate::General,     Key::Optional, by!(people::sign_out)),
        get("/api/v1/members/me",                             Member, Rate::Read,                       by!(people::me)),
        change(Method::PATCH, "/api/v1/members/me",           Member, Rate::General,     Key::Optional, by!(people::update_me)),

        // Homes.
        get("/api/v1/cities/{id}/homes",                    SeeMap, Rate::Read,                    by!(homes::of_city)),
        get("/api/v1/me/homes",                             Member, Rate::Read,                    by!(homes::mine)),
        get("/api/v1/homes/export.csv",                     SeeMap, Rate::Search,                  by!(export::csv)),
        get("/api/v1/homes/export.geojson",                 SeeMap, Rate::Search,                  by!(export::geojson)),
        get("/api/v1/homes/{id}",                           SeeMap, Rate::Read,                    by!(homes::show)),
        change(Method::POST,  "/api/v1/homes",              Member, Rate::General, Key::Required, by!(homes::list)),
        change(Method::PATCH, "/api/v1/homes/{id}",         Owner,  Rate::General, Key::Optional, by!(homes::change)),
        change(Method::PUT,   "/api/v1/homes/{id}/position", Owner, Rate::General, Key::Optional, by!(homes::relocate)),
        change(Method::POST,  "/api/v1/homes/{id}/pause",   Owner,  Rate::General, Key::Optional, by!(homes::pause)),
        change(Method::POST,  "/api/v1/homes/{id}/resume",  Owner,  Rate::General, Key::Optional, by!(homes::resume)),
        change(Method::POST,  "/api/v1/homes/{id}/retire",  Owner,  Rate::General, Key::Optional, by!(homes::retire)),

        // The map, and what is found on it.
        get("/api/v1/cities/{id}",                            SeeMap, Rate::Read,                       by!(cities::show)),
        get("/api/v1/map",                                    SeeMap, Rate::LiveView,                   by!(map::show)),
        get("/api/v1/map/names",                              SeeMap, Rate::Read,                       by!(map::names)),
        get("/api/v1/map/nearest",                            SeeMap, Rate::Search,                     by!(map::nearest)),
        get("/api/v1/map/within",                             SeeMap, Rate::Search,                     by!(map::within)),
        get("/api/v1/map/homes",                              SeeMap, Rate::Search,                     by!(map::homes)),
        get("/api/v1/search",                                 SeeMap, Rate::Search,                     by!(search::search)),

        // Stays.
        change(Method::POST, "/api/v1/homes/{id}/stays",      Member, Rate::StayRequest, Key::Required, by!(stays::request)),
        get("/api/v1/me/stays",                               Member, Rate::Read,                       by!(stays::mine)),
        get("/api/v1/stays/{id}",                             Owner,  Rate::Read,                       by!(stays::show)),
        change(Method::POST, "/api/v1/stays/{id}/approval",   Owner,  Rate::StayAnswer,  Key::Optional, by!(stays::approve)),
        change(Method::POST, "/api/v1/stays/{id}/decline",    Owner,  Rate::StayAnswer,  Key::Optional, by!(stays::decline)),
        change(Method::POST, "/api/v1/stays/{id}/withdrawal", Owner,  Rate::StayAnswer,  Key::Optional, by!(stays::withdraw)),
        change(Method::POST, "/api/v1/stays/{id}/seen",       Owner,  Rate::General,     Key::Optional, by!(stays::seen)),
        get("/api/v1/inbox",                                  Member, Rate::Read,                       by!(inbox::read)),

        // Live: who may look is decided with the first frame, which may bring a token.
        get("/live",        Tenant, Rate::LiveConnect, by!(ws::connect)),
        get("/live/events", Tenant, Rate::LiveConnect, by!(ws::events)),

        // How the server is.
        get("/health/live",  Public, Rate::General, by!(health::live)),
        get("/health/ready", Public, Rate::General, by!(health::ready)),
        get("/health/deep",  Public, Rate::General, by!(health::deep)),

        // Documents.
        get("/openapi.json",   Public, Rate::General, by!(openapi::show)),
        get("/asyncapi.json",    Public, Rate::General, by!(ws::asyncapi)),
        get("/live-schema.json", Public, Rate::General, by!(ws::schema)),
        get("/live-schema.proto", Public, Rate::General, by!(ws::proto)),
        get("/docs",           Public, Rate::General, by!(docs::moved)),
        get("/docs/{file:.*}", Public, Rate::General, by!(docs::show)),

        // The page and its files; last, because it answers every path that nothing else does.
        get("/{file:.*}",      Public, Rate::General, by!(page::show)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::route::validate;

    #[test]
    fn the_table_has_no_defect() {
        assert_eq!(validate(&routes(), &openapi::document()), []);
    }

    /// After a change of the API: `UPDATE=1 cargo test -p posada --lib openapi_document`, and commit docs/openapi.json.
    #[test]
    fn the_committed_openapi_document_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, openapi::pretty()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == openapi::pretty(), "docs/openapi.json is not current: UPDATE=1 cargo test -p posada --lib openapi_document");
    }
}

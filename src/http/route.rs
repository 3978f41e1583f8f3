//! What a route is: a row of data. And what is wrong with a table of them.
//!
//! Used by `routes` (the table), `serve` (mounts the rows), `gate` (enforces what a row says), `openapi` (documents it) and the
//! component validation at start. A row that says too little stops the start; nothing is ever open by omission.

use std::{collections::BTreeSet, fmt};

use actix_web::http::Method;
use serde_json::Value;

/// One way in: method and path, who may, how often, and what answers.
#[derive(Clone)]
pub struct Row {
    pub method: Method,
    /// As actix matches it, without the `/t/{slug}` prefix.
    pub path: &'static str,
    pub permission: Option<Permission>,
    pub rate: Option<RateClass>,
    /// How a mutation is protected; none for reads.
    pub mutation: Option<Mutation>,
    pub handler: fn() -> actix_web::Route,
}

/// Who may use a route. Enforced by the gate before the handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Anybody, and no tenant is needed: health, documents, the page itself.
    Public,
    /// Anybody who names a tenant that exists: sign-in, sign-up, and what the tenant calls itself.
    Tenant,
    /// Members; everybody where the tenant shows its map to visitors.
    SeeMap,
    /// Members of the tenant.
    Member,
    /// Members; the command finds only what is theirs.
    Owner,
}

/// Which allowance a call is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RateClass {
    General,
    Read,
    Search,
    SignIn,
    SignUp,
    Reset,
    Upload,
    Message,
    StayRequest,
    StayAnswer,
    FriendRequest,
    Report,
    Admin,
    LiveConnect,
    LiveView,
}

/// How a mutation is protected against being sent by another site, and against being done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutation {
    pub csrf: Csrf,
    pub key: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Csrf {
    /// Cookie callers send the session's `X-CSRF-Token`; `Origin`, if sent, is ours.
    Token,
    /// There is no session yet: `Origin`, if sent, is ours.
    Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// It creates something: `Idempotency-Key` must be sent.
    Required,
    /// `Idempotency-Key` may be sent; sending the same twice is harmless.
    Optional,
}

/// A read.
pub(super) const fn get(path: &'static str, permission: Permission, rate: RateClass, handler: fn() -> actix_web::Route) -> Row {
    Row { method: Method::GET, path, permission: Some(permission), rate: Some(rate), mutation: None, handler }
}

/// A mutation by somebody signed in.
pub(super) const fn change(method: Method, path: &'static str, permission: Permission, rate: RateClass, key: Key, handler: fn() -> actix_web::Route) -> Row {
    Row { method, path, permission: Some(permission), rate: Some(rate), mutation: Some(Mutation { csrf: Csrf::Token, key }), handler }
}

impl Row {
    /// For what begins a session: nobody has a token before.
    pub(super) const fn before_session(mut self) -> Self {
        if let Some(mutation) = &mut self.mutation {
            mutation.csrf = Csrf::Origin;
        }
        self
    }

    /// In the OpenAPI document. The page, its files and the live protocol are not: the latter has its own (AsyncAPI).
    pub fn documented(&self) -> bool {
        self.path.starts_with("/api/") || self.path.starts_with("/health/")
    }

    fn changes(&self) -> bool {
        !self.method.is_safe()
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({:?}, {:?})", self.method, self.path, self.permission, self.rate)
    }
}

/// Something wrong with the route table. Any stops the start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    #[error("route {0} has no permission: say who may use it")]
    NoPermission(String),
    #[error("route {0} has no rate class: say which allowance it counts against")]
    NoRateClass(String),
    #[error("route {0} stands in the table twice")]
    Double(String),
    #[error("route {0} changes something and says nothing of CSRF and Idempotency-Key")]
    Unprotected(String),
    #[error("route {0} is not in the OpenAPI document: give its handler #[utoipa::path] and list it in http::openapi")]
    NotDocumented(String),
    #[error("the OpenAPI document has {0}, which no route answers")]
    NotRouted(String),
    #[error("route {0} has path parameters that its document does not describe, or the reverse: {1}")]
    Parameters(String, String),
}

/// Everything wrong with a table of routes, against the document that describes it.
pub fn validate(rows: &[Row], document: &Value) -> Vec<Defect> {
    let mut defects = Vec::new();
    let mut seen = BTreeSet::new();
    let described = described(document);
    for row in rows {
        let name = format!("{} {}", row.method, row.path);
        if row.permission.is_none() {
            defects.push(Defect::NoPermission(name.clone()));
        }
        if row.rate.is_none() {
            defects.push(Defect::NoRateClass(name.clone()));
        }
        if row.changes() && row.mutation.is_none() {
            defects.push(Defect::Unprotected(name.clone()));
        }
        if row.documented() {
            match described.iter().find(|(other, _)| *other == name) {
                None => defects.push(Defect::NotDocumented(name.clone())),
                Some((_, parameters)) if *parameters != in_path(row.path) => {
                    defects.push(Defect::Parameters(name.clone(), format!("{:?} and {parameters:?}", in_path(row.path))));
                }
                Some(_) => {}
            }
        }
        if !seen.insert(name.clone()) {
            defects.push(Defect::Double(name));
        }
    }
    defects.extend(described.into_iter().filter(|(name, _)| !seen.contains(name)).map(|(name, _)| Defect::NotRouted(name)));
    defects
}

/// `{id}` and `{file:.*}` of a path, by name.
fn in_path(path: &str) -> BTreeSet<String> {
    path.split('{').skip(1).filter_map(|rest| rest.split(['}', ':']).next()).map(str::to_owned).collect()
}

/// What the document describes: `GET /api/v1/tenant` with the names of its path parameters.
fn described(document: &Value) -> Vec<(String, BTreeSet<String>)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten().filter(|(_, o)| o.get("responses").is_some()) {
            let parameters = operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path");
            let names = parameters.filter_map(|p| p["name"].as_str().map(str::to_owned)).collect();
            all.push((format!("{} {path}", method.to_uppercase()), names));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use actix_web::web;
    use utoipa::OpenApi;

    use super::*;

    #[utoipa::path(get, path = "/api/v1/things/{id}", params(("id" = String, Path)), responses((status = 200)))]
    #[allow(dead_code)]
    async fn thing() -> &'static str {
        ""
    }
    #[utoipa::path(post, path = "/api/v1/things", responses((status = 201)))]
    #[allow(dead_code)]
    async fn make() -> &'static str {
        ""
    }

    #[derive(OpenApi)]
    #[openapi(paths(thing, make))]
    struct Document;

    fn rows() -> Vec<Row> {
        vec![
            get("/api/v1/things/{id}", Permission::SeeMap, RateClass::Read, || web::to(thing)),
            change(Method::POST, "/api/v1/things", Permission::Member, RateClass::General, Key::Required, || web::to(make)),
        ]
    }

    fn defects(spoil: impl FnOnce(&mut Vec<Row>)) -> Vec<Defect> {
        let mut rows = rows();
        spoil(&mut rows);
        validate(&rows, &serde_json::to_value(Document::openapi()).unwrap())
    }

    #[test]
    fn a_sound_table_has_no_defect() {
        assert_eq!(defects(|_| {}), []);
    }

    #[test]
    fn each_seeded_defect_is_found() {
        let get = "GET /api/v1/things/{id}".to_owned();
        let post = "POST /api/v1/things".to_owned();
        assert_eq!(defects(|r| r[0].permission = None), [Defect::NoPermission(get.clone())]);
        assert_eq!(defects(|r| r[1].rate = None), [Defect::NoRateClass(post.clone())]);
        assert_eq!(defects(|r| r[1].mutation = None), [Defect::Unprotected(post.clone())]);
        assert_eq!(defects(|r| r.push(r[0].clone())), [Defect::Double(get.clone())]);
        assert_eq!(defects(|r| drop(r.remove(1))), [Defect::NotRouted(post)]);
        let undocumented = defects(|r| r[0].path = "/api/v1/other/{id}");
        assert_eq!(undocumented, [Defect::NotDocumented("GET /api/v1/other/{id}".into()), Defect::NotRouted(get)]);
    }
}

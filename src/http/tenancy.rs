//! Which tenant a request names: by host, by the path prefix `/t/{slug}`, by header, or by the configured default.
//!
//! A name opens nothing; membership decides, in the gate. Naming two different tenants by different means is refused, so that no cache
//! or proxy in between can be led to keep one tenant's answer under another's name.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpMessage as _, HttpRequest,
    dev::ServiceRequest,
    http::{StatusCode, Uri, header, header::HeaderName},
};
use moka::future::Cache;

use super::{Edge, Problem};
use crate::store::{Store, StoreError, Tenant, looked_up};

pub const TENANT: HeaderName = HeaderName::from_static("x-posada-tenant");

/// The tenants that requests name, remembered for a moment: most requests ask for one that another just asked for.
#[derive(Clone, Debug)]
pub struct Tenants {
    store: Store,
    /// What there is not is remembered too: somebody guessing names costs no query each.
    by_name: Cache<Name, Kept>,
}

/// What there is by a name, and the generation of tenants at which it was asked.
type Kept = (u64, Option<Arc<Tenant>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Slug(String),
    Domain(String),
}

impl Tenants {
    /// A tenant's change is seen as it is heard of, and after so long whatever happens.
    const FRESH: Duration = Duration::from_secs(5);
    const MOST: u64 = 20_000;

    pub fn new(store: Store) -> Self {
        let by_name = Cache::builder().max_capacity(store.room(Self::MOST)).time_to_live(Self::FRESH).build();
        Self { store, by_name }
    }

    /// By the word in `/t/{slug}/…`.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, StoreError> {
        self.find(Name::Slug(slug.to_owned())).await
    }

    /// By host name, lower case, without its port.
    pub async fn by_domain(&self, domain: &str) -> Result<Option<Arc<Tenant>>, StoreError> {
        self.find(Name::Domain(domain.to_owned())).await
    }

    async fn find(&self, name: Name) -> Result<Option<Arc<Tenant>>, StoreError> {
        let generation = self.store.tenants_generation();
        let known = self.by_name.get(&name).await.filter(|(of, _)| *of == generation);
        looked_up("tenants", known.is_some());
        if let Some((_, known)) = known {
            return Ok(known);
        }
        let found = match &name {
            Name::Slug(slug) => self.store.tenant_by_slug(slug).await?,
            Name::Domain(domain) => self.store.tenant_by_domain(domain).await?,
        };
        let found = found.map(Arc::new);
        self.by_name.insert(name, (generation, found.clone())).await;
        Ok(found)
    }
}

/// The slug of a `/t/{slug}` prefix that was taken off before routing.
#[derive(Clone, Debug)]
pub struct PathTenant(pub String);

/// Takes `/t/{slug}` off the path, so that every route works below it. Runs before routing.
pub(super) fn strip_prefix(request: &mut ServiceRequest) {
    let Some((slug, rest)) = split(request.path()) else { return };
    let (slug, rest) = (slug.to_owned(), rest.to_owned());
    let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
    let mut parts = request.uri().clone().into_parts();
    let Ok(path_and_query) = format!("{rest}{query}").parse() else { return };
    parts.path_and_query = Some(path_and_query);
    let Ok(uri) = Uri::from_parts(parts) else { return };
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    request.extensions_mut().insert(PathTenant(slug));
}

/// `/t/demo/api` is `demo` and `/api`; `/t/demo` is `demo` and `/`.
fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/t/")?;
    let (slug, rest) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    (!slug.is_empty()).then_some((slug, rest))
}

/// The tenant that a request names.
pub(super) async fn resolve(request: &HttpRequest, edge: &Edge) -> Result<Arc<Tenant>, Problem> {
    let path = request.extensions().get::<PathTenant>().map(|p| p.0.clone());
    let header = header_slug(request)?;
    if let (Some(path), Some(header)) = (&path, &header)
        && path != header
    {
        return Err(conflict(path, header));
    }
    let by_host = match host_name(request) {
        Some(host) => edge.tenants.by_domain(&host).await?,
        None => None,
    };
    let named = path.or(header);
    if let Some(of_host) = by_host {
        return match named {
            Some(slug) if slug != of_host.slug => Err(conflict(&slug, "this host's")),
            _ => Ok(of_host),
        };
    }
    let slug = named.or_else(|| edge.settings.default_tenant.clone()).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "tenant-not-named",
            "No community is named",
            "Name the community: by its host, a path that begins with /t/{slug}, or the header X-Posada-Tenant.",
        )
    })?;
    if !is_slug(&slug) {
        return Err(unknown());
    }
    edge.tenants.by_slug(&slug).await?.ok_or_else(unknown)
}

/// What everybody is told who may not know more: there is none, or it is not for you.
pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "tenant-unknown", "No such community", "There is no such community here, or you are not a member of it.")
}

fn conflict(one: &str, other: &str) -> Problem {
    let shown: String = one.chars().take(63).collect();
    let other: String = other.chars().take(63).collect();
    Problem::new(
        StatusCode::BAD_REQUEST,
        "tenant-conflict",
        "Two communities are named",
        format!("The request names {shown:?} and {other:?}; name one community, once."),
    )
}

fn header_slug(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all(TENANT);
    let Some(first) = values.next() else { return Ok(None) };
    let slug = first.to_str().map_err(|_| unknown())?.trim().to_owned();
    for other in values {
        if other.as_bytes() != slug.as_bytes() {
            return Err(conflict(&slug, &String::from_utf8_lossy(other.as_bytes())));
        }
    }
    Ok(Some(slug))
}

/// The host the client asked for, lower case, without its port.
fn host_name(request: &HttpRequest) -> Option<String> {
    let host = host(request)?;
    let name = if host.starts_with('[') { host.split_inclusive(']').next()? } else { host.split(':').next()? };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    (!name.is_empty() && name.len() <= 253 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.[]:_".contains(&b))).then_some(name)
}

/// Refuses a request whose address names another host than its `Host` (RFC 9112, 3.2): a proxy could go by the one and we by the other, and
/// the host names the community. A `Host` that is missing or sent twice is refused by the framework.
pub(super) fn one_host(request: &ServiceRequest) -> Result<(), Problem> {
    match (request.uri().authority(), request.headers().get(header::HOST)) {
        (Some(named), Some(host)) if !host.as_bytes().eq_ignore_ascii_case(named.as_str().as_bytes()) => {
            let detail = "The address of the request names another host than its Host; name one.";
            Err(Problem::new(StatusCode::BAD_REQUEST, "bad-request", "Two hosts are named", detail))
        }
        _ => Ok(()),
    }
}

/// The `Host` as sent. Never a forwarding header: anyone can send those.
pub(super) fn host(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::HOST).and_then(|h| h.to_str().ok())
}

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_prefix_is_taken_off_and_its_query_kept() {
        let mut request = TestRequest::with_uri("/t/demo/api/v1/map?bbox=1,2&zoom=3").to_srv_request();
        strip_prefix(&mut request);
        assert_eq!((request.path(), request.query_string()), ("/api/v1/map", "bbox=1,2&zoom=3"));
        assert_eq!(request.extensions().get::<PathTenant>().unwrap().0, "demo");
        assert_eq!(split("/t/demo"), Some(("demo", "/")));
        assert_eq!(split("/t/demo/"), Some(("demo", "/")));
        assert_eq!(split("/t//x"), None);
        assert_eq!(split("/tenant"), None);
    }

    #[test]
    fn a_host_is_read_without_its_port() {
        let of = |host: &str| host_name(&TestRequest::default().insert_header(("host", host)).to_http_request());
        assert_eq!(of("Tango.Example:8080").as_deref(), Some("tango.example"));
        assert_eq!(of("[::1]:8080").as_deref(), Some("[::1]"));
        assert_eq!(of("x'; drop"), None);
    }
}

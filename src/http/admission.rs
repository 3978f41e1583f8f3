//! Who is asking, and whether this route is for them. The answer is an argument type: a handler that takes a [`Member`] runs for members only.
//!
//! Called by the gate for every request with a tenant; handlers take the result. Decides nothing about single things: whether a home is
//! somebody's is the command's to find out, in its transaction.

use std::{
    future::{Ready, ready},
    ops::Deref,
    sync::Arc,
    time::Instant,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
};
use domain::{AccountId, MemberId};

use super::{
    Edge, Problem,
    route::{Csrf, Permission, Row},
    tenancy,
};
use crate::{
    app::App,
    caller::{Caller, Who},
    secrets::Token,
    store::{Principal, Tenant},
};

pub const SESSION_COOKIE: &str = "posada_session";
pub const CSRF_HEADER: &str = "x-csrf-token";

/// A request that passed the gate: the tenant, who asks, and by which session.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub tenant: Arc<Tenant>,
    pub caller: Caller,
    pub session: Option<Session>,
    /// Before who asks was found out: what was revoked since is not in it.
    pub as_of: Instant,
    permission: Permission,
}

/// The session a request came with.
#[derive(Clone, Debug)]
pub struct Session {
    pub token: Token,
    pub principal: Principal,
}

/// Where a token was sent. A browser adds its cookie to requests that other sites cause; nothing adds a bearer token by itself.
#[derive(Clone, Debug)]
pub enum Sent {
    Bearer(Token),
    Cookie(Token),
}

/// Lets a request in or says why not.
pub(super) async fn admit(row: &Row, permission: Permission, request: &HttpRequest, app: &App, edge: &Edge) -> Result<Admitted, Problem> {
    let as_of = Instant::now();
    let tenant = tenancy::resolve(request, edge).await?;
    let token = sent_token(request.headers())?;
    if row.mutation.is_some() && !matches!(token, Some(Sent::Bearer(_))) {
        same_origin(request, edge)?;
    }
    let session = match token.as_ref() {
        None => None,
        Some(Sent::Bearer(token) | Sent::Cookie(token)) => {
            app.store.principal(tenant.id, token.hash()).await?.map(|principal| Session { token: token.clone(), principal })
        }
    };
    if session.is_none() && matches!(token, Some(Sent::Bearer(_))) {
        return Err(token_invalid());
    }
    if let (Some(mutation), Some(Sent::Cookie(_)), Some(session)) = (row.mutation, &token, &session)
        && mutation.csrf == Csrf::Token
    {
        csrf_token(request, &session.principal.csrf)?;
    }
    let caller = session.as_ref().map_or_else(|| Caller::visitor(tenant.id), |s| s.principal.caller(tenant.id));
    permitted(permission, &tenant, &caller)?;
    Ok(Admitted { tenant, caller, session, as_of, permission })
}

/// Whether a caller may use routes of a permission. A tenant that shows nothing to visitors does not even say that it exists.
fn permitted(permission: Permission, tenant: &Tenant, caller: &Caller) -> Result<(), Problem> {
    let member = matches!(caller.who, Who::Member { .. });
    match permission {
        Permission::Public | Permission::Tenant => Ok(()),
        Permission::SeeMap if member || tenant.public_map => Ok(()),
        Permission::Member | Permission::Owner if member => Ok(()),
        // Its map is shown to everyone, so that it exists is no secret: say that signing in would help.
        Permission::Member | Permission::Owner if tenant.public_map && caller.account().is_none() => Err(sign_in_needed()),
        Permission::SeeMap | Permission::Member | Permission::Owner => Err(tenancy::unknown()),
    }
}

/// A bearer token, else the session cookie. What does not look like one of our tokens is not looked up.
pub fn sent_token(headers: &HeaderMap) -> Result<Option<Sent>, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION);
    if let Some(value) = sent.next() {
        if sent.next().is_some() {
            return Err(token_invalid());
        }
        let token = value.to_str().ok().and_then(|v| v.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        return match token.and_then(|(_, token)| Token::parse(token.trim()).ok()) {
            Some(token) => Ok(Some(Sent::Bearer(token))),
            None => Err(token_invalid()),
        };
    }
    // A browser sends a cookie that is no token of ours (any more) with everything: its owner is a visitor, not at fault.
    // Read by hand: a library's reader gives up on all cookies for one that it cannot read, and that one may be anybody's.
    let cookies = headers.get_all(header::COOKIE).flat_map(|sent| sent.as_bytes().split(|byte| *byte == b';'));
    let named = cookies.filter_map(|cookie| std::str::from_utf8(cookie).ok()?.trim().split_once('=')).filter(|(name, _)| *name == SESSION_COOKIE);
    Ok(named.filter_map(|(_, value)| Token::parse(value).ok()).next().map(Sent::Cookie))
}

/// Refuses what a browser says comes from another site.
pub(crate) fn same_origin(request: &HttpRequest, edge: &Edge) -> Result<(), Problem> {
    let header = |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap_or("?"));
    let refused = |what: String| {
        let detail = format!("{what} Send the request from the page itself.");
        Err(Problem::new(StatusCode::FORBIDDEN, "foreign-origin", "The request comes from another site", detail))
    };
    if let Some(origin) = header("origin") {
        let ours = origin.split_once("://").is_some_and(|(scheme, authority)| {
            matches!(scheme, "http" | "https") && tenancy::host(request).is_some_and(|host| host.eq_ignore_ascii_case(authority))
        });
        if !ours && !edge.settings.is_public_url(origin) {
            return refused(format!("Its Origin is {:?}.", origin.chars().take(100).collect::<String>()));
        }
    } else if header("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return refused("The browser says it was caused by another site.".to_owned());
    }
    Ok(())
}

/// The double submit: the session's own CSRF token, in a header that no other site can set.
fn csrf_token(request: &HttpRequest, right: &str) -> Result<(), Problem> {
    use subtle::ConstantTimeEq as _;
    let sent = request.headers().get(CSRF_HEADER).map(|v| v.as_bytes()).unwrap_or_default();
    if bool::from(sent.ct_eq(right.as_bytes())) {
        return Ok(());
    }
    let detail = "Send the csrf of GET /api/v1/session in the header X-CSRF-Token with everything that changes something.";
    Err(Problem::new(StatusCode::FORBIDDEN, "csrf-token-wrong", "The CSRF token is missing or wrong", detail))
}

fn token_invalid() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "token-invalid", "The token is not valid", "The token is unknown, ended or malformed. Sign in again.")
}

fn sign_in_needed() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "sign-in-needed", "Sign in first", "This is for members. Sign in and repeat the request.")
}

impl FromRequest for Admitted {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(path = request.match_pattern(), "a handler asks for a caller on a route without a tenant");
            Problem::internal()
        }))
    }
}

/// Someone who may see the tenant's map: a member, or a visitor where the map is public.
#[derive(Clone, Debug)]
pub struct SeeMap(pub Caller);

impl Deref for SeeMap {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for SeeMap {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Admitted::from_request(request, payload).into_inner().and_then(|admitted| match admitted.permission {
            Permission::SeeMap | Permission::Member | Permission::Owner => Ok(Self(admitted.caller)),
            Permission::Public | Permission::Tenant => Err(too_weak(request)),
        }))
    }
}

/// A member of the tenant, signed in.
#[derive(Clone, Debug)]
pub struct Member {
    pub caller: Caller,
    pub account: AccountId,
    pub id: MemberId,
    pub name: String,
}

impl Deref for Member {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl FromRequest for Member {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Admitted::from_request(request, payload).into_inner().and_then(|admitted| match &admitted.caller.who {
            Who::Member { account, member, name, .. } => Ok(Self { account: *account, id: *member, name: name.clone(), caller: admitted.caller.clone() }),
            Who::Visitor { .. } => Err(too_weak(request)),
        }))
    }
}

/// A handler wants more authority than its row in the table asks for: our mistake, and nothing is let through.
fn too_weak(request: &HttpRequest) -> Problem {
    tracing::error!(path = request.match_pattern(), "a route's permission is weaker than what its handler needs");
    Problem::internal()
}

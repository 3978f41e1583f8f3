//! Members as they are shown to themselves, and the ways in, out and about: sign-up, sign-in, sign-out, the profile.
//!
//! Never says whether an e-mail has an account.

use std::collections::BTreeSet;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::{StatusCode, header},
    web::Data,
};
use domain::{
    CityId, Email, Languages, MemberId, PersonName,
    role::{CommunityRole, PlatformRole},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Admitted, Edge, Json, Member, Order, Problem,
    admission::{SESSION_COOKIE, Session},
    city_ref::CityRef,
    order,
    problem::FieldError,
};
use crate::{
    app::App,
    commands::{
        enrol::Profile,
        sign_in::{self, SignIn, SignedIn},
        sign_out,
        sign_up::{self, SignUp},
        update_member::{self, UpdateMember},
    },
    secrets::Password,
    store::members,
};

/// A member, to themselves.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(super) struct MemberView {
    id: MemberId,
    name: String,
    email: String,
    #[schema(required)]
    home_city: Option<CityRef>,
    roles: BTreeSet<CommunityRole>,
    groups: Vec<MemberGroup>,
    /// BCP 47 tags.
    languages: Vec<String>,
    platform_role: PlatformRole,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// A group the member is in.
#[derive(Serialize, ToSchema)]
pub(super) struct MemberGroup {
    id: Uuid,
    kind: String,
    name: String,
}

/// A session and whose it is; all null for somebody who has not signed in as a member.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    #[schema(required)]
    member: Option<MemberView>,
    /// To be sent back as `X-CSRF-Token` with everything that changes something.
    #[schema(required)]
    csrf: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    expires_at: Option<OffsetDateTime>,
    /// Only when it begins, and only if asked for with `X-Posada-Token: 1`: for callers that are no browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
}

/// What someone says of themselves to become a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// 10 to 200 characters.
    #[schema(format = "password", min_length = 10, max_length = 200)]
    password: String,
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    home_city: CityId,
    /// At least one.
    #[schema(min_items = 1)]
    roles: BTreeSet<CommunityRole>,
    #[serde(default)]
    languages: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = SignIn)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInBody {
    #[schema(format = "email")]
    email: String,
    #[schema(format = "password")]
    password: String,
}

/// What a member changes of themselves; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChange {
    #[schema(nullable = false, min_length = 1, max_length = 120)]
    name: Option<String>,
    #[schema(nullable = false)]
    home_city: Option<CityId>,
    #[schema(nullable = false, min_items = 1)]
    roles: Option<BTreeSet<CommunityRole>>,
    #[schema(nullable = false)]
    languages: Option<Vec<String>>,
}

/// Become a member here, and sign in.
#[utoipa::path(post, path = "/api/v1/accounts", operation_id = "signUp", tag = "people", request_body = NewAccount,
    responses((status = 201, body = SessionView)))]
pub(super) async fn sign_up(
    request: HttpRequest,
    asked: Admitted,
    order: Order<NewAccount>,
    app: Data<App>,
    edge: Data<Edge>,
) -> Result<HttpResponse, Problem> {
    let mut wrong = Wrong::default();
    let email = wrong.take("email", order.body.email.parse::<Email>());
    let name = wrong.take("name", order.body.name.parse::<PersonName>());
    let languages = wrong.take("languages", Languages::new(&order.body.languages));
    let password = match &email {
        Some(email) => wrong.take("password", Password::new(&order.body.password.clone().into(), email)),
        None => None,
    };
    let (Some(email), Some(name), Some(languages), Some(password)) = (email, name, languages, password) else { return Err(wrong.problem()) };
    let profile = Profile { name, roles: order.body.roles.clone(), languages };
    let key = order.key().map(str::to_owned);
    let order = SignUp { email, password, profile, home_city: order.body.home_city, key, user_agent: user_agent(&request) };
    let begun = sign_up::run(&app.store, &app.hasher, app.gazetteer, &asked.tenant, &order).await?;
    Ok(begun_session(&request, &app, &edge, StatusCode::CREATED, begun))
}

/// Sign in. Sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", operation_id = "signIn", tag = "people", request_body = SignInBody,
    params(("X-Posada-Token" = Option<String>, Header, description = "`1`: put the session's token into the answer; for callers that are no browsers.")),
    responses((status = 200, body = SessionView)))]
pub(super) async fn sign_in(request: HttpRequest, asked: Admitted, body: Json<SignInBody>, app: Data<App>, edge: Data<Edge>) -> Result<HttpResponse, Problem> {
    // What cannot be an e-mail or a password of anybody is answered as a wrong one is.
    let email = body.email.parse::<Email>().map_err(|_| wrong_credentials())?;
    let password = Password::given(&body.password.clone().into()).map_err(|_| wrong_credentials())?;
    let order = SignIn { email, password, user_agent: user_agent(&request) };
    let begun = sign_in::run(&app.store, &app.hasher, &asked.tenant, &order).await?;
    Ok(begun_session(&request, &app, &edge, StatusCode::OK, begun))
}

/// Who is signed in, if anybody.
#[utoipa::path(get, path = "/api/v1/session", operation_id = "getSession", tag = "people", responses((status = 200, body = SessionView)))]
pub(super) async fn session(asked: Admitted, app: Data<App>) -> Result<HttpResponse, Problem> {
    let (Some(id), Some(Session { principal, .. })) = (asked.caller.member(), asked.session) else {
        return Ok(HttpResponse::Ok().json(SessionView::default()));
    };
    let member = app.store.begin(&asked.caller).await?.member(id).await?;
    let member = member.map(|member| MemberView::of(member, &app));
    Ok(HttpResponse::Ok().json(SessionView { member, csrf: Some(principal.csrf), expires_at: Some(principal.expires_at), token: None }))
}

/// Sign out.
#[utoipa::path(delete, path = "/api/v1/session", operation_id = "signOut", tag = "people", responses((status = 204)))]
pub(super) async fn sign_out(asked: Admitted, app: Data<App>, edge: Data<Edge>) -> Result<HttpResponse, Problem> {
    if let Some(Session { principal, .. }) = &asked.session {
        sign_out::run(&app.store, asked.tenant.id, principal).await?;
    }
    let mut gone = session_cookie(String::new(), &edge);
    gone.set_max_age(Duration::ZERO);
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// The caller's own profile.
#[utoipa::path(get, path = "/api/v1/members/me", operation_id = "getMe", tag = "people", responses((status = 200, body = MemberView)))]
pub(super) async fn me(member: Member, app: Data<App>) -> Result<HttpResponse, Problem> {
    let found = app.store.begin(&member).await?.member(member.id).await?;
    let found = found.ok_or_else(|| Problem::not_found("member"))?;
    Ok(HttpResponse::Ok().json(MemberView::of(found, &app)))
}

/// Change the caller's own profile.
#[utoipa::path(patch, path = "/api/v1/members/me", operation_id = "updateMe", tag = "people", request_body = MemberChange,
    responses((status = 200, body = MemberView)))]
pub(super) async fn update_me(member: Member, order: Order<MemberChange>, app: Data<App>) -> Result<HttpResponse, Problem> {
    let mut wrong = Wrong::default();
    let change = UpdateMember {
        name: order.body.name.as_ref().and_then(|name| wrong.take("name", name.parse())),
        home_city: order.body.home_city,
        roles: order.body.roles.clone(),
        languages: order.body.languages.as_ref().and_then(|tags| wrong.take("languages", Languages::new(tags))),
    };
    wrong.none()?;
    let once = order.once(member.id.to_string());
    order::run(&app, &member, once, StatusCode::OK, async |tx| {
        let changed = update_member::run(tx, app.gazetteer, &member, &change).await?;
        Ok::<_, Problem>(MemberView::of(changed, &app))
    })
    .await
}

impl MemberView {
    fn of(member: members::Member, app: &App) -> Self {
        Self {
            id: member.id,
            name: member.name,
            email: member.email,
            home_city: member.home_city.map(|id| CityRef::of(app.gazetteer, id)),
            roles: member.roles,
            groups: member.groups.into_iter().map(|g| MemberGroup { id: g.id.0, kind: g.kind, name: g.name }).collect(),
            languages: member.languages,
            platform_role: member.platform_role,
            created_at: member.created_at,
        }
    }
}

fn begun_session(request: &HttpRequest, app: &App, edge: &Edge, status: StatusCode, begun: SignedIn) -> HttpResponse {
    let wants_token = request.headers().get("x-posada-token").is_some_and(|v| v == "1");
    let token = begun.token.expose().to_owned();
    let mut cookie = session_cookie(token.clone(), edge);
    cookie.set_max_age(Duration::seconds((begun.expires_at - OffsetDateTime::now_utc()).whole_seconds()));
    let view = SessionView {
        member: Some(MemberView::of(begun.member, app)),
        csrf: Some(begun.csrf),
        expires_at: Some(begun.expires_at),
        token: wants_token.then_some(token),
    };
    HttpResponse::build(status).cookie(cookie).json(view)
}

fn session_cookie(token: String, edge: &Edge) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, token).path("/").http_only(true).same_site(SameSite::Lax).secure(edge.settings.https()).finish()
}

fn user_agent(request: &HttpRequest) -> Option<String> {
    request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok()).map(|agent| agent.chars().take(300).collect())
}

/// Collects what is wrong, so that a form hears all of it at once.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn take<T, E: std::fmt::Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|e| self.0.push(FieldError { field: field.to_owned(), message: e.to_string(), expected: None })).ok()
    }

    fn none(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(self.problem()) }
    }

    fn problem(self) -> Problem {
        Problem::invalid(self.0)
    }
}

pub(super) fn wrong_credentials() -> Problem {
    let detail = "E-mail and password do not belong to a member here.";
    Problem::new(StatusCode::UNAUTHORIZED, "credentials-wrong", "The sign-in is not right", detail)
}

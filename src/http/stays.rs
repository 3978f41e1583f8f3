//! Stays over HTTP: asking for nights, reading, answering. Effects reach the other side on its stream.

use actix_web::{HttpResponse, http::StatusCode, web};
use domain::{
    HomeId, Nights, RoomId, StayId,
    nights::parse_date,
    stay::{CannotMove, Side, StayState, StayView},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Cursor, Member, Order, Page, Paging, Problem, Query, order};
use crate::{
    app::App,
    commands::{
        acknowledge::{self, CannotMark},
        answer_stay::{self, Answer, CannotAnswer},
        approve_stay::{ApproveStay, CannotApprove},
        request_stay::{self, CannotRequest, RequestStay},
    },
    store::{Once, stays::After},
};

/// What a guest asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StayRequest {
    /// The home's first room if absent.
    room: Option<RoomId>,
    /// The day of arrival, `2026-12-01`.
    arrive: String,
    /// The day of leaving; its night is not part of the stay.
    leave: String,
    /// 1 to what the room takes.
    guests: u8,
    /// 1 to 1000 characters, for the host.
    message: String,
}

/// The host's yes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// The version of the terms that the host read.
    terms_version: u32,
}

/// The host's no.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Decline {
    /// For the guest, at most 1000 characters.
    reason: Option<String>,
}

/// Nothing to say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Nothing {}

/// Asks a host for nights in a home's room.
#[utoipa::path(post, path = "/api/v1/homes/{id}/stays", operation_id = "requestStay", tag = "stays", params(("id" = HomeId, Path)),
    request_body = StayRequest, responses((status = 201, body = StayView)))]
pub(super) async fn request(app: web::Data<App>, guest: Member, home: web::Path<HomeId>, order: Order<StayRequest>) -> Result<HttpResponse, Problem> {
    let once = order.once(guest.id.to_string());
    let day = |field, text: &str| parse_date(text).map_err(|e| Problem::invalid_field(field, e, Some("a date like 2026-12-01")));
    let StayRequest { room, guests, message, .. } = &order.body;
    let nights = Nights::new(day("arrive", &order.body.arrive)?, day("leave", &order.body.leave)?)
        .map_err(|e| Problem::invalid_field("leave", e, Some("1 to 366 nights after arrive")))?;
    let asked = RequestStay { home: *home, room: *room, nights, guests: *guests, message: message.clone(), now: app.store.now() };
    let at_once = async |once: &Once| request_stay::at_once(&app.store, app.gazetteer, &guest, &asked, once).await;
    order::run_at_once(&app, &guest, once, StatusCode::CREATED, at_once, async |tx| request_stay::run(tx, app.gazetteer, &guest, &asked).await).await
}

/// One stay, for its guest or its host.
#[utoipa::path(get, path = "/api/v1/stays/{id}", operation_id = "getStay", tag = "stays", params(("id" = StayId, Path)),
    responses((status = 200, body = StayView)))]
pub(super) async fn show(app: web::Data<App>, member: Member, id: web::Path<StayId>) -> Result<web::Json<StayView>, Problem> {
    let kept = app.store.begin(&member).await?.stay(*id).await?.ok_or_else(no_such_stay)?;
    let side = kept.stay.side_of(member.id).ok_or_else(no_such_stay)?;
    Ok(web::Json(kept.view(side)))
}

/// Which stays to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Mine {
    /// The caller's side in them.
    r#as: Side,
    state: Option<StayState>,
}

/// The caller's stays on one side, newest first.
#[utoipa::path(get, path = "/api/v1/me/stays", operation_id = "listMyStays", tag = "stays",
    params(Mine, Paging),
    responses((status = 200, body = Page<StayView>)))]
pub(super) async fn mine(app: web::Data<App>, member: Member, which: Query<Mine>, paging: Query<Paging>) -> Result<web::Json<Page<StayView>>, Problem> {
    let Mine { r#as: side, state } = which.0;
    let after = paging.cursor.map(|c| After { requested_at: c.at, id: c.id.into() });
    let stays = app.store.begin(&member).await?.stays_of(member.id, side, state, after, paging.limit + 1).await?;
    let views = stays.iter().map(|kept| kept.view(side)).collect();
    Ok(web::Json(Page::of(views, paging.limit, |last: &StayView| Cursor { at: last.sent_at, id: last.id.0 })))
}

/// The host's yes, to exactly the terms that were read. Of two for overlapping nights in one room, one wins.
#[utoipa::path(post, path = "/api/v1/stays/{id}/approval", operation_id = "approveStay", tag = "stays", params(("id" = StayId, Path)),
    request_body = Approval, responses((status = 200, body = StayView)))]
pub(super) async fn approve(app: web::Data<App>, host: Member, id: web::Path<StayId>, order: Order<Approval>) -> Result<web::Json<StayView>, Problem> {
    let once = order.once(host.id.to_string());
    let order = ApproveStay { tenant: host.tenant, by: host.id, stay: *id, terms_version: order.body.terms_version, now: app.store.now(), once };
    Ok(web::Json(app.approvals.run(order).await?))
}

/// The host's no.
#[utoipa::path(post, path = "/api/v1/stays/{id}/decline", operation_id = "declineStay", tag = "stays", params(("id" = StayId, Path)),
    request_body = Option<Decline>, responses((status = 200, body = StayView)))]
pub(super) async fn decline(app: web::Data<App>, host: Member, id: web::Path<StayId>, order: Order<Decline>) -> Result<HttpResponse, Problem> {
    answer(&app, &host, *id, order.once(host.id.to_string()), Answer::Decline { reason: order.body.reason.clone() }).await
}

/// The guest thought better of it.
#[utoipa::path(post, path = "/api/v1/stays/{id}/withdrawal", operation_id = "withdrawStay", tag = "stays", params(("id" = StayId, Path)),
    responses((status = 200, body = StayView)))]
pub(super) async fn withdraw(app: web::Data<App>, guest: Member, id: web::Path<StayId>, order: Order<Nothing>) -> Result<HttpResponse, Problem> {
    answer(&app, &guest, *id, order.once(guest.id.to_string()), Answer::Withdraw).await
}

/// The host has opened the request: its guest sees that it was seen.
#[utoipa::path(post, path = "/api/v1/stays/{id}/seen", operation_id = "markStaySeen", tag = "stays", params(("id" = StayId, Path)),
    responses((status = 200, body = StayView)))]
pub(super) async fn seen(app: web::Data<App>, host: Member, id: web::Path<StayId>, order: Order<Nothing>) -> Result<HttpResponse, Problem> {
    let once = order.once(host.id.to_string());
    order::run(&app, &host, once, StatusCode::OK, async |tx| acknowledge::opened(tx, &host, *id, app.store.now()).await).await
}

async fn answer(app: &App, member: &Member, id: StayId, once: Option<Once>, answer: Answer) -> Result<HttpResponse, Problem> {
    order::run(app, member, once, StatusCode::OK, async |tx| answer_stay::run(tx, member, id, answer, app.store.now()).await).await
}

fn no_such_stay() -> Problem {
    Problem::not_found("stay")
}

fn conflict(slug: &'static str, title: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::CONFLICT, slug, title, detail)
}

fn nights_taken() -> Problem {
    conflict("nights-taken", "The nights are taken", "Some of these nights are taken in this room by now. Choose other nights or another room.")
}

impl From<&CannotMove> for Problem {
    fn from(why: &CannotMove) -> Self {
        match why {
            CannotMove::NotYours => no_such_stay(),
            CannotMove::OtherSide(side) => {
                let who = if *side == Side::Host { "host" } else { "guest" };
                Self::new(StatusCode::FORBIDDEN, "other-side", "That is for the other side", format!("Only the {who} of this stay may do that."))
            }
            CannotMove::AlreadyAnswered(state) => {
                conflict("already-answered", "It was answered already", format!("This stay is {} by now and cannot be answered again.", state.code()))
            }
            CannotMove::Expired => {
                conflict("expired", "The time to answer is over", "This request ended by itself, because nobody answered it in time. The guest may ask again.")
            }
            CannotMove::TermsChanged { now } => conflict(
                "terms-changed",
                "The terms have changed",
                format!("Version {now} of the terms is on the table. Read them, and say yes to that version."),
            ),
        }
    }
}

impl From<CannotRequest> for Problem {
    fn from(why: CannotRequest) -> Self {
        let said = why.to_string();
        match why {
            CannotRequest::NotAMember | CannotRequest::NoSuchRoom => Self::not_found("home or room on offer"),
            CannotRequest::OwnHome => conflict("own-home", "It is your own home", "A stay is asked for in somebody else's home."),
            CannotRequest::TooLate(_) => Self::invalid_field("arrive", said, Some("a later day")),
            CannotRequest::TooFarAhead => Self::invalid_field("arrive", said, Some("a day within the next 2 years")),
            CannotRequest::TooManyGuests { most } => Self::invalid_field("guests", said, Some(&format!("1 to {most}"))),
            CannotRequest::BadMessage => Self::invalid_field("message", said, Some("1 to 1000 characters")),
            CannotRequest::NightsTaken => nights_taken(),
            CannotRequest::Store(error) => error.into(),
        }
    }
}

impl From<CannotAnswer> for Problem {
    fn from(why: CannotAnswer) -> Self {
        match why {
            CannotAnswer::CannotMove(why) => (&why).into(),
            CannotAnswer::LongReason => Self::invalid_field("reason", why, Some("at most 1000 characters")),
            CannotAnswer::Store(error) => error.into(),
        }
    }
}

impl From<CannotMark> for Problem {
    fn from(why: CannotMark) -> Self {
        match why {
            CannotMark::CannotMove(why) => (&why).into(),
            CannotMark::Store(error) => error.into(),
        }
    }
}

impl From<CannotApprove> for Problem {
    fn from(why: CannotApprove) -> Self {
        match why {
            CannotApprove::CannotMove(why) => why.as_ref().into(),
            CannotApprove::NightsTaken => nights_taken(),
            CannotApprove::KeyReused => order::key_reused(),
            CannotApprove::Busy => {
                let detail = "More approvals are waiting than can be taken at once. Send it again in a moment with the same Idempotency-Key.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much at once", detail).retry_after(1)
            }
            CannotApprove::Store(error) => error.as_ref().into(),
        }
    }
}

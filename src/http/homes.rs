//! Homes over HTTP: reading them, and a host's orders on their own.
//!
//! Handlers build a command, run it and shape the answer; `home_view` decides what a reader gets to see.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use domain::{
    CityId, HomeFilter, HomeId,
    home::{CannotMove, Fault, HomeDraft, HomeInput, PlaceInput},
};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    Cursor, IfMatch, Member, Order, Page, Paging, Problem, Query, SeeMap,
    home_filter::FilterQuery,
    home_view::{Cards, HomeAnswer, HomeCard},
    order,
    problem::FieldError,
    versions::tagged_json,
};
use crate::{
    app::App,
    commands::{
        change_home::{self, ChangeHome},
        list_home::{self, CannotListHome, ListHome},
        move_home::{self, MoveHome},
        own_home::{CannotChangeHome, OwnHome, not_over_since},
        pause_home,
        place_city::CannotPlace,
        resume_home, retire_home,
    },
    store::homes::{HomePage, HomeView, Homes},
};

/// A city's homes on offer, newest first.
#[utoipa::path(get, path = "/api/v1/cities/{id}/homes", operation_id = "listHomesOfCity", tag = "homes",
    params(("id" = CityId, Path, description = "GeoNames id"), Paging, FilterQuery), responses((status = 200, body = Page<HomeCard>)))]
pub(super) async fn of_city(
    request: HttpRequest,
    app: web::Data<App>,
    caller: SeeMap,
    city: web::Path<CityId>,
    paging: Query<Paging>,
    filter: Query<FilterQuery>,
) -> Result<HttpResponse, Problem> {
    let now = OffsetDateTime::now_utc();
    let filter = filter.parse(now)?;
    let mut tx = app.store.begin(&caller).await?;
    let page = tx.list_homes(Homes::InCity(*city), &filter, before(&paging), paging.limit as u16, not_over_since(now)).await?;
    let next = cursor(&page);
    let mut cards = Cards::new(app.gazetteer, now);
    let items: Vec<HomeCard> = page.homes.iter().map(|seen| cards.card(seen)).collect();
    tagged_json(&request, &Page { items, next }, "private, no-cache")
}

/// The caller's own homes, whatever their status, newest first.
#[utoipa::path(get, path = "/api/v1/me/homes", operation_id = "listMyHomes", tag = "homes",
    params(Paging), responses((status = 200, body = Page<HomeAnswer>)))]
pub(super) async fn mine(app: web::Data<App>, me: Member, paging: Query<Paging>) -> Result<HttpResponse, Problem> {
    let now = OffsetDateTime::now_utc();
    let mut tx = app.store.begin(&me).await?;
    let page = tx.list_homes(Homes::OfHost(me.id), &HomeFilter::default(), before(&paging), paging.limit as u16, not_over_since(now)).await?;
    let next = cursor(&page);
    let items: Vec<HomeAnswer> = page.homes.into_iter().map(|seen| HomeAnswer::of(app.gazetteer, seen, Some(me.id), now)).collect();
    Ok(HttpResponse::Ok().json(Page { items, next }))
}

/// One home. To its host with its exact position; to everybody else while it is on offer, with its public one.
#[utoipa::path(get, path = "/api/v1/homes/{id}", operation_id = "getHome", tag = "homes",
    params(("id" = HomeId, Path)), responses((status = 200, body = HomeAnswer)))]
pub(super) async fn show(request: HttpRequest, app: web::Data<App>, caller: SeeMap, id: web::Path<HomeId>) -> Result<HttpResponse, Problem> {
    let now = OffsetDateTime::now_utc();
    let mut tx = app.store.begin(&caller).await?;
    let seen = tx.homes(&[*id], not_over_since(now)).await?.pop();
    let visible = |seen: &HomeView| seen.home.status.is_public() || caller.member() == Some(seen.home.host);
    let seen = seen.filter(visible).ok_or_else(|| Problem::not_found("home"))?;
    drop(tx);
    app.store.remember_rooms(caller.tenant, &seen).await;
    tagged_json(&request, &HomeAnswer::of(app.gazetteer, seen, caller.member(), now), "private, no-cache")
}

/// Lists a new home: it is on offer at once. Without a position the city's centre is shown, marked as approximate.
#[utoipa::path(post, path = "/api/v1/homes", operation_id = "listHome", tag = "homes",
    request_body = HomeDraft, responses((status = 201, body = HomeAnswer)))]
pub(super) async fn list(app: web::Data<App>, me: Member, order: Order<Value>) -> Result<HttpResponse, Problem> {
    let now = OffsetDateTime::now_utc();
    let input = HomeInput::from_json(&order.body).map_err(faults)?;
    order::run(&app, &me, order.once(me.id.to_string()), StatusCode::CREATED, async |tx| {
        let seen = list_home::run(tx, app.gazetteer, ListHome { host: me.id, input: input.clone(), now }).await?;
        Ok::<_, CannotListHome>(HomeAnswer::of(app.gazetteer, seen, Some(me.id), now))
    })
    .await
}

/// Changes the fields that are sent and leaves the others; a null clears. `If-Match` names the version that was edited.
#[utoipa::path(patch, path = "/api/v1/homes/{id}", operation_id = "changeHome", tag = "homes",
    params(("id" = HomeId, Path), ("If-Match" = String, Header, description = "The `version` that was read.")),
    request_body(content = HomeDraft, description = "Any of the fields of a home."), responses((status = 200, body = HomeAnswer)))]
pub(super) async fn change(app: web::Data<App>, me: Member, id: web::Path<HomeId>, version: IfMatch, order: Order<Value>) -> Result<HttpResponse, Problem> {
    let which = own(&me, *id);
    let input = HomeInput::from_json(&order.body).map_err(faults)?;
    let version = u32::try_from(version.0).unwrap_or(0);
    order::run(&app, &me, order.once(me.id.to_string()), StatusCode::OK, async |tx| {
        answer(&app, &me, which, change_home::run(tx, app.gazetteer, ChangeHome { which, version, input: input.clone() }).await)
    })
    .await
}

/// Moves a home. Its public position stays while the new one is near; another city is chosen when it is far.
#[utoipa::path(put, path = "/api/v1/homes/{id}/position", operation_id = "moveHome", tag = "homes",
    params(("id" = HomeId, Path)), request_body = PlaceInput, responses((status = 200, body = HomeAnswer)))]
pub(super) async fn relocate(app: web::Data<App>, me: Member, id: web::Path<HomeId>, order: Order<Value>) -> Result<HttpResponse, Problem> {
    let which = own(&me, *id);
    let to = PlaceInput::from_json(&order.body).map_err(faults)?;
    order::run(&app, &me, order.once(me.id.to_string()), StatusCode::OK, async |tx| {
        answer(&app, &me, which, move_home::run(tx, app.gazetteer, MoveHome { which, to }).await)
    })
    .await
}

/// Takes a home off the map for now.
#[utoipa::path(post, path = "/api/v1/homes/{id}/pause", operation_id = "pauseHome", tag = "homes",
    params(("id" = HomeId, Path)), responses((status = 200, body = HomeAnswer)))]
pub(super) async fn pause(app: web::Data<App>, me: Member, id: web::Path<HomeId>, order: Order<()>) -> Result<HttpResponse, Problem> {
    let which = own(&me, *id);
    order::run(&app, &me, order.once(me.id.to_string()), StatusCode::OK, async |tx| answer(&app, &me, which, pause_home::run(tx, which).await)).await
}

/// Puts a paused home back on the map.
#[utoipa::path(post, path = "/api/v1/homes/{id}/resume", operation_id = "resumeHome", tag = "homes",
    params(("id" = HomeId, Path)), responses((status = 200, body = HomeAnswer)))]
pub(super) async fn resume(app: web::Data<App>, me: Member, id: web::Path<HomeId>, order: Order<()>) -> Result<HttpResponse, Problem> {
    let which = own(&me, *id);
    order::run(&app, &me, order.once(me.id.to_string()), StatusCode::OK, async |tx| answer(&app, &me, which, resume_home::run(tx, which).await)).await
}

/// Retires a paused home for good.
#[utoipa::path(post, path = "/api/v1/homes/{id}/retire", operation_id = "retireHome", tag = "homes",
    params(("id" = HomeId, Path)), responses((status = 200, body = HomeAnswer)))]
pub(super) async fn retire(app: web::Data<App>, me: Member, id: web::Path<HomeId>, order: Order<()>) -> Result<HttpResponse, Problem> {
    let which = own(&me, *id);
    order::run(&app, &me, order.once(me.id.to_string()), StatusCode::OK, async |tx| answer(&app, &me, which, retire_home::run(tx, which).await)).await
}

fn own(me: &Member, home: HomeId) -> OwnHome {
    OwnHome { host: me.id, home, now: OffsetDateTime::now_utc() }
}

fn answer(app: &App, me: &Member, which: OwnHome, done: Result<HomeView, CannotChangeHome>) -> Result<HomeAnswer, CannotChangeHome> {
    done.map(|seen| HomeAnswer::of(app.gazetteer, seen, Some(me.id), which.now))
}

/// Ids of homes are in the order of their making: the id alone is the place in the list.
fn before(paging: &Paging) -> Option<HomeId> {
    paging.cursor.map(|cursor| HomeId(cursor.id))
}

fn cursor(page: &HomePage) -> Option<String> {
    page.next.and(page.homes.last()).map(|last| Cursor { at: last.home.created_at, id: last.home.id.0 }.to_string())
}

fn faults(faults: Vec<Fault>) -> Problem {
    let named = |fault: Fault| {
        let field = if fault.field.is_empty() { "body".to_owned() } else { fault.field };
        FieldError { field, message: fault.message, expected: fault.expected }
    };
    Problem::invalid(faults.into_iter().map(named).collect())
}

/// Where a home cannot be, by the field that says so.
fn misplaced(error: CannotPlace) -> Problem {
    match error {
        CannotPlace::Store(error) => error.into(),
        CannotPlace::Position(bad) => Problem::invalid_field("position", bad, Some("the position of the home, near its city")),
        CannotPlace::NoCityNear(_) => Problem::invalid_field("position", "no city is anywhere near", Some("a position within reach of a city")),
        CannotPlace::Nothing => Problem::invalid_field("position", "is missing", Some("{lat, lng}, or at least a city")),
        error @ (CannotPlace::Unknown(..) | CannotPlace::Ambiguous(..)) => Problem::invalid_field("city", error, Some("the GeoNames id of a city")),
    }
}

impl From<CannotListHome> for Problem {
    fn from(error: CannotListHome) -> Self {
        match error {
            CannotListHome::Invalid(list) => faults(list),
            CannotListHome::Place(error) => misplaced(error),
            CannotListHome::Store(error) => error.into(),
        }
    }
}

impl From<CannotChangeHome> for Problem {
    fn from(error: CannotChangeHome) -> Self {
        match error {
            CannotChangeHome::NotYours => Self::not_found("home of yours"),
            CannotChangeHome::Changed { now } => {
                let detail = format!("The home is at version {now} by now. Read it again and repeat your change.");
                Self::new(StatusCode::PRECONDITION_FAILED, "stale", "Changed meanwhile", detail)
            }
            CannotChangeHome::NotEditable(status) => {
                let detail = format!("A home that is {} is not changed any more.", status.code());
                Self::new(StatusCode::CONFLICT, "home-not-editable", "The home cannot be changed", detail)
            }
            CannotChangeHome::Move(error) => cannot_move(error),
            CannotChangeHome::Invalid(list) => faults(list),
            CannotChangeHome::RoomInUse => {
                let detail = "Somebody asked for a stay in a room that would be taken away. Keep it in the list of rooms.";
                Self::new(StatusCode::CONFLICT, "room-in-use", "The room is in use", detail)
            }
            CannotChangeHome::Place(error) => misplaced(error),
            CannotChangeHome::Store(error) => error.into(),
        }
    }
}

fn cannot_move(error: CannotMove) -> Problem {
    let moves: Vec<_> = error.from.moves().filter(|step| step.is_the_hosts()).map(domain::home::HomeMove::code).collect();
    let detail = match moves.as_slice() {
        [] => format!("{error}: nothing more can be done with it.", error = sentence(&error)),
        moves => format!("{error}. What can be done with it: {moves}.", error = sentence(&error), moves = moves.join(", ")),
    };
    Problem::new(StatusCode::CONFLICT, "home-status", "Not from where the home stands", detail)
}

fn sentence(error: &CannotMove) -> String {
    format!("A home that is {} cannot {}", error.from.code(), error.step.code())
}

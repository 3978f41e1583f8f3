//! Views of the map: whole, summed right, replaced, proved or begun anew.

use actors::{
    replica::Replica,
    wire::{Item, TileMode},
};
use serde_json::{Value, json};

use super::{
    Broken, Check, Needs, Outcome, check,
    peer::{Peer, Target},
};

pub(super) const CHECKS: &[Check] = &[
    check!(Anyone, a_view_comes_whole, "A view is answered by a snapshot of every scope it names, each whole, every thing in one tile only."),
    check!(Anyone, sums_agree_at_every_zoom, "From the whole world to the street, total is what the items stand for, and at most 500 things come one by one."),
    check!(Anyone, the_last_view_wins, "A view with an id that is open replaces it; panning fast is never an error."),
    check!(Anyone, what_is_held_is_not_sent_again, "A view with the since of what is held brings no snapshot."),
    check!(Anyone, another_epoch_is_begun_anew, "A since of an unknown epoch is answered with a reset, then a snapshot."),
    check!(Anyone, resume_brings_a_view_back, "A view in resume is answered resumed when it was held on the connection before, or by a snapshot."),
    check!(Anyone, a_view_is_given_up_once, "unview ends a view; giving up one that is not open is refused with unknown-view."),
    check!(Anyone, a_view_too_many_is_refused, "A view more than limits.views is refused with over-limit, for now, and the connection goes on."),
    check!(Anyone, server_sent_events_show_the_same, "GET /live/events brings the same frames, first the welcome, then the view's snapshot."),
];

const WORLD: [f64; 4] = [-85.0, -180.0, 85.0, 180.0];

fn view(id: &str, bbox: [f64; 4], zoom: f64) -> Value {
    json!({"t": "view", "id": id, "bbox": bbox, "zoom": zoom})
}

async fn looks(peer: &mut Peer, id: &str, bbox: [f64; 4], zoom: f64) -> Outcome {
    peer.says(view(id, bbox, zoom)).await?;
    peer.until("the view, whole", |replica| replica.is_whole(id)).await
}

/// What was asked of the world before has been answered when a look that came later has: one snapshot more.
async fn after(peer: &mut Peer) -> Outcome {
    looks(peer, "later", WORLD, 1.0).await
}

async fn a_view_comes_whole(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    looks(&mut peer, "w", WORLD, 2.0).await
}

async fn sums_agree_at_every_zoom(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    looks(&mut peer, "w", WORLD, 1.0).await?;
    let Some((y, x)) = busiest(&peer.replica, "w") else { return Ok(()) };
    for zoom in 1..=18_u8 {
        let (high, wide) = (85.0 / f64::from(1_u32 << (zoom - 1)), 180.0 / f64::from(1_u32 << (zoom - 1)));
        let bbox = [(y - high).max(-85.0), (x - wide).max(-180.0), (y + high).min(85.0), (x + wide).min(180.0)];
        let id = format!("z{zoom}");
        looks(&mut peer, &id, bbox, f64::from(zoom)).await?;
        summed(&peer.replica, &id).map_err(|Broken(why)| Broken(format!("at zoom {zoom}, {bbox:?}: {why}")))?;
        peer.says(json!({"t": "unview", "id": id})).await?;
    }
    Ok(())
}

/// Where the largest item of a view is.
fn busiest(replica: &Replica, view: &str) -> Option<(f64, f64)> {
    let items = replica.items(view);
    items.values().max_by_key(|item| item.homes()).map(|item| match item {
        Item::Home { y, x, .. } | Item::City { y, x, .. } | Item::Cluster { y, x, .. } => (*y, *x),
    })
}

fn summed(replica: &Replica, view: &str) -> Outcome {
    for (scope, held) in replica.views.get(view).into_iter().flat_map(|view| &view.scopes) {
        let items: Vec<&Item> = held.tiles.values().flat_map(|tile| tile.values()).collect();
        let things: u64 = items.iter().map(|item| if let Item::Cluster { n, .. } = item { u64::from(*n) } else { 1 }).sum();
        if held.total != things {
            return Err(Broken(format!("{scope}: total is {}, the items stand for {things}", held.total)));
        }
        let clusters = items.iter().filter(|item| matches!(item, Item::Cluster { .. })).count();
        match held.mode {
            TileMode::Entities if clusters > 0 => return Err(Broken(format!("{scope}: a cluster where each thing should come"))),
            TileMode::Entities if things > 500 => return Err(Broken(format!("{scope}: {things} things one by one"))),
            TileMode::Clusters if clusters < items.len() => return Err(Broken(format!("{scope}: a single thing where clusters should come"))),
            TileMode::Entities | TileMode::Clusters => {}
        }
        let level = format!("{}/", held.level);
        if let Some(tile) = held.tiles.keys().find(|tile| !tile.starts_with(&level)) {
            return Err(Broken(format!("{scope}: tile {tile} is not of level {}", held.level)));
        }
    }
    Ok(())
}

async fn the_last_view_wins(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    for step in 0..10 {
        let west = -10.0 + f64::from(step);
        peer.says(view("pan", [30.0, west, 60.0, west + 40.0], 4.0)).await?;
    }
    peer.settles().await?;
    peer.until("the view, whole", |replica| replica.is_whole("pan")).await?;
    match peer.replica.errors.first() {
        Some(error) if !error.temporary => Err(Broken(format!("panning was refused: {}", error.detail))),
        _ => Ok(()),
    }
}

async fn what_is_held_is_not_sent_again(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    looks(&mut peer, "w", WORLD, 2.0).await?;
    let snapshots = peer.replica.snapshots;
    let mut again = view("w", WORLD, 2.0);
    again["since"] = json!(peer.replica.since("w"));
    peer.says(again).await?;
    after(&mut peer).await?;
    if peer.replica.snapshots == snapshots + 1 { Ok(()) } else { Err(Broken("a snapshot came of what was held".into())) }
}

async fn another_epoch_is_begun_anew(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    let mut never = view("w", WORLD, 2.0);
    never["since"] = json!({"world": {"epoch": "never", "tick": 1}});
    peer.says(never).await?;
    peer.until("the view, whole", |replica| replica.is_whole("w")).await?;
    if peer.replica.resets.is_empty() { Err(Broken("a snapshot came without a reset before it".into())) } else { Ok(()) }
}

async fn resume_brings_a_view_back(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    looks(&mut peer, "w", WORLD, 2.0).await?;
    let held = json!({"view": "w", "bbox": WORLD, "zoom": 2, "since": peer.replica.since("w")});
    let mut replica = std::mem::take(&mut peer.replica);
    drop(peer);
    let mut back = target.opens().await?;
    replica.reconnects();
    back.replica = replica;
    let snapshots = back.replica.snapshots;
    back.says(json!({"t": "hello", "client": "conformance/1", "version": 1, "resume": [held]})).await?;
    back.until("a welcome", |replica| replica.welcomed.is_some()).await?;
    let answered = back.replica.answered("w").map(actors::wire::Outcome::word);
    after(&mut back).await?;
    match answered {
        Some("resumed") if back.replica.snapshots > snapshots + 1 => Err(Broken("answered resumed, then came a snapshot".into())),
        Some("resumed") => Ok(()),
        Some("snapshot" | "reset") => back.until("what is now, whole", |replica| replica.snapshots > snapshots + 1 && replica.is_whole("w")).await,
        other => Err(Broken(format!("answered with {other:?}"))),
    }
}

async fn a_view_is_given_up_once(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    looks(&mut peer, "w", WORLD, 2.0).await?;
    peer.says(json!({"t": "unview", "id": "w"})).await?;
    peer.settles().await?;
    if let Some(error) = peer.replica.errors.last() {
        return Err(Broken(format!("giving up a view was refused: {}", error.detail)));
    }
    peer.says(json!({"t": "unview", "id": "w"})).await?;
    peer.settles().await?;
    peer.was_refused("unknown-view")
}

async fn a_view_too_many_is_refused(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    let most = peer.replica.welcomed.as_ref().map_or(0, |welcome| welcome.limits.views);
    for n in 0..=most {
        peer.says(view(&format!("v{n}"), WORLD, 1.0)).await?;
    }
    peer.settles().await?;
    peer.was_refused("over-limit")?;
    if peer.replica.errors.len() == 1 { Ok(()) } else { Err(Broken(format!("{} views were refused, expected one", peer.replica.errors.len()))) }
}

async fn server_sent_events_show_the_same(target: &Target) -> Outcome {
    let asked = json!({"id": "w", "bbox": WORLD, "zoom": 2}).to_string().replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
    let path = format!("/live/events?view={asked}");
    let text = target.gets(&path, |text| text.find(r#""t":"snapshot""#).is_some_and(|at| text[at..].contains("\n\n"))).await?;
    let head = text.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") || !head.contains("content-type: text/event-stream") {
        return Err(Broken(format!("GET /live/events was answered with {:?}", head.lines().next().unwrap_or_default())));
    }
    let welcome = text.find(r#""t":"welcome""#).ok_or_else(|| Broken("no welcome came".into()))?;
    let snapshot = text.find(r#""t":"snapshot""#).ok_or_else(|| Broken("no snapshot came".into()))?;
    if welcome < snapshot { Ok(()) } else { Err(Broken("the snapshot came before the welcome".into())) }
}

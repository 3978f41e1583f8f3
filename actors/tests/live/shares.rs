//! What a tenant may take a second: over it, later and less often, and nothing is lost; another tenant does not notice.

use std::{sync::Arc, time::Duration};

use actors::{Drill, Live, LiveConfig, Target};
use domain::{Event, MemberId, TenantId};
use serde_json::json;
use uuid::Uuid;

use super::{
    client::{BARCELONA, Client},
    model::Model,
    universe::{CITY, TENANT, Universe, home, quick},
};

const OTHER: TenantId = TenantId(Uuid::from_u128(2));
const VIEWS: [&str; 4] = ["a", "b", "c", "d"];

/// The universe is the same for both tenants; each is told of it.
fn tell_both(live: &Live, event: Event) {
    live.relay().publish(vec![Event { tenant: OTHER, ..event.clone() }, event]);
}

#[actix::test]
async fn new_views_over_the_snapshots_are_asked_to_come_again() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let live = universe.live(LiveConfig { tenant_snapshots_per_s: 2, ..quick() });
    let (mut client, mut other) = (Client::comes(&live, None).await, Client::comes_to(&live, OTHER, None).await);
    for view in ["a", "b", "c"] {
        client.looks(view, BARCELONA, 12.0);
    }
    client.until("two views and an error", |model| model.is_whole("a") && model.is_whole("b") && model.errors.len() == 1).await;
    let error = &client.model.errors[0];
    assert!(error.kind == "/problems/over-limit" && error.temporary && error.retry_after_ms.is_some_and(|ms| ms > 0));
    assert_eq!(error.of.as_deref(), Some("view"));
    other.looks("a", BARCELONA, 12.0);
    other.until("its view", |model| model.homes("a") == 1).await;
    assert!(other.model.errors.is_empty());
    while !client.model.is_whole("c") {
        let errors = client.model.errors.len();
        client.looks("c", BARCELONA, 12.0);
        client.until("an answer", |model| model.is_whole("c") || model.errors.len() > errors).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((client.model.homes("c"), client.closed), (1, None));
}

#[actix::test]
async fn repairs_wait_their_turn_and_none_is_lost() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let live = universe.live(LiveConfig { tenant_snapshots_per_s: 4, ..quick() });
    let (mut client, mut other) = (Client::comes(&live, None).await, Client::comes_to(&live, OTHER, None).await);
    for view in VIEWS {
        client.looks(view, BARCELONA, 12.0);
    }
    client.until("its views", |model| VIEWS.iter().all(|view| model.homes(view) == 1)).await;
    other.looks("a", BARCELONA, 12.0);
    other.until("its view", |model| model.homes("a") == 1).await;
    for n in 2..=4 {
        assert!(live.drill(Target::City(TENANT, CITY), Drill::Panic));
        tell_both(&live, universe.changes(CITY, vec![home(n, 41.40, 2.10 + n as f64 * 0.001)], Vec::new()));
        other.until("the change", |model| model.homes("a") == n as u64).await;
    }
    client.until("everything, everywhere", |model| VIEWS.iter().all(|view| model.homes(view) == 4)).await;
    assert!(client.model.errors.is_empty() && client.closed.is_none());
    assert_eq!(client.model.items("a"), other.model.items("a"));
    tell_both(&live, universe.changes(CITY, vec![home(5, 41.41, 2.11)], Vec::new()));
    client.until("what comes next", |model| VIEWS.iter().all(|view| model.homes(view) == 5)).await;
}

#[actix::test]
async fn over_its_bytes_a_tenant_is_told_less_often_and_everything() {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let member = MemberId(Uuid::from_u128(7));
    let live = universe.live(LiveConfig { tenant_bytes_per_s: 20_000, views: 32, ..quick() });
    let (mut client, mut other) = (Client::comes(&live, Some(member)).await, Client::comes_to(&live, OTHER, None).await);
    // So many views take so many times the bytes.
    let views: Vec<String> = (0..32).map(|n| format!("v{n}")).collect();
    for view in &views {
        client.looks(view, BARCELONA, 12.0);
    }
    client.says_json(json!({"t": "subscribe", "stream": "member:self"}));
    client.until("its views", |model| views.iter().all(|view| model.homes(view) == 1) && model.caught_up.len() == 1).await;
    other.looks("a", BARCELONA, 12.0);
    other.until("its view", |model| model.homes("a") == 1).await;
    let mut n = 0;
    let mut moves = || {
        n += 1;
        tell_both(&live, universe.changes(CITY, vec![home(1, 41.40, 2.10 + f64::from(n) * 0.000_01)], Vec::new()));
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    // A server that is busy for a moment says so too; this is about what the tenant takes.
    let told = |model: &Model| model.qos.iter().filter(|qos| qos.reason != "busy").cloned().collect::<Vec<_>>();
    while told(&client.model).len() < views.len() {
        assert!(tokio::time::Instant::now() < deadline, "no view was slowed");
        let before = other.model.deltas;
        moves();
        other.until("the move", |model| model.deltas > before).await;
        while client.reads_now() {}
    }
    let slowed = told(&client.model).len();
    assert!(told(&client.model).iter().all(|qos| qos.reason == "tenant_bytes" && qos.hz <= 1.0));
    let (mine, others) = (client.model.deltas, other.model.deltas);
    let mut rounds = 0;
    while rounds < 40 && told(&client.model).len() == slowed {
        rounds += 1;
        let before = other.model.deltas;
        moves();
        other.until("the move", |model| model.deltas > before).await;
        while client.reads_now() {}
    }
    let (mine, others) = ((client.model.deltas - mine) / views.len(), other.model.deltas - others);
    assert!(mine * 2 <= others, "{mine} deltas for each view, {others} for another tenant's");
    live.relay().publish(vec![universe.tells(member)]);
    client.until("the event", |model| model.events.len() == 1).await;
    client.until("the usual rate, said once a view", |model| told(model).len() >= slowed + views.len()).await;
    assert!(told(&client.model)[slowed..slowed + views.len()].iter().all(|qos| qos.reason == "tenant_bytes" && qos.hz > 1.0));
    for view in &views {
        let newest = other.model.items("a");
        client.until("the newest", |model| model.items(view) == newest).await;
    }
    assert!(told(&other.model).is_empty() && client.closed.is_none() && client.model.errors.is_empty());
}

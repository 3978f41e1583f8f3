//! Whatever is lost on the way (hand-overs, actors, connections, processes, a reader's time), a client never takes a gap, and ends with the truth: in both encodings.

use std::sync::Arc;

use actors::{
    Drill, MapQuery, Target,
    wire::{Encoding, Layer},
};
use domain::{BBox, HomeFilter, MemberId, StreamName};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{
    client::{BARCELONA, Client},
    universe::{CITY, TENANT, Universe, home, quick},
};

const MEMBER: MemberId = MemberId(Uuid::from_u128(7));

#[derive(Clone, Debug)]
enum Step {
    /// A home is put somewhere; whether the relay hears of it.
    Put {
        n: u8,
        lat: u8,
        lng: u8,
        told: bool,
    },
    Remove {
        n: u8,
        told: bool,
    },
    /// Something happens on the member's own stream.
    Tell {
        told: bool,
    },
    /// The client reads so many writes, if they are there.
    Read(u8),
    /// The connection breaks, and what was on its way is lost.
    Break,
    /// Looks elsewhere.
    Pan {
        zoom: u8,
    },
    /// Another process takes over; what was on its way is lost.
    Restart,
    Drill {
        panic: bool,
        what: u8,
    },
    /// Everybody gets to run.
    Yield(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..60u8, any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(n, lat, lng, told)| Step::Put { n, lat, lng, told }),
        3 => (0..60u8, any::<bool>()).prop_map(|(n, told)| Step::Remove { n, told }),
        3 => any::<bool>().prop_map(|told| Step::Tell { told }),
        6 => (1..5u8).prop_map(Step::Read),
        2 => Just(Step::Break),
        1 => (8..16u8).prop_map(|zoom| Step::Pan { zoom }),
        1 => Just(Step::Restart),
        1 => (any::<bool>(), 0..4u8).prop_map(|(panic, what)| Step::Drill { panic, what }),
        6 => (1..30u8).prop_map(Step::Yield),
    ]
}

async fn run(encoding: Encoding, steps: Vec<Step>) {
    let universe = Arc::new(Universe::default());
    universe.changes(CITY, vec![home(1, 41.40, 2.10)], Vec::new());
    let mut live = universe.live(quick());
    let mut relay = live.relay();
    let mut client = Client::comes_speaking(encoding, &live, Some(MEMBER)).await;
    let mut zoom = 12.0;
    client.looks("map", BARCELONA, zoom);
    client.says_json(json!({"t": "subscribe", "stream": "member:self", "since": 0}));
    client.until("the beginning", |model| model.is_whole("map") && !model.caught_up.is_empty()).await;
    let mut told_events = 0;
    for step in steps {
        match step {
            Step::Put { n, lat, lng, told } => {
                let at = (41.31 + f64::from(lat) / 256.0 * 0.15, 2.06 + f64::from(lng) / 256.0 * 0.18);
                let event = universe.changes(CITY, vec![home(u128::from(n) + 1, at.0, at.1)], Vec::new());
                relay.publish(if told { vec![event] } else { Vec::new() });
            }
            Step::Remove { n, told } => {
                let event = universe.changes(CITY, Vec::new(), vec![home(u128::from(n) + 1, 41.4, 2.1).id]);
                relay.publish(if told { vec![event] } else { Vec::new() });
            }
            Step::Tell { told } => {
                told_events += 1;
                let event = universe.tells(MEMBER);
                relay.publish(if told { vec![event] } else { Vec::new() });
            }
            Step::Read(writes) => {
                for _ in 0..writes {
                    client.reads_now();
                }
            }
            Step::Break => client.breaks(&live, Some(json!({"view": "map", "bbox": BARCELONA, "zoom": zoom}))).await,
            Step::Restart => {
                live = universe.live(quick());
                relay = live.relay();
                client.breaks(&live, Some(json!({"view": "map", "bbox": BARCELONA, "zoom": zoom}))).await;
            }
            Step::Pan { zoom: to } => {
                zoom = f64::from(to);
                client.looks("map", BARCELONA, zoom);
            }
            Step::Drill { panic, what } => {
                let target = match what {
                    0 => Target::Relay,
                    1 => Target::World(TENANT),
                    2 => Target::City(TENANT, CITY),
                    _ => Target::Inbox(TENANT, StreamName::Member(MEMBER)),
                };
                live.drill(target, if panic { Drill::Panic } else { Drill::Kill });
            }
            Step::Yield(times) => {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    // One more home, so that there is an end to wait for.
    let last = home(999, 41.45, 2.21);
    relay.publish(vec![universe.changes(CITY, vec![last], Vec::new())]);
    let truth = universe.homes(CITY).len() as u64;
    let [south, west, north, east] = BARCELONA;
    let bbox = BBox::new(south, west, north, east).unwrap();
    let query = || MapQuery { bbox, zoom, layers: Layer::ALL.to_vec(), filter: HomeFilter::default() };
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(8);
    loop {
        let now = live.snapshot(TENANT, query()).await.unwrap();
        let same = client.model.views.get("map").is_some_and(|view| {
            now.homes == truth
                && now.scopes.len() == view.scopes.len()
                && now.scopes.iter().all(|scope| {
                    let tiles = super::model::tiles(&scope.tiles);
                    view.scopes.get(&scope.scope).is_some_and(|held| held.level == scope.level && super::model::without_empty(&held.tiles) == tiles)
                })
        });
        if same && client.model.events.len() == told_events {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{encoding:?}: {truth} homes, {told_events} events; the server says {} homes in {:?}; held {:#?}",
            now.homes,
            now.scopes,
            client.model
        );
        if !client.reads_now() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
    assert!(client.model.events.iter().map(|(_, seq, _)| *seq).eq(1..=told_events as u64), "each event once, in order");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 12, ..ProptestConfig::default() })]
    #[test]
    fn no_loss_makes_a_gap(steps in proptest::collection::vec(step(), 1..60)) {
        for encoding in Encoding::ALL {
            actix::System::new().block_on(run(encoding, steps.clone()));
        }
    }
}

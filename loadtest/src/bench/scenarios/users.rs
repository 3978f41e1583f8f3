//! The product beside its baseline, the same program without its memory, under users who follow one script.

use anyhow::{Context, Result};

use super::{Bench, Scenario};
use crate::{
    bench::{
        Outcome, Running, Target, Wanted,
        subject::{Figures, medians},
    },
    users::{ANSWERS, BORNE, HITS, Scene, Users, script},
};

pub const SCENARIO: Scenario = Scenario { name: "users", title: "Users at equal p95, beside a baseline", run };

const PRODUCT: &str = "Posada";
const BASELINE: &str = "Posada --plain";

fn run(bench: &Bench) -> Running<'_> {
    Box::pin(measure(bench))
}

async fn measure(bench: &Bench) -> Result<Outcome> {
    let (homes, rounds) = (bench.pick("20000", "5000"), bench.pick(3, 1));
    let settings = Users { p95_ms: 50.0, think_ms: 1000, seconds: bench.pick(4, 2), most: bench.pick(8_000, 2_000), sessions: bench.pick(256, 32), seed: 93 };
    let mut servers = Vec::new();
    for (name, place, plain) in [(PRODUCT, "users", false), (BASELINE, "users-plain", true)] {
        bench.posada.prepare(place, &[&["demo", "--homes", homes]]).await.context(name)?;
        let told = [("demo.homes", homes.to_owned()), ("plain", plain.to_string())];
        servers.push(bench.posada.start(&bench.cores, place, &told).await.context(name)?);
    }
    let mut scenes = Vec::new();
    for server in &servers {
        scenes.push((Scene::open(&server.target, &settings).await?, Vec::<Figures>::new()));
    }
    for _ in 0..rounds {
        for (scene, seen) in &mut scenes {
            seen.push(scene.round().await?.into_iter().collect());
        }
    }
    let rows = [PRODUCT, BASELINE].into_iter().zip(&scenes).map(|(name, (_, seen))| (name.to_owned(), medians(seen))).collect();
    drop(scenes);
    for server in servers {
        server.stop().await?;
    }
    let mut outcome = Outcome {
        about: format!(
            "The same program twice, once as it is and once with `--plain`: no actors, no caches, every view and read from Postgres. {homes} homes each. \
             Users follow one script (`loadtest/src/users/script.rs`): {} reads a visit (the world, a city, five looks to the side, a filter, lists, a home, \
             own stays), and in one visit of {} a request with its answer, so 2 writes in {} reads; they think {} ms on average between \
             requests, drawn from seed {}, and share {} sessions. By HTTP, on both. Users: the most of whom 95 of 100 answers come within {} ms, found by doubling and \
             halving, to an eighth, at most {}. Then 64 users who do not think. {rounds} rounds in turn, medians. Postgres, which does the baseline's work, has the load \
             test's core beside.",
            script::READS,
            script::VISITS_PER_REQUEST,
            script::VISITS_PER_REQUEST * script::READS as u64,
            settings.think_ms,
            settings.seed,
            settings.sessions,
            settings.p95_ms,
            settings.most,
        ),
        rows,
        pictures: vec![BORNE, ANSWERS],
        ..Outcome::default()
    };
    for (figure, least) in [(BORNE, 5.0), (ANSWERS, 3.0)] {
        let measured = outcome.of(PRODUCT, figure)? / outcome.of(BASELINE, figure)?;
        outcome.targets.push(Target { what: format!("{figure}: {PRODUCT} / {BASELINE}"), wanted: Wanted::AtLeast(least), measured });
    }
    outcome.bound(HITS, PRODUCT, Wanted::AtLeast(99.07))?;
    Ok(outcome)
}

//! The counts of cities are kept with every change, whoever changes what at the same time: they equal a recount.

use serde_json::json;

use super::{counts, draft_with, listed, told};
use crate::harness::TestApp;

/// Numbers of a fixed sequence (xorshift): the same run every time.
fn chance(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[actix_web::test]
async fn after_random_concurrent_changes_counts_equal_a_recount() {
    let app = TestApp::spawn().await;
    let mut hosts = Vec::new();
    for _ in 0..6 {
        hosts.push(app.host().await);
    }
    let cities = [(41.3917, 2.1649), (40.4168, -3.7038), (48.8566, 2.3522)];
    let work = hosts.iter().enumerate().map(|(n, host)| async move {
        let mut seed = 0x9e37_79b9_7f4a_7c15 ^ (n as u64 + 1);
        let mut homes: Vec<String> = Vec::new();
        for _ in 0..40 {
            let (lat, lng) = cities[chance(&mut seed) as usize % cities.len()];
            let pick = chance(&mut seed) as usize;
            match (chance(&mut seed) % 5, homes.is_empty()) {
                (0, _) | (_, true) => {
                    let home = listed(host, &draft_with(json!({"position": {"lat": lat, "lng": lng}, "city": null}))).await;
                    homes.push(home["id"].as_str().unwrap().to_owned());
                }
                (1, _) => drop(host.put(&format!("/api/v1/homes/{}/position", homes[pick % homes.len()]), &json!({"lat": lat, "lng": lng})).await),
                (2, _) => drop(host.post(&format!("/api/v1/homes/{}/pause", homes[pick % homes.len()]), &json!(null)).await),
                (3, _) => drop(host.post(&format!("/api/v1/homes/{}/resume", homes[pick % homes.len()]), &json!(null)).await),
                _ => drop(host.post(&format!("/api/v1/homes/{}/retire", homes[pick % homes.len()]), &json!(null)).await),
            }
        }
    });
    futures_util::future::join_all(work).await;
    let (kept, recount) = counts(&app).await;
    assert!(!kept.is_empty());
    assert_eq!(kept, recount);
    let mine: Vec<(i64, uuid::Uuid, i32)> =
        sqlx::query_as("select city_id, host_id, homes from city_hosts where homes > 0 order by 1, 2").fetch_all(app.owner()).await.unwrap();
    let counted: Vec<(i64, uuid::Uuid, i32)> =
        sqlx::query_as("select city_id, host_id, count(*)::integer from homes where status = 'active' group by 1, 2 order by 1, 2")
            .fetch_all(app.owner())
            .await
            .unwrap();
    assert_eq!(mine, counted);
    // The last event of each stream carries the counts as they are.
    for (city, homes, hosts) in &recount {
        let last = told(&app, &format!("city:{city}")).await.pop().unwrap().1;
        assert_eq!(last["counts"], json!({"homes": homes, "hosts": hosts}), "city {city}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn no_path_to_the_table_can_forget_the_counts() {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    for n in 0..5 {
        listed(&host, &draft_with(json!({"title": format!("Home {n}")}))).await;
    }
    let mut one = app.owner().acquire().await.unwrap();
    for change in [
        "update homes set status = 'suspended' where title in ('Home 0', 'Home 1')",
        "update homes set status = 'active' where title = 'Home 1'",
        "delete from rooms where home_id in (select id from homes where title = 'Home 4')",
        "delete from homes where title = 'Home 4'",
        "update homes set title = title || '!'",
    ] {
        sqlx::query(change).execute(&mut *one).await.unwrap();
        let (kept, recount) = counts(&app).await;
        assert_eq!(kept, recount, "after {change}");
    }
    drop(one);
    app.stop().await;
}

use std::collections::BTreeSet;

use posada::validate::asked_for;

use super::workload::one_of_everything;
use crate::harness::{Client, TENANT, TestApp, eventually};

/// The series that a scrape shows, histograms by their own name.
async fn scraped(app: &TestApp) -> BTreeSet<String> {
    let text = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_dashboard_and_rules_ask_for_is_on_the_running_server() {
    let app = TestApp::spawn().await;
    one_of_everything(&app).await;
    let asked: BTreeSet<String> = posada::validate::SHIPPED.iter().flat_map(|(name, text)| asked_for(name, text).unwrap()).collect();
    assert!(asked.len() > 50, "{asked:?}");
    let missing = async || {
        let shown = scraped(&app).await;
        asked.iter().filter(|name| !shown.contains(*name)).cloned().collect::<Vec<_>>()
    };
    // What was sent is measured when the socket has taken it: a moment later.
    eventually(missing, Vec::is_empty).await;
    app.stop().await;
}

/// Requests, queries, caches, mailboxes, sockets, stays, places and errors: each is counted as what it was.
#[tokio::test]
async fn what_happened_is_counted_by_what_it_was() {
    let app = TestApp::spawn().await;
    one_of_everything(&app).await;
    let counted = [
        r#"posada_health{component="actor relay"}"#,
        r#"posada_health{component="process"}"#,
        r#"posada_health{component="database"}"#,
        r#"posada_http_requests_total{method="POST",route="/api/v1/homes",status="2xx"}"#,
        r#"posada_db_query_seconds_count{query="select keep_request"}"#,
        r#"posada_db_query_seconds_count{query="commit"}"#,
        r#"posada_cache_lookups_total{cache="principals",outcome="hit"}"#,
        r#"posada_live_messages_total{actor="city"}"#,
        r#"posada_live_messages_total{actor="hub"}"#,
        r#"posada_live_mailbox_peak{actor="inbox"}"#,
        r#"posada_stays_total{state="requested"}"#,
        r#"posada_stays_total{state="approved"}"#,
        r#"posada_stays_total{state="declined"}"#,
        r#"posada_gazetteer_lookup_seconds_count{asked="position",outcome="found"}"#,
        r#"posada_gazetteer_lookup_seconds_count{asked="box",outcome="found"}"#,
        r#"posada_problems_total{type="not-found",status="4xx"}"#,
        r#"posada_schedule_last_done_timestamp_seconds{task="expire_stays"}"#,
    ];
    let missing = async || {
        let text = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
        let above_zero = |series: &str| text.lines().any(|line| line.strip_prefix(series).is_some_and(|value| value.trim().parse::<f64>().unwrap() > 0.0));
        counted.iter().filter(|series| !above_zero(series)).collect::<Vec<_>>()
    };
    eventually(missing, Vec::is_empty).await;
    app.stop().await;
}

#[tokio::test]
async fn tenants_have_figures_of_their_own_and_only_there() {
    let app = TestApp::spawn().await;
    app.make_tenant("elsewhere").await;
    one_of_everything(&app).await;
    app.visitor().in_tenant("elsewhere").get("/api/v1/cities/3128760/homes").await.expect(200);
    let door = Client::new(app.metrics_address());
    let text = door.get("/metrics/tenants").await.expect(200).text();
    let of = |name: &str, tenant: &str| {
        let series = format!("{name}{{tenant=\"{tenant}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&series)?.parse::<f64>().ok()).unwrap_or_else(|| panic!("no {series} in {text}"))
    };
    assert!(of("posada_tenant_requests_total", TENANT) > 5.0);
    assert!(of("posada_tenant_snapshots_total", TENANT) >= 1.0);
    assert_eq!(of("posada_tenant_requests_total", "elsewhere"), 1.0);
    assert_eq!((of("posada_tenant_connections", "elsewhere"), of("posada_tenant_failures_total", TENANT)), (0.0, 0.0));
    let aggregate = door.get("/metrics").await.expect(200).text();
    assert!(!aggregate.contains("elsewhere") && !aggregate.contains("tenant=\""));
    app.stop().await;
}

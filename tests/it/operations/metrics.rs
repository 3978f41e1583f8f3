use std::collections::BTreeSet;

use posada::validate::asked_for;

use crate::harness::{Client, TestApp};

/// The series that a scrape shows, histograms by their own name.
async fn scraped(app: &TestApp) -> BTreeSet<String> {
    let text = Client::new(app.metrics_address()).get("/metrics").await.expect(200).text();
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_the_dashboard_asks_for_is_on_the_running_server() {
    let app = TestApp::spawn().await;
    let _ = app.visitor().get("/health/live").await.expect(200);
    let shown = scraped(&app).await;
    let (_, text) = posada::validate::SHIPPED[0];
    let asked = asked_for(&serde_json::from_str(text).unwrap());
    assert!(asked.len() > 25, "{asked:?}");
    // What has to happen before it can be measured: somebody looks at the map, a host approves.
    let only_in_use =
        |name: &str| name.starts_with("posada_live_") && !name.ends_with("_total") || ["posada_approvals_batch_size", "posada_command_seconds"].contains(&name);
    let missing: Vec<&String> = asked.iter().filter(|name| !shown.contains(*name) && !only_in_use(name)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "{shown:?}");
    app.stop().await;
}

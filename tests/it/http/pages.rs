//! The page and its files, the document and its viewer.

use crate::harness::TestApp;

#[tokio::test]
async fn every_path_of_the_page_is_the_page() {
    let app = TestApp::spawn().await;
    let index = app.visitor().get("/").await.expect(200);
    assert!(index.header("content-type").unwrap().starts_with("text/html"), "{:?}", index.header("content-type"));
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    for path in ["/t/demo/", "/t/demo", "/cities/barcelona-es", "/t/demo/homes/new", "/t/nobody/"] {
        assert_eq!(app.visitor().get(path).await.expect(200).body, index.body, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn files_with_a_hash_in_their_name_are_kept_for_ever_and_come_compressed() {
    let app = TestApp::spawn().await;
    let index = app.visitor().get("/").await.expect(200).text();
    let script = index.split("src=\"").filter_map(|part| part.split('"').next()).find(|src| src.contains("assets/")).expect("a script in the page");
    let path = format!("/{}", script.trim_start_matches(['.', '/']));
    let plain = app.visitor().get(&path).await.expect(200);
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(plain.header("content-type").unwrap().contains("javascript"));
    let packed = app.visitor().with("Accept-Encoding", "gzip, br;q=0").get(&path).await.expect(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 2 < plain.body.len());
    let tag = plain.header("etag").unwrap().to_owned();
    let _ = app.visitor().with("If-None-Match", tag).get(&path).await.expect(304);
    app.stop().await;
}

#[tokio::test]
async fn the_base_map_comes_from_us() {
    let app = TestApp::spawn().await;
    let map = app.visitor().get("/basemap/countries-50m.json").await.expect(200);
    assert_eq!(map.header("content-type"), Some("application/json"));
    assert!(map.json()["objects"].is_object());
    assert_eq!(map.body, app.visitor().get("/t/demo/basemap/countries-50m.json").await.expect(200).body);
    app.stop().await;
}

#[tokio::test]
async fn the_viewer_and_all_it_needs_are_built_in() {
    let app = TestApp::spawn().await;
    let moved = app.visitor().get("/docs").await.expect(308);
    assert_eq!(moved.header("location"), Some("docs/"));
    let viewer = app.visitor().get("/docs/").await.expect(200).text();
    let sources = viewer.split(['"', '\'']).filter(|part| [".js", ".css", ".png"].iter().any(|end| part.ends_with(end)));
    for source in sources {
        assert!(!source.contains("//"), "{source} is not ours");
        let _ = app.visitor().get(&format!("/docs/{}", source.trim_start_matches("./"))).await.expect(200);
    }
    assert!(!viewer.contains("<style") && !viewer.contains("onload"), "nothing inline, or our policy blocks it");
    app.visitor().get("/docs/none.js").await.problem(404, "not-found");
    app.stop().await;
}

#[tokio::test]
async fn a_tenants_tile_host_is_let_in_for_that_tenant_only() {
    let app = TestApp::spawn().await;
    app.make_tenant("tiled").await;
    sqlx::query("update tenants set tile_url = 'https://{s}.tiles.example/{z}/{x}/{y}.png' where slug = 'tiled'").execute(app.owner()).await.unwrap();
    let policy = |path: &'static str| {
        let client = app.visitor();
        async move { client.get(path).await.header("content-security-policy").unwrap().to_owned() }
    };
    assert!(policy("/t/tiled/").await.contains("img-src 'self' data: blob: https://*.tiles.example;"));
    assert!(policy("/t/tiled/api/v1/tenant").await.contains("tiles.example"));
    assert!(!policy("/t/demo/").await.contains("tiles.example"));
    app.stop().await;
}

//! The baseline says what the product says: the same database, two servers, every kind of look at the map.

use serde_json::Value;

use crate::harness::{
    Client, TENANT, TestApp,
    program::{Program, Serving},
};

/// Copies of the homes that were listed, scattered around them: of every kind, some paused, some without a price, some with nights taken.
const COPIES: &str = "
    select setseed(0.93);
    create temporary table copies as
    select h.tenant_id, gen_random_uuid() as id, h.host_id, h.city_id, n, h.cell, h.lat, h.lng,
           h.public_lat + (random() + random() - 1) * 0.07 as public_lat, h.public_lng + (random() + random() - 1) * 0.07 as public_lng
    from homes h cross join lateral generate_series(1, h.price) as n;
    update copies set public_lng = public_lng - 360 where public_lng > 180;
    update copies set public_lng = public_lng + 360 where public_lng < -180;
    insert into homes (tenant_id, id, host_id, city_id, status, kind, offer, title, guests, price, currency, lat, lng, public_lat, public_lng, cell)
    select tenant_id, id, host_id, city_id, case when n % 11 = 0 then 'paused' else 'active' end,
           (array['apartment', 'house', 'hotel', 'loft', 'cabin', 'boat'])[1 + n % 6], 'entire_place', 'Home \"' || n || '\", quiet', 1 + n % 5,
           case when n % 7 > 0 then 1000 + n end, case when n % 7 > 0 then (array['EUR', 'USD'])[1 + n % 2] end, lat, lng, public_lat, public_lng, cell
    from copies;
    insert into rooms (tenant_id, id, home_id, name, guests) select tenant_id, gen_random_uuid(), id, 'One', 2 from copies;
    insert into rooms (tenant_id, id, home_id, name, guests) select tenant_id, gen_random_uuid(), id, 'Two', 2 from copies where n % 4 = 0;
    insert into stays (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, message, state, answer_by)
    select c.tenant_id, r.id, c.id, r.id, c.host_id, c.host_id, current_date + n % 5, current_date + n % 5 + 3, 1, 'Hello', 'approved', now()
    from copies c join rooms r on r.tenant_id = c.tenant_id and r.home_id = c.id where n % 3 = 0;
    insert into stay_nights (tenant_id, stay_id, room_id, arrive, leave) select tenant_id, id, room_id, arrive, leave from stays;
    drop table copies;
    analyze homes;";

const FILTERS: [&str; 6] =
    ["", "&kinds=house,boat", "&guests=4", "&currency=EUR&price_max=1500", "&currency=USD&price_min=1100", "&kinds=loft&guests=2&currency=EUR"];

/// A community with homes in two neighbouring cities, in a third far away, and on the date line. A home's price says how many there will be.
async fn settled() -> TestApp {
    let app = TestApp::spawn().await;
    let host = app.host().await;
    for (lat, lng, copies) in [(41.39, 2.17, 1500), (41.45, 2.245, 350), (52.52, 13.40, 700), (-16.80, 179.99, 60)] {
        let home = serde_json::json!({ "kind": "loft", "offer": "entire_place", "title": "First", "description": "", "guests": 2,
            "price": { "amount": copies, "currency": "EUR" }, "position": { "lat": lat, "lng": lng } });
        let _ = host.post("/api/v1/homes", &home).await.expect(201);
    }
    sqlx::raw_sql(COPIES).execute(app.owner()).await.unwrap();
    app
}

async fn baseline(app: &TestApp) -> Serving {
    Program::beside(app).starts(&["--plain"]).await
}

/// Without what names a build, and without cities that show nothing: the product names those whose homes are all around the view, too.
fn shown(mut map: Value) -> Value {
    let scopes = map["scopes"].as_array_mut().unwrap();
    scopes.retain(|scope| scope["total"]["n"] != 0);
    for scope in scopes {
        let scope = scope.as_object_mut().unwrap();
        assert!(scope.remove("epoch").is_some() && scope.remove("tick").is_some());
    }
    map
}

async fn same(product: &Client, plain: &Client, path: &str) -> Value {
    let (a, b) = (product.get(path).await.expect(200).json(), plain.get(path).await.expect(200).json());
    let (a, b) = if path.starts_with("/api/v1/map?") { (shown(a), shown(b)) } else { (a, b) };
    assert_eq!(a, b, "{path}");
    a
}

/// Boxes of some pixels around places with homes, beside them and far from any, at every zoom.
fn views() -> Vec<String> {
    let places = [(41.39, 2.17), (41.43, 2.23), (41.60, 2.17), (52.52, 13.40), (-16.80, 179.99), (0.0, -30.0)];
    let mut views = Vec::new();
    for zoom in [0.0, 2.0, 5.0, 8.0, 9.0, 10.0, 12.0, 13.5, 15.0, 17.0_f64] {
        for (lat, lng) in places {
            let degrees = 180.0 / 2_f64.powf(zoom);
            let (south, north) = ((lat - degrees * 0.6).max(-85.0), (lat + degrees * 0.6).min(85.0));
            views.push(format!("bbox={south},{},{north},{}&zoom={zoom}", lng - degrees, lng + degrees));
        }
    }
    views
}

#[tokio::test]
async fn the_baseline_shows_what_the_product_shows() {
    let app = settled().await;
    let plain = baseline(&app).await;
    let (product, other) = (app.visitor(), plain.client().in_tenant(TENANT));
    let in_days = |days: i64| (time::OffsetDateTime::now_utc().date() + time::Duration::days(days)).to_string();
    let nights = format!("&free_from={}&free_to={}", in_days(2), in_days(4));
    let filters: Vec<&str> = FILTERS.into_iter().skip(1).chain([&*nights]).collect();
    let (mut clusters, mut homes, mut worlds) = (0, 0, 0);
    for (n, view) in views().into_iter().enumerate() {
        // Every view as it is, and through one of the filters in turn.
        for filter in ["", filters[n % filters.len()]] {
            let map = same(&product, &other, &format!("/api/v1/map?{view}{filter}")).await;
            for scope in map["scopes"].as_array().unwrap().iter().filter(|scope| scope["total"]["n"] != 0) {
                match (scope["scope"].as_str().unwrap(), scope["mode"].as_str().unwrap()) {
                    ("world", _) => worlds += 1,
                    (_, "clusters") => clusters += 1,
                    _ => homes += 1,
                }
            }
        }
    }
    assert!(worlds > 20 && clusters > 5 && homes > 20, "every kind of view was compared: {worlds} {clusters} {homes}");
    plain.kill();
    app.stop().await;
}

#[tokio::test]
async fn the_baseline_finds_what_the_product_finds() {
    let app = settled().await;
    let plain = baseline(&app).await;
    let (product, other) = (app.visitor(), plain.client().in_tenant(TENANT));
    for filter in FILTERS {
        let near = same(&product, &other, &format!("/api/v1/map/nearest?lat=41.42&lng=2.2&limit=40{filter}")).await;
        assert_eq!(near["items"].as_array().unwrap().len(), 40);
        // From the other side of the Earth, and over the date line.
        same(&product, &other, &format!("/api/v1/map/nearest?lat=-41.4&lng=-177.8&limit=70{filter}")).await;
        same(&product, &other, &format!("/api/v1/map/nearest?lat=-16.9&lng=-179.95&limit=20{filter}")).await;
        for (lat, lng, metres) in [(41.40, 2.19, 3_000), (-16.8, -179.99, 20_000), (48.0, 8.0, 1_200_000)] {
            let within = same(&product, &other, &format!("/api/v1/map/within?lat={lat}&lng={lng}&radius_m={metres}&limit=30{filter}")).await;
            assert!(!filter.is_empty() || within["total"].as_u64().unwrap() > 0, "{lat} {lng}");
        }
        for bbox in ["41.3,2.1,41.5,2.3", "-17,179.9,-16.5,-179.9", "-85,-180,85,180"] {
            same(&product, &other, &format!("/api/v1/map/homes?bbox={bbox}&limit=60{filter}")).await;
        }
    }
    plain.kill();
    app.stop().await;
}

#[tokio::test]
async fn the_baseline_keeps_nothing_and_has_no_live_map() {
    let app = TestApp::spawn_with(|config| config.plain = true).await;
    let (visitor, host) = (app.visitor(), app.host().await);
    const VIEW: &str = "/api/v1/map?bbox=41.3,2.1,41.5,2.3&zoom=12";
    let tag = visitor.get(VIEW).await.expect(200).header("etag").unwrap().to_owned();
    let _ = visitor.clone().with("If-None-Match", &*tag).get(VIEW).await.expect(304);
    let home = serde_json::json!({ "kind": "loft", "offer": "entire_place", "title": "One", "description": "", "guests": 2, "price": null,
        "position": { "lat": 41.39, "lng": 2.17 } });
    let _ = host.post("/api/v1/homes", &home).await.expect(201);
    let now = visitor.clone().with("If-None-Match", &*tag).get(VIEW).await.expect(200).json();
    assert_eq!(now["total"]["homes"], 1, "what was committed is there at once: {now}");
    visitor.get("/live/events").await.problem(501, "no-live-map");
    // Behind the server's back: whoever kept who may see the map would go on showing it.
    sqlx::query("update tenants set public_map = false").execute(app.owner()).await.unwrap();
    visitor.get(VIEW).await.problem(404, "tenant-unknown");
    let _ = host.get(VIEW).await.expect(200);
    let health = app.app().live.health();
    assert_eq!((health.worlds, health.cities, health.hubs), (0, 0, 0), "{health:?}");
    app.stop().await;
}

//! The clock of the server's machine jumps by days, while it runs: nothing is decided by it. Needs libfaketime (`apt-get install faketime`).

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::harness::{BARCELONA, Client, TENANT, TestApp, Watcher, eventually, program::Program};

fn library() -> Option<PathBuf> {
    fs::read_dir("/usr/lib").ok()?.flatten().map(|dir| dir.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists())
}

async fn clock(client: &Client) -> Value {
    let report = client.get("/health/deep").await.json();
    report["components"].as_array().unwrap().iter().find(|c| c["component"] == "clock").cloned().unwrap()
}

#[actix_web::test]
async fn a_jump_of_the_machines_clock_ends_nothing_and_is_said() {
    let Some(library) = library() else {
        println!("SKIPPED: libfaketime is not here (`apt-get install faketime`): a clock that jumps was not tried");
        return;
    };
    let mut app = TestApp::spawn().await;
    let (host, guest) = (app.host().await, app.guest().await);
    let home = json!({"kind": "apartment", "offer": "entire_place", "title": "Here", "description": "", "guests": 2,
        "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": 41.40, "lng": 2.17}, "city": 3_128_760});
    let home = host.post("/api/v1/homes", &home).await.expect(201).json();
    // From here on only the server whose clock jumps works on this database.
    app.kill().await;
    let jump = std::env::temp_dir().join(format!("posada-clock-{}", uuid::Uuid::now_v7()));
    fs::write(&jump, "+0").unwrap();
    let environment = [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", jump.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // A wall clock jumps, the monotonic one never does.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let server = Program::beside(&app).with(environment).starts(&[]).await;
    let token = host.token.clone();
    let (host, guest) = (host.at(server.address), guest.at(server.address));
    let today = time::OffsetDateTime::now_utc().date();
    // Far enough away to be ahead of every clock below.
    let day = |n: i64| (today + time::Duration::days(100 + n)).to_string();
    let ask = |n| json!({"arrive": day(n), "leave": day(n + 2), "guests": 1, "message": "Hello"});
    let path = format!("/api/v1/homes/{}/stays", home["id"].as_str().unwrap());
    let stay = guest.post(&path, &ask(10)).await.expect(201).json();
    let mut watcher = Watcher::opens_at(server.address, TENANT, &[]).await;
    watcher.hello(Vec::new()).await;
    watcher.looks("map", BARCELONA, 12.0).await;

    for offset in ["+40d", "-3d"] {
        fs::write(&jump, offset).unwrap();
        let said = eventually(|| clock(&guest), |clock| clock["state"] == "failing").await;
        assert!(said["detail"].as_str().unwrap().contains("s ahead of the database's"), "{said}");
        let _ = guest.get("/health/ready").await.expect(200);
        // Whoever was somebody is still, on a new connection as on the old one.
        let _ = guest.get("/api/v1/members/me").await.expect(200);
        watcher.settles().await;
        let mut again = host.live(TENANT, Some(&token)).await;
        again.settles().await;
        // The schedule has its turn: what is over ends, and nothing else.
        let over = guest.post(&path, &ask(20)).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        sqlx::query("update stays set answer_by = now() - interval '1 second' where id = $1::uuid").bind(&over).execute(app.owner()).await.unwrap();
        let state =
            async |id: &str| sqlx::query_scalar::<_, String>("select state from stays where id = $1::uuid").bind(id).fetch_one(app.owner()).await.unwrap();
        eventually(|| state(&over), |state| state == "expired").await;
        assert_eq!(state(stay["id"].as_str().unwrap()).await, "requested", "after {offset}");
    }
    fs::write(&jump, "+0").unwrap();
    eventually(|| clock(&guest), |clock| clock["state"] == "well").await;
    let approval = json!({"terms_version": stay["terms_version"]});
    let _ = host.post(&format!("/api/v1/stays/{}/approval", stay["id"].as_str().unwrap()), &approval).await.expect(200);
    server.kill();
    fs::remove_file(jump).unwrap();
    app.stop().await;
}

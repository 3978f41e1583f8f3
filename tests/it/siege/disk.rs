//! The disk of the embedded Postgres is full: changes are refused with a clear word, the map and reading go on, nothing acknowledged is
//! lost, and with room again all is well by itself. Needs root, for a file system of its own to fill.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::harness::{Client, eventually, program::Program};

const SIZE: &str = "size=230m";

/// A small file system on a directory; gone when dropped.
struct Small(PathBuf);

impl Small {
    fn over(dir: &Path) -> Option<Self> {
        std::fs::create_dir_all(dir).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(dir).output().ok()?;
        mounted.status.success().then(|| Self(dir.to_owned()))
    }

    /// Takes all the room there is.
    fn fill(&self) -> PathBuf {
        let ballast = self.0.join("ballast");
        let file = File::create(&ballast).unwrap();
        let free = || rustix::fs::statvfs(&self.0).map(|stat| stat.f_bavail * stat.f_frsize).unwrap();
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, free()).unwrap();
        assert_eq!(free(), 0);
        ballast
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0); // What watches over it could only empty it.
    }
}

fn home(n: usize) -> Value {
    json!({"kind": "apartment", "offer": "entire_place", "title": format!("Home {n}"), "description": "x".repeat(950), "guests": 2,
        "price": {"amount": 8000, "currency": "EUR"}, "position": {"lat": 41.40, "lng": 2.17}, "city": 3_128_760})
}

#[actix_web::test]
async fn a_full_disk_refuses_changes_and_loses_nothing() {
    let program = Program::new();
    let Some(small) = Small::over(&program.dir) else {
        println!("SKIPPED: no file system can be mounted here (run as root, `mount -t tmpfs`): a full disk was not tried");
        return;
    };
    // Also when this fails: what runs on the disk ends, and then the disk.
    let (small, program) = (small, program);
    let serving = program.serve();
    let opened = program.run(&["tenant", "create", "demo", "--name", "Demo", "--public-map", "--open"]);
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let visitor = serving.client().in_tenant("demo");
    let account = json!({"email": "host@example.org", "password": "grapefruit tango", "name": "Host", "home_city": 3_128_760, "roles": ["host"]});
    let session = visitor.clone().with("X-Posada-Token", "1").post("/api/v1/accounts", &account).await.expect(201).json();
    let host: Client = visitor.clone().with_token(session["token"].as_str().unwrap());
    let mut watcher = visitor.live("demo", None).await;
    watcher.says_json(json!({"t": "view", "id": "map", "bbox": [41.3, 2.0, 41.5, 2.3], "zoom": 13, "layers": ["homes"]})).await;

    let mut kept = Vec::new();
    for n in 0..3 {
        kept.push(host.post("/api/v1/homes", &home(n)).await.expect(201).json()["id"].as_str().unwrap().to_owned());
    }
    let ballast = small.fill();
    let mut refused = None;
    for n in 0..600 {
        let answer = host.post("/api/v1/homes", &home(n)).await;
        match answer.status {
            201 => kept.push(answer.json()["id"].as_str().unwrap().to_owned()),
            _ => {
                refused = Some(answer);
                break;
            }
        }
    }
    let refused = refused.expect("the disk is full");
    println!("{} homes, then {}", kept.len(), refused.text());
    assert_eq!(refused.header("retry-after"), Some("30"));
    refused.problem(507, "database-full");
    // Reading and the live map go on; health says what is wrong, and that people may still come.
    let _ = visitor.get(&format!("/api/v1/homes/{}", kept[0])).await.expect(200);
    let _ = visitor.get("/api/v1/map?bbox=41.3,2.0,41.5,2.3&zoom=13").await.expect(200);
    watcher.settles().await;
    let disk = |report: &Value| report["components"].as_array().and_then(|all| all.iter().find(|c| c["component"] == "disk").cloned()).unwrap_or_default();
    eventually(|| async { disk(&visitor.get("/health/deep").await.json()) }, |disk| disk["state"] == "failing").await;
    let _ = visitor.get("/health/ready").await.expect(200);

    std::fs::remove_file(ballast).unwrap();
    let after = eventually(|| async { host.post("/api/v1/homes", &home(9_999)).await }, |answer| answer.status == 201).await;
    kept.push(after.json()["id"].as_str().unwrap().to_owned());
    for id in &kept {
        let _ = visitor.get(&format!("/api/v1/homes/{id}")).await.expect(200);
    }
    drop(watcher);
    assert_eq!(serving.end(), Some(0));
}

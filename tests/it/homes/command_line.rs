//! `posada import homes` and `posada export homes`, as an operator runs them: what they print, write and end with.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use super::{draft, listed, told};
use crate::harness::TestApp;

const HEADER: &str = "id,name,host_id,neighbourhood,latitude,longitude,room_type,price,minimum_nights,number_of_reviews,availability_365\n";

/// A directory of one test, gone after it.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("posada-homes-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    fn file(&self, name: &str, text: &[u8]) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        name.to_owned()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn posada(app: &TestApp, dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posada"));
    command.args(arguments).current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.arg("--data-dir").arg(dir.join("data"));
    command.arg("--set").arg(format!("database.url={}", app.database_url("posada_app")));
    command.arg("--set").arg(format!("database.owner_url={}", app.database_url("posada_owner")));
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[actix_web::test]
async fn an_import_reports_what_it_took_and_refused() {
    let (app, dir) = (TestApp::spawn().await, Dir::new());
    let good = "1,Good,7,x,41.4042,2.17306,Entire home/apt,121,1,21,47\n2,Paused,7,x,41.4042,2.17306,Hotel room,50,1,1,0\n";
    let mixed = dir.file("mixed.csv", format!("{HEADER}{good}3,,7,x,41.4,2.17,Private room,50,1,1,1\n").as_bytes());
    let import = ["import", "homes", &mixed, "--tenant", "demo", "--city", "Barcelona"];
    let output = posada(&app, &dir.0, &[&import[..], &["--json"]].concat()).await;
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["report"]["taken"]["new"], &report["refused_rows"], &report["report"]["layout"]), (&2.into(), &1.into(), &"inside_airbnb".into()));
    let refused = std::fs::read_to_string(dir.0.join("mixed.csv.refused.csv")).unwrap();
    assert!(refused.contains("\n4,3,title_empty,"), "{refused}");
    assert_eq!(told(&app, "city:3128760").await.len(), 1);

    let again = posada(&app, &dir.0, &import).await;
    assert!(said(&again).contains("2 as they were") && said(&again).contains("Nothing is made of: neighbourhood"), "{}", said(&again));

    let clean = dir.file("clean.csv", format!("{HEADER}{good}").as_bytes());
    let output = posada(&app, &dir.0, &["import", "homes", &clean, "--tenant", "demo", "--city", "3128760", "--dry-run"]).await;
    assert_eq!((output.status.code(), dir.0.join("clean.csv.refused.csv").exists()), (Some(0), false), "{}", said(&output));
    app.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_done_is_said_in_one_line_with_its_code() {
    let (app, dir) = (TestApp::spawn().await, Dir::new());
    let empty = dir.file("empty.csv", b"");
    let zip = dir.file("homes.xlsx", b"PK\x03\x04....");
    let good = dir.file("good.csv", HEADER.as_bytes());
    let cases: [(&[&str], i32, &str); 9] = [
        (&[&empty, "--tenant", "demo", "--city", "barcelona-es"], 1, "empty"),
        (&[&zip, "--tenant", "demo", "--city", "barcelona-es"], 1, "ZIP archive"),
        (&["absent.csv", "--tenant", "demo", "--city", "barcelona-es"], 1, "absent.csv"),
        (&[&good, "--tenant", "nobody", "--city", "barcelona-es"], 1, "nobody"),
        (&[&good, "--tenant", "demo"], 1, "--city"),
        (&[&good, "--tenant", "demo", "--city", "Atlantis-on-Sea"], 2, "Atlantis"),
        (&[&good, "--tenant", "demo", "--city", "Barcelona"], 2, "one of several cities"),
        (&[&good, "--tenant", "demo", "--city", "Barcelona", "--currency", "DOGE"], 2, "DOGE"),
        (&[&good, "--tenant", "demo", "--city", "barcelona-es", "--host", "nobody@example.org"], 1, "nobody@example.org"),
    ];
    for (arguments, code, word) in cases {
        let output = posada(&app, &dir.0, &[&["import", "homes"], arguments].concat()).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), errors.contains(word)), (Some(code), true), "{arguments:?}: {errors}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn an_export_equals_what_the_server_streams() {
    let (app, dir) = (TestApp::spawn().await, Dir::new());
    let host = app.host().await;
    for _ in 0..3 {
        listed(&host, &draft()).await;
    }
    let served = host.get("/api/v1/homes/export.csv").await.expect(200).text();
    let output = posada(&app, &dir.0, &["export", "homes", "--tenant", "demo"]).await;
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()), (Some(0), served));
    let output = posada(&app, &dir.0, &["export", "homes", "--tenant", "demo", "--format", "geojson", "--guests", "5", "--out", "few.geojson"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let few: Value = serde_json::from_slice(&std::fs::read(dir.0.join("few.geojson")).unwrap()).unwrap();
    assert_eq!(few["features"].as_array().unwrap().len(), 0);
    assert_eq!(posada(&app, &dir.0, &["export", "homes", "--tenant", "demo", "--kinds", "castle"]).await.status.code(), Some(2));
    app.stop().await;
}

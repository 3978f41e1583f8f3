//! What a first start shows: a community that fills by itself, and two people who may sign in.

use posada::demo::{GUEST, HOST, PASSWORD};
use serde_json::{Value, json};

use crate::harness::{eventually, program::Program};

/// As `posada demo` says it, without making any: how many homes the host sees of theirs.
async fn homes_of_the_host(client: &crate::harness::Client) -> usize {
    let session = client.clone().with("X-Posada-Token", "1").post("/api/v1/session", &json!({ "email": HOST, "password": PASSWORD })).await.expect(200).json();
    let host = client.clone().with_token(session["token"].as_str().unwrap());
    host.get("/api/v1/me/homes").await.expect(200).json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_first_start_makes_a_demo_once_and_a_kill_half_way_goes_on() {
    let program = Program::new();
    let homes = ["--set", "demo.homes=900"];
    let first = program.serve_with(&homes);
    let tenant = first.client().get("/api/v1/tenant").await.expect(200).json();
    assert_eq!((&tenant["slug"], &tenant["public_map"], &tenant["sign_up"]), (&json!("demo"), &json!(true), &json!("open")));
    first.kill();

    let second = program.serve_with(&homes);
    let client = second.client();
    let filled = eventually(|| homes_of_the_host(&client), |homes| *homes == 6).await;
    assert_eq!(filled, 6);
    let guest = client.clone().post("/api/v1/session", &json!({ "email": GUEST, "password": PASSWORD })).await;
    assert_eq!(guest.status, 200, "{}", guest.text());

    // Beside the running server: what is missing, and then nothing.
    for _ in 0..2 {
        let made = program.run(&["demo", "--homes", "900", "--json"]);
        assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
        let said: Value = serde_json::from_slice(&made.stdout).unwrap();
        assert_eq!((&said["homes"], &said["host"]), (&json!(900), &json!(HOST)));
    }
    let listed: Value = serde_json::from_slice(&program.run(&["tenant", "list", "--json"]).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(second.end(), Some(0));
}

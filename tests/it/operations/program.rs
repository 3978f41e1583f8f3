//! The program as a process: what a kill leaves behind, what a signal ends, and what the exit codes say.

use std::time::Duration;

use serde_json::Value;

use crate::harness::program::{Program, end};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_killed_server_leaves_a_postgres_that_the_next_one_takes_over_with_all_data() {
    let program = Program::new();
    let first = program.serve();
    let created = program.run(&["tenant", "create", "salsa", "--name", "Salsa", "--json"]);
    assert_eq!(created.status.code(), Some(0), "{}", text(&created.stderr));
    let postgres = program.postgres().expect("the command left the server's Postgres running");
    first.kill();
    assert_eq!(program.postgres(), Some(postgres), "Postgres survives its server");

    let second = program.serve();
    assert_eq!(program.postgres(), Some(postgres), "it was adopted, not doubled");
    let _ = second.client().get("/health/ready").await.expect(200);
    let listed: Value = serde_json::from_slice(&program.run(&["tenant", "list", "--json"]).stdout).unwrap();
    assert_eq!(listed[0]["slug"], "salsa");
    println!("ready after a kill: {:?}", second.ready_after);

    assert_eq!(second.end(), Some(0));
    assert_eq!(program.postgres(), None, "it was stopped with its server");
}

#[tokio::test]
async fn a_killed_postgres_is_started_again_under_the_running_server() {
    let program = Program::new();
    let serving = program.serve();
    let before = program.kill_postgres();
    let client = serving.client();
    let back = || async { (client.get("/health/deep").await.status, program.postgres()) };
    crate::harness::eventually(back, |(status, pid)| *status == 200 && pid.is_some_and(|pid| pid != before)).await;
    assert_eq!(serving.end(), Some(0));
    assert_eq!(program.postgres(), None);
}

#[tokio::test]
async fn a_command_alone_starts_a_postgres_and_stops_it_even_when_it_is_interrupted() {
    let program = Program::new();
    let migrated = program.run(&["migrate", "--json"]);
    assert_eq!(migrated.status.code(), Some(0), "{}", text(&migrated.stderr));
    assert_eq!(program.postgres(), None);
    assert!(program.dir.join("postgres/PG_VERSION").exists());

    // A member's password comes from standard input: without one the command fails, and still cleans up.
    assert_eq!(program.run(&["member", "list", "--tenant", "nobody"]).status.code(), Some(1));
    assert_eq!(program.postgres(), None);

    let mut long = program.begin(&["demo", "--homes", "500000"]);
    crate::harness::eventually(|| async { program.postgres() }, Option::is_some).await;
    assert_eq!(end(&mut long), Some(130));
    assert_eq!(program.postgres(), None);
}

#[tokio::test]
async fn one_directory_has_one_server() {
    let program = Program::new();
    let serving = program.serve();
    let second = program.run(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(4));
    assert!(text(&second.stderr).contains("another server") && text(&second.stderr).contains("POSADA_DATA_DIR"), "{}", text(&second.stderr));
    let _ = serving.client().get("/health/live").await.expect(200);

    let examined = program.run(&["doctor", "--json", "--set", "http.listen=127.0.0.1:0", "--set", "metrics.listen=127.0.0.1:0"]);
    let findings: Value = serde_json::from_slice(&examined.stdout).unwrap();
    let wrong: Vec<&Value> = findings.as_array().unwrap().iter().filter(|finding| finding["verdict"] == "wrong").collect();
    assert_eq!((examined.status.code(), wrong), (Some(0), Vec::new()));
    for what in ["postgres version", "postgres settings", "roles", "row security", "migrations", "clock of postgres"] {
        assert!(findings.as_array().unwrap().iter().any(|finding| finding["what"] == what && finding["verdict"] == "fine"), "{what}: {findings}");
    }
    assert_eq!(serving.end(), Some(0));
}

#[test]
fn exit_codes_say_what_was_wrong() {
    let program = Program::new();
    assert_eq!(program.run(&["gazetteer", "lookup", "Barcelona", "--country", "ES"]).status.code(), Some(0));
    assert_eq!(program.run(&["gazetteer", "lookup", "no such city anywhere"]).status.code(), Some(1));
    assert_eq!(program.run(&["serv"]).status.code(), Some(2));
    let wrong = program.run(&["serve", "--set", "http.lisen=1"]);
    assert_eq!(wrong.status.code(), Some(3));
    assert!(text(&wrong.stderr).contains("--set http.lisen: there is no http.lisen; did you mean http.listen?"), "{}", text(&wrong.stderr));
    let gone = program.run(&["migrate", "--set", "database.url=postgres://nobody@127.0.0.1:1/nothing"]);
    assert_eq!(gone.status.code(), Some(4), "{}", text(&gone.stderr));
    assert!(!program.dir.join("postgres").exists(), "none of these made a database");
}

#[test]
fn whoever_has_read_enough_ends_no_command() {
    let program = Program::new();
    // Far more than a pipe holds, and nobody who reads it.
    let (end, out) = std::io::pipe().unwrap();
    drop(end);
    let cut = program.runs_into(&["openapi"], out);
    assert_eq!((cut.status.code(), text(&cut.stderr).as_str()), (Some(0), ""));
}

#[test]
fn two_installations_run_side_by_side() {
    let (one, other) = (Program::new(), Program::new());
    let (first, second) = (one.serve(), other.serve());
    assert_ne!(first.address, second.address);
    assert!(first.ready_after < Duration::from_secs(60));
    assert_eq!((first.end(), second.end()), (Some(0), Some(0)));
}

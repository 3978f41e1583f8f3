use std::{collections::HashMap, net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{day, two_people};
use crate::harness::{Client, Process, TestApp};

/// Sends until an answer comes, however often the server has to be asked: what a careful client does with its key.
struct Careful {
    client: Client,
    path: String,
    body: Value,
    key: String,
}

impl Careful {
    /// One try: the answer, or nothing if the server went away meanwhile.
    async fn send(&self, server: SocketAddr) -> Option<(u16, Value)> {
        let headers = [("Content-Type", "application/json".to_owned()), ("Idempotency-Key", self.key.clone())];
        let client = self.client.at(server);
        let answer = client.try_send("POST", &self.path, &headers, self.body.to_string().as_bytes()).await.ok()?;
        matches!(answer.status, 200 | 201 | 409).then(|| (answer.status, answer.json()))
    }
}

/// The server is killed while twelve guests ask and a host says yes, five times over: every request and every yes is made exactly once,
/// no acknowledged answer is lost, and the streams have no gap and no double.
#[actix_web::test]
async fn kill_9_between_click_and_answer_loses_nothing_and_doubles_nothing() {
    let app = TestApp::spawn().await;
    let (host, home, guest) = two_people(&app).await;
    let asking = guest.client.clone().with_token(&guest.token);
    let home = home["id"].as_str().unwrap().to_owned();
    let mut rng = StdRng::seed_from_u64(11);
    let mut server = Process::serve(&app).await;
    let mut acknowledged: HashMap<String, Value> = HashMap::new();
    for round in 0..5_u16 {
        let requests: Vec<Careful> = (0..12_u16)
            .map(|n| Careful {
                client: asking.clone(),
                path: format!("/api/v1/homes/{home}/stays"),
                body: json!({"arrive": day(10 + 12 * round + n), "leave": day(11 + 12 * round + n), "guests": 1, "message": "Hello"}),
                key: format!("ask-{round}-{n}"),
            })
            .collect();
        let asked = through_a_kill(&app, &mut server, &requests, rng.random_range(0..40)).await;
        let approvals: Vec<Careful> = asked
            .iter()
            .enumerate()
            .map(|(n, (_, stay))| Careful {
                client: host.client.clone(),
                path: format!("/api/v1/stays/{}/approval", stay["id"].as_str().unwrap()),
                body: json!({"terms_version": 1}),
                key: format!("yes-{round}-{n}"),
            })
            .collect();
        for (status, stay) in through_a_kill(&app, &mut server, &approvals, rng.random_range(0..25)).await {
            assert_eq!((status, &stay["state"]), (200, &json!("approved")), "{stay}");
            acknowledged.insert(stay["id"].as_str().unwrap().to_owned(), stay);
        }
    }
    server.kill().await;

    let (stays, nights): (i64, i64) = sqlx::query_as("select (select count(*) from stays where state = 'approved'), (select count(*) from stay_nights)")
        .fetch_one(app.owner())
        .await
        .unwrap();
    assert_eq!((stays, nights, acknowledged.len()), (60, 60, 60));
    let doubled: i64 = sqlx::query_scalar(
        "select count(*) from (select 1 from events where kind like 'stay_%' group by kind, body -> 'stay' ->> 'id' having count(*) > 1) as d",
    )
    .fetch_one(app.owner())
    .await
    .unwrap();
    let torn: i64 = sqlx::query_scalar(
        "select count(*) from stream_heads h where head <> (select count(*) from events e where e.tenant_id = h.tenant_id and e.stream = h.stream)
         or head <> (select coalesce(max(seq), 0) from events e where e.tenant_id = h.tenant_id and e.stream = h.stream)",
    )
    .fetch_one(app.owner())
    .await
    .unwrap();
    assert_eq!((doubled, torn), (0, 0));
    let told = guest.get("/api/v1/inbox?limit=100").await.expect(200).json();
    assert_eq!(told["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "stay_approved").count(), 60);
    app.stop().await;
}

/// Sends all at once, kills the server after some milliseconds, starts it again, and sends what had no answer until it has.
async fn through_a_kill(app: &TestApp, server: &mut Process, orders: &[Careful], after_ms: u64) -> Vec<(u16, Value)> {
    let first = {
        let address = server.address();
        let sending = join_all(orders.iter().map(|order| order.send(address)));
        let mut sending = std::pin::pin!(sending);
        // The moment of the kill is the point of this: some orders are answered by then, some are under way, some are not begun.
        let early = tokio::time::timeout(Duration::from_millis(after_ms), &mut sending).await;
        server.signal_kill();
        match early {
            Ok(answers) => answers,
            Err(_) => sending.await,
        }
    };
    *server = Process::serve(app).await;
    let mut answers = Vec::with_capacity(orders.len());
    for (order, first) in orders.iter().zip(first) {
        let mut answer = order.send(server.address()).await;
        while answer.is_none() {
            answer = order.send(server.address()).await;
        }
        let answer = answer.unwrap();
        if let Some(first) = first {
            assert_eq!(first.1["id"], answer.1["id"], "the same key has the same answer");
        }
        answers.push(answer);
    }
    answers
}

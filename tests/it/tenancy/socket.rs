//! The socket, asked for another community's streams and views; and the same places, watched side by side by one of each community.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use posada::commands::sign_up;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use uuid::Uuid;

use super::full_tenant;
use crate::people::{Ground, order};

const SECRET: &str = "behind-the-other-door";

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// `None` where the handshake is refused.
    async fn open(ground: &Ground, tenant: &str, token: Option<&str>) -> Option<Self> {
        let mut request = format!("ws://{}/live", ground.app.address()).into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", "posada.v1.json".parse().unwrap());
        headers.insert("X-Posada-Tenant", tenant.parse().unwrap());
        if let Some(token) = token {
            headers.insert("Authorization", format!("Bearer {token}").parse().unwrap());
        }
        connect_async(request).await.ok().map(|(socket, _)| Self(socket))
    }

    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// All that comes until a frame is the last one wanted, or the socket closes.
    async fn until(&mut self, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut heard = Vec::new();
        let hearing = async {
            while let Some(Ok(message)) = self.0.next().await {
                let text = match message {
                    Message::Text(text) => text,
                    Message::Close(_) => return,
                    _ => continue,
                };
                heard.push(serde_json::from_str::<Value>(&text).unwrap());
                if heard.last().is_some_and(&last) {
                    return;
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), hearing).await.is_err() {
            panic!("after ten seconds only {heard:?}");
        }
        heard
    }

    async fn hello(&mut self, resume: Value) -> Vec<Value> {
        self.say(json!({ "t": "hello", "client": "it", "version": 1, "resume": resume })).await;
        self.until(|frame| frame["t"] == "welcome" || frame["t"] == "error").await
    }
}

fn is_last_snapshot(frame: &Value) -> bool {
    frame["t"] == "snapshot" && frame["more"] == false
}

#[tokio::test]
async fn the_socket_gives_nothing_of_another_community() {
    let ground = Ground::new().await;
    let other = ground.app.make_tenant("other").await;
    full_tenant(ground.app.owner(), other, 7).await;
    for statement in [
        "update tenants set public_map = false where id = $1",
        "update homes set title = 'behind-the-other-door' where tenant_id = $1",
        "update events set body = '{\"x\": \"behind-the-other-door\"}' where tenant_id = $1",
    ] {
        sqlx::query(statement).bind(other).execute(ground.app.owner()).await.unwrap();
    }
    let theirs: Uuid = sqlx::query_scalar("select id from members where tenant_id = $1 limit 1").bind(other).fetch_one(ground.app.owner()).await.unwrap();
    let ana = ground.signs_up("ana@example.org").await;
    let door = ground.store.tenant_by_slug("other").await.unwrap().unwrap();
    let eve = sign_up::run(&ground.store, &ground.hasher, ground.gazetteer, &door, &order("eve@example.org")).await.unwrap();

    // Under the other's name, with a token that is good elsewhere or with none: refused before or at hello.
    for token in [Some(ana.token.expose()), None] {
        if let Some(mut socket) = Socket::open(&ground, "other", token).await {
            let heard = socket.hello(json!([])).await;
            assert!(heard.iter().all(|frame| frame["t"] != "welcome"), "{heard:?}");
            assert!(!json!(heard).to_string().contains(SECRET));
        }
    }

    // Streams that are nobody's to name, each on a connection of its own: the server may well hang up.
    for stream in [format!("member:{theirs}"), format!("project:{theirs}"), "tenant".to_owned(), "ops".to_owned(), "city:-1".to_owned()] {
        for frame in [
            json!({ "t": "hello", "client": "it", "version": 1, "resume": [{ "stream": stream, "since": 0 }] }),
            json!({ "t": "subscribe", "stream": stream, "since": 0 }),
            json!({ "t": "ack", "stream": stream, "seq": 1 }),
            json!({ "t": "seen", "stream": stream, "seq": 1 }),
        ] {
            let mut socket = Socket::open(&ground, "demo", Some(ana.token.expose())).await.unwrap();
            if frame["t"] != "hello" {
                socket.hello(json!([])).await;
            }
            socket.say(frame.clone()).await;
            socket.0.send(Message::text(json!({ "t": "ping" }).to_string())).await.ok();
            let heard = socket.until(|frame| frame["t"] == "pong").await;
            assert!(heard.iter().all(|frame| frame["t"] != "event" && !frame.to_string().contains(SECRET)), "{frame}: {heard:?}");
        }
    }

    // Under one's own name, at the same places: the city has one id everywhere.
    let mut mine = Socket::open(&ground, "demo", Some(ana.token.expose())).await.unwrap();
    let streams = ["city:3128760", "member:self"];
    let mut heard = mine.hello(json!(streams.map(|stream| json!({ "stream": stream, "since": 0 })))).await;
    for stream in streams {
        mine.say(json!({ "t": "subscribe", "stream": stream, "since": 0 })).await;
    }
    let view = json!({ "t": "view", "id": "map", "bbox": [41.3, 2.0, 41.5, 2.3], "zoom": 13 });
    mine.say(view.clone()).await;
    heard.extend(mine.until(is_last_snapshot).await);
    mine.say(json!({ "t": "view", "id": "world", "bbox": [-60, -170, 70, 170], "zoom": 2 })).await;
    heard.extend(mine.until(is_last_snapshot).await);

    // The other one sees their home there; then it changes under both pairs of eyes.
    let mut yours = Socket::open(&ground, "other", Some(eve.token.expose())).await.unwrap();
    yours.hello(json!([])).await;
    yours.say(view).await;
    let seen = yours.until(is_last_snapshot).await;
    assert!(json!(seen).to_string().contains(SECRET), "a question that finds nothing proves nothing: {seen:?}");
    let mut tx = ground.app.app().store.begin_as_tenant(door.id).await.unwrap();
    let change = posada::store::events::NewEvent::new(
        domain::StreamName::City(crate::people::BARCELONA),
        "home_changed",
        &json!({ "put": [], "gone": [home_of(&ground, other).await], "counts": { "homes": 0, "hosts": 0 } }),
    );
    tx.record([change.unwrap()]);
    ground.app.app().relay.publish(tx.commit().await.unwrap());
    yours.until(|frame| frame["t"] == "delta").await;

    // What was sent to the others has been sent: had it been for this one too, it would come before this pong.
    mine.say(json!({ "t": "ping" })).await;
    heard.extend(mine.until(|frame| frame["t"] == "pong").await);
    let all = json!(heard).to_string();
    assert!(!all.contains(SECRET), "{all}");
    assert!(heard.iter().all(|frame| frame["t"] != "event"), "{all}");
    assert!(!all.contains(&home_of(&ground, other).await.to_string()), "{all}");
    assert!(heard.iter().filter(|frame| frame["t"] == "snapshot").all(|frame| frame["total"]["n"] == 0), "{all}");
    let receipts = ground.count("select coalesce(max(seen + delivered), 0)::bigint from member_receipts where seen + delivered > 0").await;
    assert_eq!(receipts, 0, "somebody else's stream was marked");
    drop((mine, yours));
    ground.stop().await;
}

async fn home_of(ground: &Ground, tenant: Uuid) -> Uuid {
    sqlx::query_scalar("select id from homes where tenant_id = $1").bind(tenant).fetch_one(ground.app.owner()).await.unwrap()
}

//! The conformance runner: it finds nothing wrong with this server, and names what is wrong with another.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use posada::conformance::{Finding, Target, Verdict, run};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_tungstenite::tungstenite::{
    Message,
    handshake::server::{Request, Response},
};

use crate::{
    harness::{TENANT, TestApp},
    live::queue::map::lists,
};

fn broken(findings: &[Finding]) -> Vec<(&'static str, String)> {
    let told = |finding: &'_ Finding| match &finding.verdict {
        Verdict::Broken(why) => Some((finding.check, why.clone())),
        Verdict::Held | Verdict::Skipped(_) => None,
    };
    findings.iter().filter_map(told).collect()
}

#[actix_web::test]
async fn this_server_holds_what_the_protocol_demands() {
    let app = TestApp::spawn_with(|config| config.live.hello_ms = 1_500).await;
    let host = app.host().await;
    for n in 0..3 {
        lists(&host, 41.40, 2.17 + f64::from(n) / 100.0, &format!("Home {n}")).await;
    }
    let target = Target::new(&format!("http://{}/t/{TENANT}", app.address()), Some(host.token.clone())).unwrap();
    let findings = run(&target, |_| {}).await;
    assert_eq!(broken(&findings), []);
    assert!(findings.len() > 20 && findings.iter().all(|finding| finding.verdict == Verdict::Held), "{findings:#?}");
    let visitor = Target::new(&format!("http://{}/t/{TENANT}", app.address()), None).unwrap();
    let skipped = run(&visitor, |_| {}).await.iter().filter(|finding| matches!(finding.verdict, Verdict::Skipped(_))).count();
    assert!(skipped > 0, "what needs a member is not called held");
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_says_anything_is_found_out() {
    let (address, server) = says(r#"{"t":"welcome","session":"1","now":"","ping":0,"limits":{"views":1,"streams":1,"tiles":1,"frame_bytes":64},"tick_ms":1,"policy_version":1,"resumed":[],"more":1}"#).await;
    let target = Target::new(&format!("http://{address}"), Some("any".into())).unwrap();
    let findings = run(&target, |_| {}).await;
    server.abort();
    let held: Vec<_> = findings.iter().filter(|finding| finding.verdict == Verdict::Held).map(|finding| finding.check).collect();
    assert_eq!(held, ["the_subprotocol_is_chosen"]);
    let welcome = findings.iter().find(|finding| finding.check == "hello_is_welcomed").unwrap();
    assert!(matches!(&welcome.verdict, Verdict::Broken(why) if why.contains("more is no field of the schema")), "{welcome:?}");
}

#[tokio::test]
async fn nobody_there_is_said_and_not_waited_for() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let findings = run(&Target::new(&format!("http://{free}"), None).unwrap(), |_| {}).await;
    assert!(matches!(&findings[0].verdict, Verdict::Broken(why) if why.contains("cannot connect")), "{:?}", findings[0]);
}

/// A server that chooses the subprotocol whatever is offered, says one thing, and closes.
async fn says(frame: &'static str) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            #[allow(clippy::result_large_err)] // the library's own type
            let choose = |_: &Request, mut answer: Response| {
                answer.headers_mut().insert("Sec-WebSocket-Protocol", "posada.v1.json".parse().unwrap());
                Ok(answer)
            };
            if let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, choose).await {
                let _ = socket.next().await;
                let _ = socket.send(Message::text(frame)).await;
                let _ = socket.close(None).await;
            }
        }
    });
    (address, served)
}

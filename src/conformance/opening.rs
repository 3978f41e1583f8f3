//! How a connection begins: the handshake, `hello`, and everyone who is not let in.

use actors::wire::SUBPROTOCOL;
use serde_json::json;

use super::{
    Broken, Check, Needs, Outcome, check,
    peer::{Knocked, Target},
};

pub(super) const CHECKS: &[Check] = &[
    check!(Anyone, the_subprotocol_is_chosen, "A request that offers posada.v1.json is answered with it."),
    check!(Anyone, the_first_one_known_is_chosen, "Of several subprotocols the first one that is known is chosen, and never one that was not offered."),
    check!(Anyone, hello_is_welcomed, "The answer to hello is a welcome with limits, and an answer to each item of resume."),
    check!(Anyone, hello_comes_first, "Any frame before hello is refused with bad-frame, and closed with 4500."),
    check!(Anyone, hello_comes_once, "A second hello is refused with bad-frame, and the connection goes on."),
    check!(Anyone, silence_is_closed, "A connection without a hello is closed with 4002."),
    check!(Anyone, another_version_is_refused, "A version that is not spoken is refused with wrong-version, and closed with 4502."),
    check!(Anyone, a_wrong_token_is_refused, "A token that is none is refused with token-invalid, and closed with 4503."),
    check!(Anyone, what_cannot_be_resumed_is_said, "A view of another epoch in resume is answered with reset or snapshot, never with resumed."),
];

async fn the_subprotocol_is_chosen(target: &Target) -> Outcome {
    chooses(target, SUBPROTOCOL).await
}

async fn the_first_one_known_is_chosen(target: &Target) -> Outcome {
    chooses(target, &format!("posada.v99.json, {SUBPROTOCOL}")).await?;
    match target.knocks("posada.v99.json").await? {
        Knocked::ChoseNone => Ok(()),
        Knocked::Refused(status) if status.is_client_error() => Ok(()),
        Knocked::Refused(status) => Err(Broken(format!("an unknown subprotocol was answered with {status}, expected none chosen or a 4xx"))),
        Knocked::Chose(chosen, _) => Err(Broken(format!("{chosen} was chosen, which is not spoken"))),
    }
}

async fn chooses(target: &Target, offered: &str) -> Outcome {
    match target.knocks(offered).await? {
        Knocked::Chose(chosen, _) if chosen == SUBPROTOCOL => Ok(()),
        Knocked::Chose(chosen, _) => Err(Broken(format!("offered {offered}, the server chose {chosen}"))),
        Knocked::ChoseNone => Err(Broken(format!("offered {offered}, the server chose none"))),
        Knocked::Refused(status) => Err(Broken(format!("the request was answered with {status}"))),
    }
}

async fn hello_is_welcomed(target: &Target) -> Outcome {
    let peer = target.visits().await?;
    let welcome = peer.replica.welcomed.as_ref().ok_or_else(|| Broken("no welcome".into()))?;
    let limits = welcome.limits;
    if [limits.views, limits.streams, limits.tiles, limits.frame_bytes, welcome.ping, welcome.tick_ms].contains(&0) {
        return Err(Broken(format!("a limit, ping or tick_ms is 0: {welcome:?}")));
    }
    if !welcome.resumed.is_empty() {
        return Err(Broken("an answer to a resume that was empty".into()));
    }
    Ok(())
}

async fn hello_comes_first(target: &Target) -> Outcome {
    let mut peer = target.opens().await?;
    peer.says(json!({"t": "ping"})).await?;
    ends(&mut peer, "bad-frame", 4500).await
}

async fn hello_comes_once(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    peer.says(json!({"t": "hello", "client": "conformance/1", "version": 1})).await?;
    peer.settles().await?;
    peer.was_refused("bad-frame")
}

async fn silence_is_closed(target: &Target) -> Outcome {
    let code = target.opens().await?.closes().await?;
    expect(code, 4002)
}

async fn another_version_is_refused(target: &Target) -> Outcome {
    let mut peer = target.opens().await?;
    peer.says(json!({"t": "hello", "client": "conformance/1", "version": 4_000_000_000_u32})).await?;
    ends(&mut peer, "wrong-version", 4502).await
}

async fn a_wrong_token_is_refused(target: &Target) -> Outcome {
    let mut peer = target.opens().await?;
    peer.says(json!({"t": "hello", "client": "conformance/1", "version": 1, "token": "0".repeat(64)})).await?;
    ends(&mut peer, "token-invalid", 4503).await
}

async fn what_cannot_be_resumed_is_said(target: &Target) -> Outcome {
    let held = json!({"view": "w", "bbox": [-60, -170, 70, 170], "zoom": 2, "since": {"world": {"epoch": "never", "tick": 1}}});
    let mut peer = target.returns(json!([held])).await?;
    let answered = peer.replica.answered("w").map(actors::wire::Outcome::word);
    if !matches!(answered, Some("reset" | "snapshot")) {
        return Err(Broken(format!("answered with {answered:?}")));
    }
    peer.until("what is now, whole", |replica| replica.is_whole("w")).await
}

pub(super) async fn ends(peer: &mut super::peer::Peer, problem: &str, with: u16) -> Outcome {
    let code = peer.closes().await?;
    peer.was_refused(problem)?;
    expect(code, with)
}

pub(super) fn expect(code: u16, wanted: u16) -> Outcome {
    if code == wanted { Ok(()) } else { Err(Broken(format!("closed with {code}, expected {wanted}"))) }
}

//! Frames of every wrong kind: each is refused by name, and only what cannot be read any further ends the connection.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    Broken, Check, Needs, Outcome, check,
    opening::{ends, expect},
    peer::Target,
};

pub(super) const CHECKS: &[Check] = &[
    check!(Anyone, pings_are_answered, "A ping frame is answered by pong, and so is a ping of the WebSocket itself."),
    check!(Anyone, what_is_no_frame_is_refused, "What is not JSON, misses a field or has one too many is refused with bad-frame, and the connection goes on."),
    check!(Anyone, an_unknown_frame_is_refused, "A frame of an unknown kind is refused with unknown-frame, and the connection goes on."),
    check!(Anyone, a_wrong_view_is_refused_by_its_field, "A box or zoom out of range is refused with bad-frame, whose detail begins with the field."),
    check!(Anyone, too_many_wrong_frames_end_it, "More than 50 refused frames in ten seconds end the connection with 4500."),
    check!(Anyone, a_frame_too_big_is_refused, "A frame larger than limits.frame_bytes is refused with frame-too-big, and closed with 4505."),
    check!(Anyone, binary_is_refused, "A binary message on a connection that speaks JSON is closed with 4504."),
    check!(Anyone, a_signal_nobody_knows_is_refused, "An unknown signal is refused with unknown-signal, and the connection goes on."),
];

async fn pings_are_answered(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    peer.settles().await?;
    let pongs = peer.replica.pongs;
    peer.sends(Message::Ping("conformance".into())).await?;
    peer.until("a pong of the WebSocket", |replica| replica.pongs > pongs).await
}

async fn what_is_no_frame_is_refused(target: &Target) -> Outcome {
    for text in ["", "{", "[]", "null", "{}", r#"{"t":"view"}"#, r#"{"t":"ping","more":1}"#, r#"{"t":"unview","id":7}"#] {
        refuses(target, Message::text(text), "bad-frame").await?;
    }
    Ok(())
}

async fn an_unknown_frame_is_refused(target: &Target) -> Outcome {
    refuses(target, Message::text(r#"{"t":"conformance"}"#), "unknown-frame").await
}

async fn a_wrong_view_is_refused_by_its_field(target: &Target) -> Outcome {
    let wrong: [(Value, &str); 3] =
        [(json!({"zoom": 23}), "zoom"), (json!({"bbox": [10, 10, 10, 20]}), "bbox"), (json!({"filter": {"guests": 0}}), "filter.guests")];
    for (change, field) in wrong {
        let mut view = json!({"t": "view", "id": "v", "bbox": [10, 10, 20, 20], "zoom": 4});
        if let (Some(view), Some(change)) = (view.as_object_mut(), change.as_object()) {
            view.extend(change.clone());
        }
        let mut peer = target.visits().await?;
        peer.says(view.clone()).await?;
        peer.settles().await?;
        peer.was_refused("bad-frame")?;
        let detail = peer.replica.errors.last().map(|error| error.detail.clone()).unwrap_or_default();
        if !detail.starts_with(field) {
            return Err(Broken(format!("{view} was refused with {detail:?}, which does not begin with {field}")));
        }
    }
    Ok(())
}

async fn too_many_wrong_frames_end_it(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    for _ in 0..60 {
        // The server may have closed before the last was said.
        if peer.says(json!({"t": "conformance"})).await.is_err() {
            break;
        }
    }
    expect(peer.closes().await?, 4500)
}

async fn a_frame_too_big_is_refused(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    let most = peer.replica.welcomed.as_ref().map_or(0, |welcome| welcome.limits.frame_bytes as usize);
    let text = json!({"t": "signal", "kind": "typing", "body": "x".repeat(most)}).to_string();
    peer.sends(Message::text(text)).await?;
    ends(&mut peer, "frame-too-big", 4505).await
}

async fn binary_is_refused(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    peer.sends(Message::binary(vec![1, 2, 3])).await?;
    expect(peer.closes().await?, 4504)
}

async fn a_signal_nobody_knows_is_refused(target: &Target) -> Outcome {
    refuses(target, Message::text(r#"{"t":"signal","kind":"conformance","body":null}"#), "unknown-signal").await
}

/// Refused, and the connection goes on.
async fn refuses(target: &Target, message: Message, with: &str) -> Outcome {
    let said = message.to_string();
    let mut peer = target.visits().await?;
    peer.sends(message).await?;
    peer.settles().await.map_err(|Broken(why)| Broken(format!("after {said:?}: {why}")))?;
    peer.was_refused(with).map_err(|Broken(why)| Broken(format!("after {said:?}: {why}")))
}

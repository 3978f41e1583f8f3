//! Streams of events: whose they are, replayed without a gap, marked only as far as they were given.

use serde_json::json;

use super::{
    Broken, Check, Needs, Outcome, check,
    peer::{Peer, Target},
};

pub(super) const CHECKS: &[Check] = &[
    check!(Anyone, visitors_follow_nothing_of_members, "A visitor who follows member:self is refused with stream-not-yours, and the connection goes on."),
    check!(Anyone, nobody_elses_inbox_can_be_named, "member: with anything but self is refused with bad-frame or stream-not-yours."),
    check!(Anyone, what_is_not_followed_is_not_marked, "ack and unsubscribe of a stream that is not followed are refused with unknown-stream."),
    check!(
        Member,
        a_stream_is_replayed_without_a_gap,
        "A stream followed since 0 brings each event once and in order, then caught_up with the last one's place."
    ),
    check!(Member, what_was_not_given_is_not_marked, "An ack beyond what was given is refused with not-given."),
    check!(Member, claiming_more_than_there_is_is_reset, "A since beyond the stream's end is answered with a reset of reason ahead."),
    check!(Member, a_stream_in_resume_is_resumed, "A stream in resume at its end is answered resumed, and nothing comes twice."),
];

async fn follows(peer: &mut Peer, since: u64) -> Outcome {
    peer.says(json!({"t": "subscribe", "stream": "member:self", "since": since})).await
}

async fn visitors_follow_nothing_of_members(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    follows(&mut peer, 0).await?;
    peer.settles().await?;
    peer.was_refused("stream-not-yours")
}

async fn nobody_elses_inbox_can_be_named(target: &Target) -> Outcome {
    let mut peer = target.visits().await?;
    peer.says(json!({"t": "subscribe", "stream": "member:01890a5d-ac96-774b-bcce-b302099a8057"})).await?;
    peer.settles().await?;
    peer.was_refused("bad-frame").or_else(|_| peer.was_refused("stream-not-yours"))
}

async fn what_is_not_followed_is_not_marked(target: &Target) -> Outcome {
    for frame in [json!({"t": "ack", "stream": "city:3128760", "seq": 1}), json!({"t": "unsubscribe", "stream": "city:3128760"})] {
        let mut peer = target.visits().await?;
        peer.says(frame).await?;
        peer.settles().await?;
        peer.was_refused("unknown-stream")?;
    }
    Ok(())
}

async fn a_stream_is_replayed_without_a_gap(target: &Target) -> Outcome {
    let mut peer = target.returns(json!([])).await?;
    follows(&mut peer, 0).await?;
    // The replica refuses an event that does not follow the one before.
    peer.until("caught_up", |replica| !replica.caught_up.is_empty()).await?;
    let (last, first) = (peer.replica.caught_up[0].1, peer.replica.events.first().map(|event| event.1));
    match first {
        Some(1) => Ok(()),
        None if last == 0 => Ok(()),
        // Earlier ones are no longer kept: that has to be said.
        Some(_) | None if !peer.replica.resets.is_empty() => Ok(()),
        other => Err(Broken(format!("followed since 0 of {last}, the first was {other:?}"))),
    }
}

async fn what_was_not_given_is_not_marked(target: &Target) -> Outcome {
    let mut peer = target.returns(json!([])).await?;
    follows(&mut peer, 0).await?;
    peer.until("caught_up", |replica| !replica.caught_up.is_empty()).await?;
    let last = peer.replica.caught_up[0].1;
    peer.says(json!({"t": "ack", "stream": "member:self", "seq": last + 1_000})).await?;
    peer.settles().await?;
    peer.was_refused("not-given")
}

async fn claiming_more_than_there_is_is_reset(target: &Target) -> Outcome {
    let mut peer = target.returns(json!([])).await?;
    follows(&mut peer, 1 << 40).await?;
    peer.until("a reset", |replica| !replica.resets.is_empty()).await?;
    match peer.replica.resets.first() {
        Some(reset) if reset.reason == "ahead" => Ok(()),
        other => Err(Broken(format!("expected the reason ahead, got {other:?}"))),
    }
}

async fn a_stream_in_resume_is_resumed(target: &Target) -> Outcome {
    let mut peer = target.returns(json!([])).await?;
    follows(&mut peer, 0).await?;
    peer.until("caught_up", |replica| !replica.caught_up.is_empty()).await?;
    let last = peer.replica.caught_up[0].1;
    drop(peer);
    let mut back = target.returns(json!([{"stream": "member:self", "since": last}])).await?;
    back.settles().await?;
    match back.replica.answered("member:self").map(actors::wire::Outcome::word) {
        Some("resumed") => {}
        other => return Err(Broken(format!("answered with {other:?}"))),
    }
    match back.replica.events.iter().find(|event| event.1 <= last) {
        Some(event) => Err(Broken(format!("{} came again after since {last}", event.1))),
        None => Ok(()),
    }
}

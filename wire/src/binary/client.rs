//! Frames from a client in the binary encoding: read by the very rules of the JSON ones, so that there is one set of them.

use prost::Message;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::messages::{self, client_frame::Frame, resume::Item};
use crate::{ClientFrame, ErrorFrame, Resume, Since, ViewFrame};

/// Reads a frame as a client sent it, or says what was wrong and what would be right. `now` tells which nights are past.
pub fn parse(bytes: &[u8], now: OffsetDateTime) -> Result<ClientFrame, Box<ErrorFrame>> {
    let message = messages::ClientFrame::decode(bytes)
        .map_err(|e| ErrorFrame::bad_frame(None, format!("a binary message is one ClientFrame of posada.v1.proto: {e}")))?;
    let Some(frame) = message.frame else {
        return Err(ErrorFrame::new(None, "unknown-frame", "No such frame", "none of the frames of a ClientFrame is there"));
    };
    let (word, fields) = fields(frame).map_err(|(word, why)| ErrorFrame::bad_frame(Some(word), why))?;
    ClientFrame::read(word, fields, now)
}

/// Writes a frame as a client sends it.
pub fn say(frame: &ClientFrame) -> Vec<u8> {
    let frame = match frame {
        ClientFrame::Hello(hello) => Frame::Hello(messages::Hello {
            client: hello.client.clone(),
            version: hello.version,
            token: hello.token.as_ref().map(|token| token.0.clone()),
            resume: hello.resume.iter().map(Into::into).collect(),
        }),
        ClientFrame::View(view) => Frame::View(view.into()),
        ClientFrame::Unview { id } => Frame::Unview(messages::Unview { id: id.to_string() }),
        ClientFrame::Subscribe { stream, since } => Frame::Subscribe(messages::Subscribe { stream: stream.to_string(), since: *since }),
        ClientFrame::Unsubscribe { stream } => Frame::Unsubscribe(messages::Unsubscribe { stream: stream.to_string() }),
        ClientFrame::Ack { stream, seq } => Frame::Ack(messages::Ack { stream: stream.to_string(), seq: *seq }),
        ClientFrame::Seen { stream, seq } => Frame::Seen(messages::Seen { stream: stream.to_string(), seq: *seq }),
        ClientFrame::Signal { kind, body } => Frame::Signal(messages::Signal { kind: kind.clone(), body: body.to_string().into_bytes() }),
        ClientFrame::Reauth { token } => Frame::Reauth(messages::Reauth { token: token.0.clone() }),
        ClientFrame::Ping {} => Frame::Ping(messages::Ping {}),
        ClientFrame::Pong {} => Frame::Pong(messages::Pong {}),
    };
    messages::ClientFrame { frame: Some(frame) }.encode_to_vec()
}

/// A frame's word and the object it is in JSON.
fn fields(frame: Frame) -> Result<(&'static str, Value), (&'static str, String)> {
    Ok(match frame {
        Frame::Hello(hello) => {
            let resume = hello.resume.into_iter().map(|item| match item.item {
                Some(Item::Stream(item)) => Ok(json!({"stream": item.stream, "since": item.since})),
                Some(Item::View(view)) => view_fields(view, "view", true),
                None => Err("an item of resume is a stream or a view".to_owned()),
            });
            let resume = resume.collect::<Result<Vec<_>, _>>().map_err(|why| ("hello", why))?;
            let mut fields = json!({"client": hello.client, "version": hello.version, "resume": resume});
            if let Some(token) = hello.token {
                fields["token"] = token.into();
            }
            ("hello", fields)
        }
        Frame::View(view) => ("view", view_fields(view, "id", false).map_err(|why| ("view", why))?),
        Frame::Unview(unview) => ("unview", json!({"id": unview.id})),
        Frame::Subscribe(subscribe) => ("subscribe", json!({"stream": subscribe.stream, "since": subscribe.since})),
        Frame::Unsubscribe(unsubscribe) => ("unsubscribe", json!({"stream": unsubscribe.stream})),
        Frame::Ack(ack) => ("ack", json!({"stream": ack.stream, "seq": ack.seq})),
        Frame::Seen(seen) => ("seen", json!({"stream": seen.stream, "seq": seen.seq})),
        Frame::Signal(signal) => {
            let body: Value = serde_json::from_slice(&signal.body).map_err(|e| ("signal", format!("body is no JSON: {e}")))?;
            ("signal", json!({"kind": signal.kind, "body": body}))
        }
        Frame::Reauth(reauth) => ("reauth", json!({"token": reauth.token})),
        Frame::Ping(_) => ("ping", json!({})),
        Frame::Pong(_) => ("pong", json!({})),
    })
}

fn view_fields(view: messages::View, id: &str, is_resume: bool) -> Result<Value, String> {
    let mut fields = Map::new();
    fields.insert(id.into(), view.id.into());
    if let Some(b) = view.bbox {
        fields.insert("bbox".into(), json!([b.south, b.west, b.north, b.east]));
    }
    if let Some(zoom) = view.zoom {
        fields.insert("zoom".into(), json!(zoom));
    }
    if let Some(layers) = view.layers {
        let words = layers.shown.iter().map(|number| messages::Layer::word(*number).ok_or_else(|| format!("{number} is no layer")));
        fields.insert("layers".into(), json!(words.collect::<Result<Vec<_>, _>>()?));
    }
    if let Some(filter) = view.filter {
        fields.insert("filter".into(), filter_fields(filter)?);
    }
    if is_resume || !view.since.is_empty() {
        let since: Map<String, Value> = view.since.into_iter().map(|held| (held.scope, json!({"epoch": held.epoch, "tick": held.tick}))).collect();
        fields.insert("since".into(), since.into());
    }
    Ok(fields.into())
}

fn filter_fields(filter: messages::Filter) -> Result<Value, String> {
    let mut fields = Map::new();
    if !filter.kinds.is_empty() {
        let words = filter.kinds.iter().map(|number| messages::Kind::word(*number).ok_or_else(|| format!("filter.kinds: {number} is no kind")));
        fields.insert("kinds".into(), json!(words.collect::<Result<Vec<_>, _>>()?));
    }
    if let Some(guests) = filter.guests {
        fields.insert("guests".into(), guests.into());
    }
    if let Some(price) = filter.price {
        let currency = messages::Currency::word(price.currency).ok_or_else(|| format!("filter.price.currency: {} is no currency", price.currency))?;
        let mut range = json!({"currency": currency});
        for (bound, amount) in [("min", price.min), ("max", price.max)] {
            if let Some(amount) = amount {
                range[bound] = amount.into();
            }
        }
        fields.insert("price".into(), range);
    }
    if let Some(free) = filter.free {
        fields.insert("free".into(), json!({"from": free.from, "to": free.to}));
    }
    Ok(fields.into())
}

impl From<&Resume> for messages::Resume {
    fn from(resume: &Resume) -> Self {
        let item = match resume {
            Resume::Stream(item) => Item::Stream(messages::ResumeStream { stream: item.stream.to_string(), since: item.since }),
            Resume::View(view) => Item::View(messages::View {
                id: view.view.to_string(),
                bbox: view.bbox.map(Into::into),
                zoom: view.zoom,
                layers: view.layers.as_deref().map(layers),
                filter: view.filter.as_ref().map(Into::into),
                since: held(&view.since),
            }),
        };
        Self { item: Some(item) }
    }
}

impl From<&ViewFrame> for messages::View {
    fn from(view: &ViewFrame) -> Self {
        Self {
            id: view.id.to_string(),
            bbox: Some(view.bbox.into()),
            zoom: Some(view.zoom),
            layers: Some(layers(&view.layers)),
            filter: (!view.filter.is_empty()).then(|| (&view.filter).into()),
            since: held(&view.since),
        }
    }
}

fn layers(shown: &[crate::Layer]) -> messages::Layers {
    messages::Layers { shown: shown.iter().map(|layer| messages::Layer::from(*layer).into()).collect() }
}

fn held(since: &Since) -> Vec<messages::Held> {
    since.iter().map(|(scope, held)| messages::Held { scope: scope.to_string(), epoch: held.epoch.clone(), tick: held.tick }).collect()
}

impl From<&domain::HomeFilter> for messages::Filter {
    fn from(filter: &domain::HomeFilter) -> Self {
        Self {
            kinds: filter.kinds.iter().map(|kind| messages::Kind::from(*kind).into()).collect(),
            guests: filter.guests.map(Into::into),
            price: filter.price.map(|range| messages::PriceRange { min: range.min, max: range.max, currency: messages::Currency::from(range.currency).into() }),
            free: filter.free.map(|domain::filter::FreeNights(nights)| messages::FreeNights {
                from: domain::nights::iso(nights.arrive()),
                to: domain::nights::iso(nights.leave()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn json(text: &str) -> ClientFrame {
        ClientFrame::parse(text, NOW).unwrap()
    }

    #[test]
    fn every_frame_says_the_same_in_both_encodings() {
        for text in [
            r#"{"t":"hello","client":"web/0.1","version":1,"token":"secret","resume":[{"stream":"member:self","since":12},
                {"view":"map","bbox":[41.3,2.05,41.47,2.25],"zoom":12,"layers":["homes"],"since":{"city:3128760":{"epoch":"e.1","tick":5}}},
                {"view":"other"}]}"#,
            r#"{"t":"view","id":"map","bbox":[-1.5,170,1,-170.25],"zoom":3.5,"layers":[]}"#,
            r#"{"t":"view","id":"map","bbox":[1,2,3,4],"zoom":12,"filter":{"kinds":["boat","house"],"guests":2,
                "price":{"max":8000,"currency":"GBP"},"free":{"from":"2026-12-01","to":"2026-12-05"}},"since":{"world":{"epoch":"x","tick":0}}}"#,
            r#"{"t":"unview","id":"map"}"#,
            r#"{"t":"subscribe","stream":"city:3128760","since":0}"#,
            r#"{"t":"subscribe","stream":"tenant"}"#,
            r#"{"t":"unsubscribe","stream":"project:00000000-0000-0000-0000-000000000001"}"#,
            r#"{"t":"ack","stream":"member:self","seq":18446744073709551615}"#,
            r#"{"t":"seen","stream":"ops","seq":3}"#,
            r#"{"t":"signal","kind":"typing","body":{"in":[1,2.5,"é"]}}"#,
            r#"{"t":"reauth","token":"other"}"#,
            r#"{"t":"ping"}"#,
            r#"{"t":"pong"}"#,
        ] {
            let frame = json(text);
            assert_eq!(parse(&say(&frame), NOW).unwrap(), frame, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_as_in_json() {
        let wrong = |frame: Frame| parse(&messages::ClientFrame { frame: Some(frame) }.encode_to_vec(), NOW).unwrap_err();
        let view = messages::View { id: "map".into(), bbox: Some(messages::Box { south: 1.0, west: 1.0, north: 2.0, east: 2.0 }), ..Default::default() };
        let without_zoom = wrong(Frame::View(view.clone()));
        assert_eq!((without_zoom.of.as_deref(), &*without_zoom.kind), (Some("view"), "/problems/bad-frame"));
        assert!(without_zoom.detail.contains("zoom"), "{}", without_zoom.detail);
        let far = wrong(Frame::View(messages::View { zoom: Some(40.0), ..view.clone() }));
        assert_eq!(far.detail, "zoom is 40; it is 0 to 22");
        let nan = wrong(Frame::View(messages::View { zoom: Some(f64::NAN), ..view }));
        assert_eq!(nan.of.as_deref(), Some("view"));
        assert!(wrong(Frame::Ack(messages::Ack { stream: "member:other".into(), seq: 1 })).detail.contains("names no stream"));
        assert_eq!(parse(&[], NOW).unwrap_err().kind, "/problems/unknown-frame");
        assert_eq!(parse(b"{\"t\":\"ping\"}", NOW).unwrap_err().kind, "/problems/bad-frame");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes, NOW);
        }
    }
}

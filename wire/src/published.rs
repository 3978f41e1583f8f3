//! The published documents of the live protocol, made from the frames' own types: JSON Schema and AsyncAPI 3.
//!
//! Served by the WebSocket edge and committed under `docs/live/`; a test keeps the committed ones current.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{ClientFrame, Close, Encoding, ServerFrame};

/// The messages of the binary encoding: the source that its types are made from.
pub const PROTO: &str = include_str!("../../docs/live/posada.v1.proto");

/// One schema for both directions: `#/$defs/ClientFrame` and `#/$defs/ServerFrame`.
pub fn json_schema() -> Value {
    let mut defs = definitions("#/$defs");
    sort(&mut defs);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "/live-schema.json",
        "title": "Posada live protocol, version 1",
        "description": "Frames of the subprotocol posada.v1.json: what a client says (ClientFrame) and what it is told (ServerFrame).",
        "anyOf": [{"$ref": "#/$defs/ClientFrame"}, {"$ref": "#/$defs/ServerFrame"}],
        "$defs": defs,
    })
}

/// The protocol as AsyncAPI 3: one channel over WebSocket, one over SSE.
pub fn asyncapi() -> Value {
    let mut schemas = definitions("#/components/schemas");
    sort(&mut schemas);
    let closes: Map<String, Value> =
        Close::ALL.into_iter().map(|close| (close.code().to_string(), json!({"reason": close.reason(), "reconnect": close.comes_back()}))).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Posada live",
            "version": "1",
            "description": "Everything live over one connection: map views (state lane) and streams (event lane). docs/live-protocol.md says how.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/live",
                "title": "WebSocket, subprotocol posada.v1.json or posada.v1.bin",
                "messages": {
                    "client": {"$ref": "#/components/messages/client"},
                    "server": {"$ref": "#/components/messages/server"},
                    "clientBinary": {"$ref": "#/components/messages/clientBinary"},
                    "serverBinary": {"$ref": "#/components/messages/serverBinary"},
                },
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
                "x-subprotocols": Encoding::ALL.map(Encoding::subprotocol),
                "x-close-codes": closes,
            },
            "events": {
                "address": "/live/events",
                "title": "Server-sent events: the same frames to the client",
                "messages": {"server": {"$ref": "#/components/messages/server"}},
                "bindings": {"http": {"bindingVersion": "0.3.0"}},
            },
        },
        "operations": {
            "say": {"action": "receive", "channel": {"$ref": "#/channels/live"}, "messages": [{"$ref": "#/channels/live/messages/client"}, {"$ref": "#/channels/live/messages/clientBinary"}]},
            "tell": {"action": "send", "channel": {"$ref": "#/channels/live"}, "messages": [{"$ref": "#/channels/live/messages/server"}, {"$ref": "#/channels/live/messages/serverBinary"}]},
            "tellEvents": {"action": "send", "channel": {"$ref": "#/channels/events"}, "messages": [{"$ref": "#/channels/events/messages/server"}]},
        },
        "components": {
            "messages": {
                "client": {"name": "ClientFrame", "title": "What a client says", "payload": {"$ref": "#/components/schemas/ClientFrame"}},
                "server": {"name": "ServerFrame", "title": "What a client is told", "payload": {"$ref": "#/components/schemas/ServerFrame"}},
                "clientBinary": binary("ClientFrame", "The same in posada.v1.bin"),
                "serverBinary": binary("ServerFrame", "The same in posada.v1.bin"),
            },
            "schemas": schemas,
        },
    })
}

/// A message as protobuf: its schema is the published file, for a tool that reads such.
fn binary(message: &str, title: &str) -> Value {
    json!({
        "name": message,
        "title": title,
        "contentType": "application/x-protobuf",
        "payload": {"schemaFormat": "application/vnd.google.protobuf;version=3", "schema": {"$ref": "/live-schema.proto"}},
        "x-message": format!("posada.v1.{message}"),
    })
}

/// As it is committed and served: stable, readable.
pub fn pretty(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

fn definitions(at: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = at.trim_start_matches('#').to_owned().into());
    let mut generator = SchemaGenerator::new(settings);
    named::<ClientFrame>(&mut generator);
    named::<ServerFrame>(&mut generator);
    Value::Object(generator.take_definitions(true))
}

fn named<T: JsonSchema>(generator: &mut SchemaGenerator) {
    let _ = generator.subschema_for::<T>();
}

/// Keys in order at every depth, so that the same types give the same text.
fn sort(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = std::mem::take(map).into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.iter_mut().for_each(|(_, value)| sort(value));
            map.extend(entries);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After a change of a frame: `UPDATE=1 cargo test -p posada-wire published`, and commit docs/live.
    #[test]
    fn the_committed_documents_are_current() {
        for (file, document) in [("schema.json", json_schema()), ("asyncapi.json", asyncapi())] {
            let path = format!("{}/../docs/live/{file}", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE").is_some() {
                std::fs::create_dir_all(format!("{}/../docs/live", env!("CARGO_MANIFEST_DIR"))).unwrap();
                std::fs::write(&path, pretty(&document)).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == pretty(&document), "docs/live/{file} is not current: UPDATE=1 cargo test -p posada-wire published");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for document in [json_schema(), asyncapi()] {
            let mut references = Vec::new();
            collect(&document, &mut references);
            assert!(references.len() > 20);
            for reference in references {
                assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
            }
        }
    }

    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                // What leads out of the document is a file of its own.
                if let Some(reference) = map.get("$ref").and_then(Value::as_str).filter(|reference| reference.starts_with('#')) {
                    into.push(reference.to_owned());
                }
                map.values().for_each(|value| collect(value, into));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
            _ => {}
        }
    }

    /// The table of close codes in the document is the one in the code.
    #[test]
    fn the_documents_close_codes_are_those_of_the_code() {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/live-protocol.md")).unwrap();
        for close in Close::ALL {
            let row = format!("| {} | `{}` | {} |", close.code(), close.reason(), if close.comes_back() { "yes" } else { "no" });
            assert!(text.contains(&row), "docs/live-protocol.md has no row {row:?}");
        }
    }
}

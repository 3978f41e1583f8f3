//! The binary encoding, `posada.v1.bin`: the same frames as protobuf messages.
//!
//! Written by the hub ([`write`], [`snapshot`], [`delta`]) and the map (its [`messages::Tile`]s, by [`put_tile`]); read by clients through a
//! [`Reader`]. What a client says is read by [`parse`] and written by [`say`]. The messages' types are made from
//! `docs/live/posada.v1.proto`; a test keeps them current.

mod client;
mod header;
#[rustfmt::skip]
#[allow(clippy::all)]
pub mod messages;
mod plain;
mod reader;
mod tile;
mod words;

use prost::Message;

pub use client::{parse, say};
pub use header::{Named, delta, snapshot, write};
pub use reader::{Reader, Unreadable};

/// Units of 1e-7 degrees in a degree.
const UNITS: f64 = 1e7;

/// A position's degrees as the whole number that both encodings say.
pub fn units(degrees: f64) -> i32 {
    (degrees * UNITS).round() as i32
}

/// The degrees that stand for so many units: the number that the shortest decimal with seven places reads as.
pub fn degrees(units: i32) -> f64 {
    f64::from(units) / UNITS
}

/// A tile as it stands in a frame: after any header, before and after any other tile.
pub fn put_tile(tile: &messages::Tile) -> Vec<u8> {
    const TILES: u32 = 15;
    let mut out = Vec::with_capacity(tile.encoded_len() + 4);
    prost::encoding::message::encode(TILES, tile, &mut out);
    out
}

#[cfg(test)]
mod tests {
    /// After a change of the `.proto`: `UPDATE=1 cargo test -p posada-wire messages`, and commit `wire/src/binary/messages.rs`.
    #[test]
    fn the_messages_are_those_of_the_published_schema() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/live");
        let schema = protox::compile(["posada.v1.proto"], [folder]).unwrap();
        let module = prost_build::Module::from_protobuf_package_name("posada.v1");
        let mut made = prost_build::Config::new().generate(schema.file.into_iter().map(|file| (module.clone(), file)).collect()).unwrap();
        let made = made.remove(&module).unwrap();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/binary/messages.rs");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        assert!(std::fs::read_to_string(path).unwrap() == made, "messages.rs is not current: UPDATE=1 cargo test -p posada-wire messages");
    }
}

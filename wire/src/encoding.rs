//! The two encodings of the one schema, and how a connection chooses between them.

/// How frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encoding {
    /// `posada.v1.json`: each frame a JSON object in a text message.
    Json,
    /// `posada.v1.bin`: each frame a protobuf message in a binary message.
    Binary,
}

impl Encoding {
    pub const ALL: [Self; 2] = [Self::Json, Self::Binary];

    /// Its WebSocket subprotocol.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "posada.v1.json",
            Self::Binary => "posada.v1.bin",
        }
    }

    /// The first of a client's subprotocols (`Sec-WebSocket-Protocol`, in its order of preference) that is spoken here.
    pub fn chosen<'a>(offered: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        offered.into_iter().flat_map(|line| line.split(',')).find_map(|name| Self::ALL.into_iter().find(|encoding| encoding.subprotocol() == name.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding::{self, Binary, Json};

    #[test]
    fn the_clients_first_known_choice_wins() {
        assert_eq!(Encoding::chosen(["posada.v1.bin, posada.v1.json"]), Some(Binary));
        assert_eq!(Encoding::chosen(["posada.v9", "posada.v1.json,posada.v1.bin"]), Some(Json));
        assert_eq!(Encoding::chosen(["posada.v9.bin"]), None);
        assert_eq!(Encoding::chosen([]), None);
    }
}

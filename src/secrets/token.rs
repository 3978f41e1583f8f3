//! A session's token: 256 random bits, shown to its holder once, kept only as their sha-256.
//!
//! sha-256 and not argon2: nothing can be guessed about 256 random bits, and every request computes it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// What proves a session: 64 hexadecimal digits.
#[derive(Clone, Debug)]
pub struct Token(SecretString);

impl Token {
    pub fn generate() -> Self {
        Self(random_hex().into())
    }

    pub fn parse(text: &str) -> Result<Self, BadToken> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) { Ok(Self(text.into())) } else { Err(BadToken) }
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.expose_secret()).into())
    }

    /// For the cookie or the answer that hands it over, and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is no session token")]
pub struct BadToken;

/// A session as the database knows it. Who reads it cannot sign in with it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    /// The first bytes: enough to follow a session through a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {:02x}{:02x}{:02x}{:02x}…", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}

/// What a page of ours sends back with each change, and a page of somebody else's cannot know.
pub fn csrf() -> String {
    random_hex()
}

fn random_hex() -> String {
    use std::fmt::Write;
    let bytes: [u8; 32] = rand::random();
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_never_shown() {
        let token = Token::generate();
        assert_eq!(Token::parse(token.expose()).unwrap().hash(), token.hash());
        assert!(!format!("{token:?}").contains(token.expose()));
        assert_ne!(Token::generate().hash(), token.hash());
    }

    #[test]
    fn what_is_no_token_is_refused_before_the_database_sees_it() {
        for text in ["", "abc", &"g".repeat(64), &"A".repeat(64), &"a".repeat(65)] {
            assert_eq!(Token::parse(text).unwrap_err(), BadToken);
        }
    }
}

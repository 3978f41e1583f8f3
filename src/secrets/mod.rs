//! Secrets: passwords and their hashes, session tokens and theirs.
//!
//! Called by the commands of sign-up and sign-in and by the edges that read a token. Nothing here is ever logged, and
//! neither a password nor a token is ever stored: only what [`Hasher`] and [`Token::hash`] make of them.

mod hasher;
mod password;
mod token;

pub use hasher::{CannotHash, Hasher, PasswordHash};
pub use password::{BadPassword, Password};
pub use token::{BadToken, Token, TokenHash, csrf};

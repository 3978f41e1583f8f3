//! Which passwords are good enough.
//!
//! Length is what counts (NIST SP 800-63B): no rule about capitals or digits. Refused are the e-mail itself, one character over
//! and over, a run along the keyboard or the alphabet, and the commonest ones, from the list beside this file.

use std::{collections::HashSet, sync::LazyLock};

use domain::{Email, person::nfc};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// A password that may be hashed: 10 to 200 characters, in NFC so that every keyboard types the same one.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    pub const SHORTEST: usize = 10;
    pub const LONGEST: usize = 200;

    /// A new password for somebody.
    pub fn new(text: &SecretString, email: &Email) -> Result<Self, BadPassword> {
        let password = Self::given(text)?;
        let lower = password.0.expose_secret().to_lowercase();
        let count = lower.chars().count();
        if count < Self::SHORTEST {
            return Err(BadPassword::TooShort);
        }
        if lower == email.as_str() || lower == email.local() {
            return Err(BadPassword::IsTheEmail);
        }
        if COMMON.contains(lower.as_str()) || is_run(&lower) {
            return Err(BadPassword::Common);
        }
        Ok(password)
    }

    /// A password as somebody gives it to sign in: only so long that hashing it is no attack.
    pub fn given(text: &SecretString) -> Result<Self, BadPassword> {
        let text = text.expose_secret();
        // A character is at most four bytes: what is longer is not even counted.
        if text.len() > Self::LONGEST * 4 || text.chars().count() > Self::LONGEST {
            return Err(BadPassword::TooLong);
        }
        // White space at the ends counts: only the composition is made one.
        let lead = text.len() - text.trim_start().len();
        let tail = text.trim_end().len().max(lead);
        Ok(Self(format!("{}{}{}", &text[..lead], nfc(&text[lead..tail]), &text[tail..]).into()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// Refused at the edge, in words for whoever chose it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadPassword {
    #[error("this is too short: at least 10 characters")]
    TooShort,
    #[error("this is too long: at most 200 characters")]
    TooLong,
    #[error("the e-mail address is no password: choose something that nobody can look up")]
    IsTheEmail,
    #[error("this is one of the first passwords that are tried: choose another, four random words for example")]
    Common,
}

static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect());

/// `aaaaaaaaaa`, `1234567890`, `abcdefghij`, and the same backwards.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let step = |pair: &[i64]| match (pair[0], pair[1]) {
        (NINE, ZERO) => 1, // on a keyboard 0 follows 9
        (ZERO, NINE) => -1,
        (a, b) => b - a,
    };
    let steps: HashSet<i64> = codes.windows(2).map(step).collect();
    steps.len() == 1 && steps.iter().all(|step| step.abs() <= 1)
}

const ZERO: i64 = '0' as i64;
const NINE: i64 = '9' as i64;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), BadPassword> {
        Password::new(&text.into(), &"ana.maria.lopez@example.org".parse().unwrap()).map(|_| ())
    }

    #[test]
    fn length_counts_characters_and_nothing_else_is_asked_for() {
        assert_eq!(check("short"), Err(BadPassword::TooShort));
        assert_eq!(check("ñandúñand"), Err(BadPassword::TooShort));
        assert_eq!(check("grapefruit tango"), Ok(()));
        assert_eq!(check("перелётная птица"), Ok(()));
        assert_eq!(check(&"ab".repeat(100)), Ok(()));
        assert_eq!(check(&"ab".repeat(101)), Err(BadPassword::TooLong));
        assert_eq!(check(&"€".repeat(1_000_000)), Err(BadPassword::TooLong));
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        assert_eq!(check("Ana.Maria.Lopez@example.org"), Err(BadPassword::IsTheEmail));
        assert_eq!(check("ana.maria.lopez"), Err(BadPassword::IsTheEmail));
        for text in ["password123", "PASSWORD123", "1234567890", "0987654321", "aaaaaaaaaaaa", "abcdefghij", "qwertyuiop"] {
            assert_eq!(check(text), Err(BadPassword::Common), "{text}");
        }
    }

    #[test]
    fn every_common_one_is_long_enough_to_be_asked_about_and_in_lower_case() {
        for line in COMMON.iter() {
            assert!(line.chars().count() >= Password::SHORTEST && *line == line.to_lowercase(), "{line}");
        }
        assert!(COMMON.len() >= 100);
    }

    #[test]
    fn composed_and_decomposed_are_one_password_and_spaces_count() {
        let hash = |text: &str| Password::given(&text.into()).unwrap().bytes().to_vec();
        assert_eq!(hash("jos\u{e9} canta tango"), hash("jose\u{301} canta tango"));
        assert_ne!(hash(" grapefruit tango"), hash("grapefruit tango"));
        assert_eq!(hash("   "), b"   ");
    }
}

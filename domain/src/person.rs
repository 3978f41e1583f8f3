//! What a person says of themselves: e-mail, name, languages. Parsed once, at the edge; a value that exists is valid.
//!
//! Called by the edges (HTTP, CLI) and the store. Text is kept in NFC.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// Text as it is kept and compared: NFC, no white space at its ends.
pub fn nfc(text: &str) -> String {
    text.trim().nfc().collect()
}

/// An e-mail address, NFC and lower case: `Ana@Example.org` and `ana@example.org` are one sign-in.
///
/// Checked for what no mail system would take, not for what RFC 5321 allows: whether mail arrives is only known by sending one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Email(String);

impl Email {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(local, _)| local)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        if text.len() > 1000 {
            return Err(BadEmail);
        }
        // Lower case may compose anew: NFC comes last.
        let text: String = nfc(text).to_lowercase().nfc().collect();
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail)?;
        let local_is_fine = (1..=64).contains(&local.len())
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace() && !c.is_control()) || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        let label_is_fine = |label: &str| {
            (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let domain_is_fine = domain.contains('.') && domain.split('.').all(label_is_fine);
        if text.chars().count() > 254 || text.len() > 254 || !local_is_fine || !domain_is_fine {
            return Err(BadEmail);
        }
        Ok(Self(text))
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is not an e-mail address like ana@example.org")]
pub struct BadEmail;

/// What a member is called: 1 to 120 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonName(String);

impl PersonName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PersonName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        if text.len() > 2000 || text.chars().any(char::is_control) {
            return Err(BadName);
        }
        let name = nfc(text);
        if name.is_empty() || name.chars().count() > 120 {
            return Err(BadName);
        }
        Ok(Self(name))
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("a name has 1 to 120 characters on one line")]
pub struct BadName;

/// The languages someone speaks, as BCP 47 tags (`es`, `pt-BR`, `zh-Hant`), each once, at most 20.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Languages(Vec<String>);

impl Languages {
    pub const MOST: usize = 20;

    /// Keeps the order given and drops repeats.
    pub fn new<T: AsRef<str>>(tags: impl IntoIterator<Item = T>) -> Result<Self, BadLanguage> {
        let mut seen = BTreeSet::new();
        let mut kept = Vec::new();
        for tag in tags {
            let tag = language(tag.as_ref())?;
            if seen.insert(tag.clone()) {
                kept.push(tag);
            }
            if kept.len() > Self::MOST {
                return Err(BadLanguage::TooMany);
            }
        }
        Ok(Self(kept))
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Languages {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(Vec::<String>::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// The usual writing of a tag: language small, script with a capital, region in capitals (RFC 5646, 2.1.1).
fn language(tag: &str) -> Result<String, BadLanguage> {
    let bad = || BadLanguage::NotATag(tag.chars().take(40).collect());
    if tag.len() > 35 || !tag.is_ascii() {
        return Err(bad());
    }
    let mut parts = Vec::new();
    for (n, part) in tag.split('-').enumerate() {
        let alphabetic = part.bytes().all(|b| b.is_ascii_alphabetic());
        let alphanumeric = part.bytes().all(|b| b.is_ascii_alphanumeric());
        parts.push(match (n, part.len()) {
            (0, 2..=3) if alphabetic => part.to_ascii_lowercase(),
            (1.., 4) if alphabetic => part[..1].to_ascii_uppercase() + &part[1..].to_ascii_lowercase(),
            (1.., 2) if alphabetic => part.to_ascii_uppercase(),
            (1.., 2..=8) if alphanumeric => part.to_ascii_lowercase(),
            _ => return Err(bad()),
        });
    }
    Ok(parts.join("-"))
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadLanguage {
    #[error("{0:?} is not a language tag like es, pt-BR or zh-Hant")]
    NotATag(String),
    #[error("these are too many languages: at most 20")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_is_one_however_it_is_written() {
        let plain: Email = "ana@example.org".parse().unwrap();
        assert_eq!(" Ana@Example.ORG ".parse::<Email>().unwrap(), plain);
        let composed: Email = "jos\u{e9}@example.org".parse().unwrap();
        assert_eq!("JOSE\u{301}@example.org".parse::<Email>().unwrap(), composed);
    }

    #[test]
    fn what_is_no_e_mail_is_refused() {
        for text in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "ana@localhost",
            "a b@example.org",
            "ana@exa mple.org",
            "ana@-x.org",
            "ana@x..org",
            ".ana@x.org",
            "an..a@x.org",
            "a@b@c.org",
            "a\u{0}@x.org",
            "\"a\"@x.org",
        ] {
            assert_eq!(text.parse::<Email>(), Err(BadEmail), "{text:?}");
        }
        assert!(format!("{}@example.org", "a".repeat(65)).parse::<Email>().is_err());
        assert!(format!("a@{}.org", "b.".repeat(150)).parse::<Email>().is_err());
        assert!("ana.maria+posada@correo.example.org".parse::<Email>().is_ok());
    }

    #[test]
    fn names_keep_every_script_and_lose_no_letter() {
        for name in ["Ana", "José María", "Зоя", "美咲", "O’Connor", "Ng"] {
            assert_eq!(name.parse::<PersonName>().unwrap().as_str(), name);
        }
        for name in ["", "  ", "a\nb", &"x".repeat(121)] {
            assert_eq!(name.parse::<PersonName>(), Err(BadName));
        }
    }

    #[test]
    fn languages_are_tags_in_their_usual_writing_each_once() {
        assert_eq!(Languages::new(["ES", "pt-br", "zh-hant", "es", "ca-valencia"]).unwrap().as_slice(), ["es", "pt-BR", "zh-Hant", "ca-valencia"]);
        for tag in ["", "e", "spanish", "es_ES", "es-", "e1", "é"] {
            assert!(Languages::new([tag]).is_err(), "{tag:?}");
        }
        assert_eq!(Languages::new((0..21).map(|n| format!("es-x{n:02}"))), Err(BadLanguage::TooMany));
    }
}

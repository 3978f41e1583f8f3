//! The texts of a home: what was typed, made regular (NFC), within its length, nothing dropped in silence.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Marks that turn the direction of the text after them: they can make a title read as something else beside other text.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Leaves no mark on the page: a text of these alone is empty to a reader.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadText {
    Empty,
    TooLong { length: usize, most: usize },
    Forbidden(char),
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooLong { length, most } => write!(f, "has {length} characters, at most {most} are possible"),
            Self::Forbidden(c) => write!(f, "holds the control character U+{:04X}", u32::from(*c)),
        }
    }
}

impl std::error::Error for BadText {}

/// One line: runs of white space (line ends too) become one space, the ends are trimmed.
fn one_line(text: &str, most: usize) -> Result<String, BadText> {
    let mut line = String::with_capacity(text.len().min(4 * most));
    let mut gap = false;
    for c in text.nfc() {
        if c.is_whitespace() {
            gap = !line.is_empty();
            continue;
        }
        if c.is_control() || turns_direction(c) {
            return Err(BadText::Forbidden(c));
        }
        if std::mem::take(&mut gap) {
            line.push(' ');
        }
        line.push(c);
    }
    if line.chars().all(is_invisible) {
        return Err(BadText::Empty);
    }
    within(line, most)
}

fn within(text: String, most: usize) -> Result<String, BadText> {
    match text.chars().count() {
        length if length > most => Err(BadText::TooLong { length, most }),
        _ => Ok(text),
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )+};
}

texts! {
    /// What a home is called: one line of 1 to 255 characters, NFC.
    Title,
    /// What a home is like: up to 1,000 characters with line ends, NFC; may be empty.
    Description,
    /// What a room is called inside its home: one line of 1 to 120 characters, NFC.
    RoomName,
}

impl Title {
    pub const MOST: usize = 255;
    pub fn parse(text: &str) -> Result<Self, BadText> {
        one_line(text, Self::MOST).map(Self)
    }
}

impl RoomName {
    pub const MOST: usize = 120;
    pub fn parse(text: &str) -> Result<Self, BadText> {
        one_line(text, Self::MOST).map(Self)
    }
    /// What the only room of a home is called when nobody named it.
    pub fn only() -> Self {
        Self("Room".to_owned())
    }
}

impl Description {
    pub const MOST: usize = 1000;
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let mut kept = String::with_capacity(text.len());
        let mut chars = text.nfc().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' => {
                    chars.next_if_eq(&'\n');
                    kept.push('\n');
                }
                '\n' | '\t' => kept.push(c),
                c if c.is_control() || turns_direction(c) => return Err(BadText::Forbidden(c)),
                c => kept.push(c),
            }
        }
        within(kept.trim().to_owned(), Self::MOST).map(Self)
    }
    pub fn none() -> Self {
        Self(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_nfc_line_and_keep_their_emoji() {
        assert_eq!(Title::parse("  Cafe\u{301}  on\n the\tbeach 🏖\u{fe0f}★ ").unwrap().as_str(), "Café on the beach 🏖\u{fe0f}★");
    }

    #[test]
    fn lengths_are_in_characters_after_normalising() {
        assert!(Title::parse(&"e\u{301}".repeat(255)).is_ok());
        assert_eq!(Title::parse(&"é".repeat(256)), Err(BadText::TooLong { length: 256, most: 255 }));
        assert!(Description::parse(&"🏠".repeat(1000)).is_ok());
        assert!(Description::parse(&"🏠".repeat(1001)).is_err());
    }

    #[test]
    fn nothing_invisible_passes_for_a_title() {
        for empty in ["", "   ", "\u{200b}\u{200f}", "\u{3164}", "\u{feff}\n"] {
            assert_eq!(Title::parse(empty), Err(BadText::Empty), "{empty:?}");
        }
    }

    #[test]
    fn controls_and_turned_text_are_refused() {
        assert_eq!(Title::parse("a\0b"), Err(BadText::Forbidden('\0')));
        assert_eq!(Title::parse("safe \u{202e}evil"), Err(BadText::Forbidden('\u{202e}')));
        assert_eq!(Description::parse("a\u{1b}[2J"), Err(BadText::Forbidden('\u{1b}')));
        assert_eq!(Description::parse("two\r\nlines\rthree").unwrap().as_str(), "two\nlines\nthree");
    }
}

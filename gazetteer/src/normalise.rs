//! One spelling for many: the form in which names are compared.
//!
//! Called by every search of this crate and by `examples/pack.rs`, which writes the file with it: both sides of a
//! comparison always went through here. It never drops a word: "Newtown" stays "newtown", "Cape Town" "cape town".

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

/// Characters of input that are read. What follows is ignored: no name on earth is longer.
pub const LONGEST_NAME: usize = 200;

/// The comparable form of a name: compatibility decomposition (NFKD), lower case with full folding of the letters that
/// place names use, no accents, punctuation and white space as single spaces, apostrophes and invisible marks gone.
///
/// Case, accents, spacing and composition (NFC or NFD) do not matter; nor do `ł`/`l`, `ß`/`ss`, `ı`/`i`, `ø`/`o`,
/// `đ`/`d`, `æ`/`ae`, `œ`/`oe`, `þ`/`th`, hiragana and katakana, or Persian and Arabic forms of one letter. Vowel signs
/// of Indic scripts and voicing marks of kana are letters, not accents, and stay. Reads the first [`LONGEST_NAME`]
/// characters only. The result is in NFC, has no space at its ends, and may be empty.
#[must_use]
pub fn normalise(text: &str) -> String {
    let start = text.trim_start();
    let mut folded = String::with_capacity(start.len().min(LONGEST_NAME * 4));
    let mut space = false;
    for c in start.chars().take(LONGEST_NAME).nfkd().flat_map(char::to_lowercase) {
        match kind(c) {
            Kind::Dropped => {}
            Kind::Space => space = !folded.is_empty(),
            Kind::Letter => {
                if space {
                    folded.push(' ');
                    space = false;
                }
                fold(c, &mut folded);
            }
        }
    }
    if folded.is_ascii() { folded } else { folded.nfc().collect() }
}

/// True when `text` has more characters than a name may have.
pub(crate) fn too_long(text: &str) -> bool {
    text.chars().nth(LONGEST_NAME).is_some()
}

enum Kind {
    Letter,
    Space,
    Dropped,
}

fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | '0'..='9' => Kind::Letter,
        '\'' | '`' | '´' | '’' | '‘' | '\u{02b0}'..='\u{02ff}' | '\u{0640}' | '\u{05f3}' | '\u{05f4}' => Kind::Dropped,
        // Format characters: soft hyphen, zero width, direction marks and embeddings, byte order mark, tags.
        '\u{00ad}'
        | '\u{061c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e0fff}' => Kind::Dropped,
        c if is_accent(c) => Kind::Dropped,
        c if c.is_alphanumeric() || is_combining_mark(c) => Kind::Letter,
        _ => Kind::Space,
    }
}

/// Combining marks with a class of their own are accents, except nukta (7), kana voicing (8) and virama (9), which
/// tell letters apart. Vowel signs have class 0 and are letters.
fn is_accent(c: char) -> bool {
    !matches!(canonical_combining_class(c), 0 | 6..=9)
}

fn fold(c: char, out: &mut String) {
    let one = match c {
        'ß' => return out.push_str("ss"),
        'æ' => return out.push_str("ae"),
        'œ' => return out.push_str("oe"),
        'þ' => return out.push_str("th"),
        'ł' | 'ƚ' => 'l',
        'ı' | 'ɨ' => 'i',
        'ø' => 'o',
        'đ' | 'ð' | 'ɗ' | 'ɖ' => 'd',
        'ħ' => 'h',
        'ŧ' => 't',
        'ŋ' | 'ɲ' => 'n',
        'ĸ' | 'ƙ' => 'k',
        'ɓ' => 'b',
        'ƴ' => 'y',
        'ə' | 'ǝ' | 'ɛ' => 'e',
        'ς' => 'σ',
        'ى' | 'ی' => 'ي',
        'ة' => 'ه',
        'ک' => 'ك',
        'ヶ' => 'ケ',
        // Hiragana to katakana: the two blocks lie in parallel.
        'ぁ'..='ゖ' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        c => c,
    };
    out.push(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_many_spellings() {
        for (written, form) in [
            ("  Mendoza  ", "mendoza"),
            ("mÉNDoza", "mendoza"),
            ("Łódź", "lodz"),
            ("Gießen", "giessen"),
            ("GIESSEN", "giessen"),
            ("Diyarbakır", "diyarbakir"),
            ("İstanbul", "istanbul"),
            ("Tromsø", "tromso"),
            ("Þorlákshöfn", "thorlakshofn"),
            ("Saint-Étienne", "saint etienne"),
            ("Xi’an", "xian"),
            ("São\u{00a0}Paulo", "sao paulo"),
            ("ＴＯＫＹＯ", "tokyo"),
            ("とうきょう", "トウキョウ"),
            ("ガ", "ガ"),
            ("दिल्ली", "दिल्ली"),
            ("서울", "서울"),
            ("\u{200f}القاهرة\u{200e}", "القاهره"),
            ("Αθήνα", "αθηνα"),
            ("", ""),
            (" \t\r\n,.- ", ""),
            ("\0\u{1}\u{7f}", ""),
        ] {
            assert_eq!(normalise(written), form, "{written:?}");
        }
    }

    #[test]
    fn no_suffix_is_ever_dropped() {
        for name in ["cape town", "new york city", "mexico city", "ho chi minh city", "quebec city", "newtown"] {
            assert_eq!(normalise(&name.to_uppercase()), name);
        }
    }

    #[test]
    fn a_huge_text_is_read_only_at_its_start() {
        let huge = "x".repeat(10_000_000);
        assert_eq!(normalise(&huge).len(), LONGEST_NAME);
        assert!(too_long(&huge));
        assert_eq!(normalise(&format!("Madrid{}", " ".repeat(10_000_000))), "madrid");
    }
}

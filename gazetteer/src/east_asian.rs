//! The parts of a Chinese, Japanese or Korean address, which mostly has no separators.
//!
//! Called by `address` only. The marks 市, 都, 府, 시 … say in an address what kind of place the part before them is;
//! here, and nowhere else, a name is also tried without its mark, since the gazetteer has some cities only so.

/// Marks that end the part of a province; it is looked at like a city, since some are (東京都).
const MARKS: &[char] = &['都', '道', '府', '県', '縣', '省', '市', '区', '區', '县', '州', '시', '도', '군'];
/// Marks of a city.
const CITY_MARKS: &[&str] = &["특별시", "광역시", "特别市", "特別市", "市", "都", "시"];

/// Splits a text in these scripts at separators and after each mark; nothing for other texts.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    if !text.chars().any(is_east_asian) {
        return Vec::new();
    }
    let mut pieces = vec![String::new()];
    for c in text.chars() {
        let ends = MARKS.contains(&c);
        if c.is_alphanumeric()
            && let Some(last) = pieces.last_mut()
        {
            last.push(c);
        }
        // A mark is not the first letter: 都 in 都城市, 市 in 市川市 begin names.
        let long = pieces.last().is_some_and(|p| p.chars().count() > 2);
        if (ends && long) || !c.is_alphanumeric() {
            pieces.push(String::new());
        }
    }
    pieces.retain(|piece| piece.chars().any(is_east_asian));
    pieces
}

/// The piece itself, if it ends in a mark, and the piece without the mark of a city.
pub(crate) fn city_forms(form: &str) -> Vec<String> {
    let bare = CITY_MARKS.iter().find_map(|mark| form.strip_suffix(mark)).filter(|bare| bare.chars().count() > 1);
    match (bare, form.chars().next_back()) {
        (Some(bare), _) => vec![form.to_owned(), bare.to_owned()],
        (None, Some(last)) if MARKS.contains(&last) => vec![form.to_owned()],
        _ => Vec::new(),
    }
}

fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}')
}

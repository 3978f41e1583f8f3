//! Words of titles: how a text becomes words, and which homes have them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{HomeId, Position};
use gazetteer::normalise;

use crate::store::city_page::HomeTitle;

/// Words of a question that count; more narrow nothing down.
const MOST_WORDS: usize = 8;

/// The words of a text: compared without case and accents. Scripts that put no spaces between words give one word for each character.
pub(super) fn of(text: &str) -> BTreeSet<String> {
    words(text).take(MOST_WORDS).collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let mut all = Vec::new();
    for part in normalise(text).split(' ') {
        let mut run = String::new();
        for c in part.chars() {
            if stands_alone(c) {
                all.extend((!run.is_empty()).then(|| std::mem::take(&mut run)));
                all.push(c.to_string());
            } else {
                run.push(c);
            }
        }
        all.extend((!run.is_empty()).then_some(run));
    }
    all.into_iter()
}

/// Han, kana, Thai, Lao, Khmer and Myanmar are written without spaces.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0x20000..=0x2ffff)
}

/// The words of one city's titles.
#[derive(Debug)]
pub(super) struct CityWords {
    homes: Vec<(HomeId, Position)>,
    /// Sorted by word; the places in `homes`, ascending.
    words: Vec<(Box<str>, Vec<u32>)>,
}

impl CityWords {
    pub(super) fn new(titles: Vec<HomeTitle>) -> Self {
        let mut words_of: BTreeMap<Box<str>, Vec<u32>> = BTreeMap::new();
        for (place, home) in (0..).zip(&titles) {
            for word in words(&home.title).collect::<BTreeSet<_>>() {
                words_of.entry(word.into()).or_default().push(place);
            }
        }
        Self { homes: titles.into_iter().map(|home| (home.id, home.at)).collect(), words: words_of.into_iter().collect() }
    }

    /// Words that begin with this one, the word itself first if it is there.
    fn beginning_with<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a (Box<str>, Vec<u32>)> {
        let from = self.words.partition_point(|(known, _)| known.as_ref() < word);
        self.words[from..].iter().take_while(move |(known, _)| known.starts_with(word))
    }
}

/// How well a word fits; more is better.
const WHOLE: u32 = 8;
const BEGINNING: u32 = 6;
const ONE_SLIP: u32 = 3;
const TWO_SLIPS: u32 = 1;

/// Homes that have every word asked for, best first.
pub(super) fn search(cities: &[Arc<CityWords>], asked: &BTreeSet<String>, hint: Option<Position>, limit: usize) -> Vec<HomeId> {
    // Slips are looked for only where nobody writes it so: then it is most likely a slip.
    let slips: Vec<(&str, bool)> = asked.iter().map(|word| (word.as_str(), !cities.iter().any(|city| city.beginning_with(word).next().is_some()))).collect();
    let mut found: Vec<(u32, f64, HomeId)> = Vec::new();
    for city in cities {
        let mut fits: Option<HashMap<u32, u32>> = None;
        for (word, slip) in &slips {
            let mut here: HashMap<u32, u32> = HashMap::new();
            let mut note = |places: &[u32], how: u32| {
                for place in places {
                    let best = here.entry(*place).or_default();
                    *best = how.max(*best);
                }
            };
            if *slip {
                for (known, places) in &city.words {
                    if let Some(how) = written_like(word, known) {
                        note(places, how);
                    }
                }
            } else {
                for (known, places) in city.beginning_with(word) {
                    note(places, if known.as_ref() == *word { WHOLE } else { BEGINNING });
                }
            }
            fits = Some(match fits {
                None => here,
                Some(so_far) => so_far.into_iter().filter_map(|(place, sum)| Some((place, sum + here.get(&place)?))).collect(),
            });
        }
        found.extend(fits.into_iter().flatten().filter_map(|(place, sum)| {
            let (id, at) = city.homes.get(place as usize)?;
            Some((sum, hint.map_or(0.0, |hint| hint.metres_to(*at)), *id))
        }));
    }
    // Ids are in the order of their making: of equals the newest first.
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)).then(b.2.cmp(&a.2)));
    found.into_iter().take(limit).map(|(_, _, id)| id).collect()
}

/// Whether `known`, or a beginning of it, is `asked` but for one slip (from four letters) or two (from eight).
fn written_like(asked: &str, known: &str) -> Option<u32> {
    let asked: Vec<char> = asked.chars().collect();
    let most = match asked.len() {
        0..4 => return None,
        4..8 => 1,
        _ => 2,
    };
    match slips(&asked, known, most)? {
        0 | 1 => Some(ONE_SLIP),
        _ => Some(TWO_SLIPS),
    }
}

/// The fewest letters to add, drop, change or swap (neighbours) that make `asked` a beginning of `known`; none if more than `most`.
fn slips(asked: &[char], known: &str, most: usize) -> Option<usize> {
    let width = asked.len() + 1;
    let (mut two_back, mut back): (Vec<usize>, Vec<usize>) = (vec![most + 1; width], (0..width).collect());
    let mut best = back[asked.len()];
    let mut before = None;
    // A beginning longer than this would need more letters dropped than allowed.
    for (row, c) in known.chars().take(asked.len() + most).enumerate() {
        let mut row_now = vec![row + 1; width];
        for at in 1..width {
            let change = back[at - 1] + usize::from(asked[at - 1] != c);
            let mut least = change.min(back[at] + 1).min(row_now[at - 1] + 1);
            if at > 1 && before == Some(asked[at - 1]) && asked[at - 2] == c {
                least = least.min(two_back[at - 2] + 1);
            }
            row_now[at] = least;
        }
        best = best.min(row_now[asked.len()]);
        if row_now.iter().all(|n| *n > most) {
            break;
        }
        (two_back, back) = (back, row_now);
        before = Some(c);
    }
    (best <= most).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn city(titles: &[&str]) -> Arc<CityWords> {
        let at = |n: usize| Position::new(41.0 + n as f64 / 10.0, 2.0).unwrap();
        let home = |(n, title): (usize, &&str)| HomeTitle { id: HomeId(uuid::Uuid::from_u128(n as u128)), at: at(n), title: (*title).to_owned() };
        Arc::new(CityWords::new(titles.iter().enumerate().map(home).collect()))
    }

    fn find(text: &str) -> Vec<u128> {
        let titles = ["Sunny loft in Gràcia", "Casa del Sol", "Sunset house by the sea", "東京の静かな家", "Тихая квартира у моря", "Gracia flat"];
        search(&[city(&titles)], &of(text), None, 10).into_iter().map(|id| id.0.as_u128()).collect()
    }

    #[test]
    fn words_are_found_whole_as_beginnings_and_with_slips_in_any_script() {
        assert_eq!(find("gracia"), [5, 0]);
        assert_eq!(find("GRÀCIA loft"), [0]);
        assert_eq!(find("sun"), [2, 0]);
        assert_eq!(find("sunny lof"), [0]);
        assert_eq!(find("gracai"), [5, 0], "two letters swapped");
        assert_eq!(find("gacia"), [5, 0], "one dropped");
        assert_eq!(find("lofft"), [0], "one too many");
        assert_eq!(find("静かな"), [3]);
        assert_eq!(find("東京"), [3]);
        assert_eq!(find("квартира"), [4]);
        assert_eq!(find("квартипа"), [4]);
        assert_eq!(find("castle"), [0; 0]);
        assert_eq!(find("loft sea"), [0; 0], "every word must be there");
        assert_eq!(find(" ,;"), [0; 0]);
    }

    #[test]
    fn a_whole_word_is_better_than_a_beginning_and_a_near_home_better_than_a_far_one() {
        let all = [city(&["Soleil", "Sol", "Sol grande"])];
        let ids = |hint| search(&all, &of("sol"), hint, 10).into_iter().map(|id| id.0.as_u128()).collect::<Vec<_>>();
        assert_eq!(ids(None), [2, 1, 0]);
        assert_eq!(ids(Some(Position::new(41.1, 2.0).unwrap())), [1, 2, 0]);
    }

    #[test]
    fn slips_are_counted_as_people_make_them() {
        let slips = |asked: &str, known| super::slips(&asked.chars().collect::<Vec<_>>(), known, 2);
        assert_eq!(slips("gracia", "gracia"), Some(0));
        assert_eq!(slips("grac", "gracia"), Some(0));
        assert_eq!(slips("garcia", "gracia"), Some(1));
        assert_eq!(slips("grxcia", "gracia"), Some(1));
        assert_eq!(slips("granciia", "gracia"), Some(2));
        assert_eq!(slips("barcelona", "gracia"), None);
        assert_eq!(slips("gracia", "g"), None);
    }
}

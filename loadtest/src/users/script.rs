//! The script: what a simulated user does in a visit, step by step. Published with every result, the same for every server.
//!
//! A visit is 12 reads: the world; a city of those there are, a larger one more often; the homes beside its map; five looks to the side; the same
//! with a filter, and the homes beside it; one of those homes; the user's own stays. In one visit of twenty the user asks the demo's host
//! for two nights, and the host declines: 2 writes in 240 reads. A step that has nothing to show (no home matches) is left out.
//!
//! Everything is drawn from a seed by the user's number, so that every server is asked the same.

use std::sync::Arc;

use serde_json::{Value, json};

/// Reads of a visit in which every step has something to show.
pub const READS: usize = 12;
/// In one visit of so many there is a request and its answer.
pub const VISITS_PER_REQUEST: u64 = 20;
/// Looks to the side.
const PANS: usize = 5;
/// A screen of 1200 × 800 pixels; a zoom's world is 256 pixels times two to its power.
const SCREEN: (f64, f64) = (1200.0, 800.0);
const CITY_ZOOM: f64 = 12.0;
/// The whole map, as the page opens.
pub const WORLD: &str = "/api/v1/map?bbox=-60,-180,75,180&zoom=2";

/// A city that users look at.
#[derive(Clone, Debug)]
pub struct Town {
    pub lat: f64,
    pub lng: f64,
}

/// Where users are sent: towns, the largest first, and homes of a host who answers.
#[derive(Debug)]
pub struct Places {
    pub towns: Vec<Town>,
    pub homes: Vec<String>,
}

/// What happens next.
#[derive(Debug, PartialEq)]
pub enum Step {
    Get(String),
    /// The homes beside the map; one of them is opened later.
    List(String),
    /// The home that was on the last list, if there was one.
    OpenHome,
    /// A request for two nights in a home, and the host's answer.
    Ask {
        home: String,
        body: Value,
    },
}

/// Chance by a seed: splitmix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Another sequence for every user of a seed.
    pub fn of(seed: u64, user: u64) -> Self {
        let mut dice = Self(seed ^ user.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }
}

/// The steps of one visit.
pub fn visit(dice: &mut Dice, places: &Arc<Places>) -> Vec<Step> {
    // Squared: of a hundred towns the first ten get a third of the visits.
    let town = &places.towns[((dice.unit() * dice.unit()) * places.towns.len() as f64) as usize];
    let (mut lat, mut lng) = (town.lat, town.lng);
    let kinds = ["house", "apartment", "apartment,loft"][dice.below(3)];
    let filter = format!("&kinds={kinds}&guests={}", 1 + dice.below(3));
    let map = |at: (f64, f64), filter: &str| Step::Get(format!("/api/v1/map?bbox={}&zoom={CITY_ZOOM}{filter}", screen(at)));
    let list = |at: (f64, f64), filter: &str| Step::List(format!("/api/v1/map/homes?bbox={}&limit=20{filter}", screen(at)));
    let mut steps = vec![Step::Get(WORLD.to_owned()), map((lat, lng), ""), list((lat, lng), "")];
    for _ in 0..PANS {
        let (high, wide) = span();
        lat = (lat + (dice.unit() - 0.5) * high / 2.0).clamp(-80.0, 80.0);
        lng += (dice.unit() - 0.5) * wide / 2.0;
        steps.push(map((lat, lng), ""));
    }
    steps.extend([map((town.lat, town.lng), &filter), list((town.lat, town.lng), &filter), Step::OpenHome]);
    steps.push(Step::Get("/api/v1/me/stays?as=guest&limit=20".to_owned()));
    if dice.below(VISITS_PER_REQUEST as usize) == 0 {
        let arrive = time::OffsetDateTime::now_utc().date() + time::Duration::days(30 + dice.below(300) as i64);
        let body =
            json!({"arrive": arrive.to_string(), "leave": (arrive + time::Duration::days(2)).to_string(), "guests": 1, "message": "May we stay with you?"});
        steps.push(Step::Ask { home: places.homes[dice.below(places.homes.len())].clone(), body });
    }
    steps
}

/// Degrees of a screen, north to south and west to east.
fn span() -> (f64, f64) {
    let degree = 256.0 * CITY_ZOOM.exp2() / 360.0;
    (SCREEN.1 / degree * 0.75, SCREEN.0 / degree)
}

fn screen((lat, lng): (f64, f64)) -> String {
    let (high, wide) = span();
    format!("{:.5},{:.5},{:.5},{:.5}", lat - high / 2.0, lng - wide / 2.0, lat + high / 2.0, lng + wide / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_number_make_the_same_visits_and_another_number_others() {
        let places = Arc::new(Places { towns: (0..50).map(|n| Town { lat: f64::from(n), lng: 2.0 }).collect(), homes: vec!["home".to_owned()] });
        let visits = |seed, user| {
            let mut dice = Dice::of(seed, user);
            (0..40).map(|_| visit(&mut dice, &places)).collect::<Vec<_>>()
        };
        assert_eq!(visits(1, 7), visits(1, 7));
        assert_ne!(visits(1, 7), visits(1, 8));
        assert_ne!(visits(1, 7), visits(2, 7));
        let all: Vec<Step> = (0..100).flat_map(|user| visits(3, user)).flatten().collect();
        let asked = all.iter().filter(|step| matches!(step, Step::Ask { .. })).count();
        assert_eq!((all.len() - asked) / READS, 4000, "every visit reads as often as is said");
        assert!((120..=280).contains(&asked), "one in twenty of 4,000 visits asks: {asked}");
    }
}

//! Which cities the demo has homes in, how many, and where in them.

use std::collections::HashMap;

use domain::Position;
use gazetteer::{City, Gazetteer, metres};

use super::{BARCELONA, dice::Dice};

/// About so many: the big ones of every country, and no two that are really one.
const CITIES: usize = 320;
/// Of one country at most.
const PER_COUNTRY: usize = 14;
/// Metres between two, so that no borough counts as a city.
const APART: f64 = 40_000.0;

/// Cities with the number of homes each gets; together exactly as many as wanted.
pub(super) fn chosen(gazetteer: &'static Gazetteer, homes: u32) -> Vec<(City<'static>, u32)> {
    let mut of_country: HashMap<&str, usize> = HashMap::new();
    let mut cities: Vec<City<'static>> = gazetteer.get(BARCELONA.0).into_iter().collect();
    for city in gazetteer.cities() {
        let others = of_country.entry(city.country).or_default();
        let too_near = |other: &City<'_>| metres(other.place(), city.place()) < APART;
        if *others >= PER_COUNTRY || cities.iter().any(too_near) {
            continue;
        }
        *others += 1;
        cities.push(city);
        if cities.len() == CITIES {
            break;
        }
    }
    // The first have most, the last still a street full.
    let weight = |rank: usize| 1.0 / (rank as f64 + 12.0).powf(0.7);
    let all: f64 = (0..cities.len()).map(weight).sum();
    let mut given = 0;
    let mut before = 0.0;
    cities
        .into_iter()
        .enumerate()
        .map(|(rank, city)| {
            before += weight(rank);
            let up_to = (f64::from(homes) * before / all).round() as u32;
            let share = up_to.saturating_sub(given);
            given = up_to;
            (city, share)
        })
        .filter(|(_, share)| *share > 0)
        .collect()
}

/// Places in a city, dense in the middle. Suburbs stand on land, so what lies on the way to one mostly does as well.
pub(super) struct Streets {
    centre: (f64, f64),
    suburbs: Vec<(f64, f64)>,
}

impl Streets {
    pub(super) fn of(gazetteer: &Gazetteer, city: &City<'_>) -> Self {
        let reach = 3_000.0 + 9_000.0 * (f64::from(city.population) / 1_000_000.0).sqrt().min(1.6);
        let suburbs = gazetteer.within(city.lat, city.lon, reach).into_iter().filter(|(other, _)| other.id != city.id).take(40).map(|(other, _)| other.place());
        Self { centre: city.place(), suburbs: suburbs.collect() }
    }

    pub(super) fn place(&self, dice: &mut Dice) -> Option<Position> {
        let (lat, lng) = self.centre;
        // Squared twice over: half of all homes within the first quarter of the way.
        let way = dice.unit().powi(2) * 0.9;
        let (to_lat, to_lng) = if self.suburbs.is_empty() { self.centre } else { *dice.one(&self.suburbs) };
        // About 900 m around the way, as if by two streets.
        let spread = 0.008 * (0.35 + way);
        let aside = |dice: &mut Dice| (dice.unit() + dice.unit() - 1.0) * spread;
        let at_lat = lat + (to_lat - lat) * way + aside(dice);
        let at_lng = lng + (to_lng - lng) * way + aside(dice) / lat.to_radians().cos().max(0.1);
        Position::new(at_lat, at_lng).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_hundred_cities_share_all_the_homes() {
        let chosen = chosen(Gazetteer::embedded(), 12_000);
        assert!((300..=CITIES).contains(&chosen.len()), "{}", chosen.len());
        assert_eq!(chosen.iter().map(|(_, share)| share).sum::<u32>(), 12_000);
        let countries: std::collections::BTreeSet<&str> = chosen.iter().map(|(city, _)| city.country).collect();
        assert!(countries.len() > 80, "{}", countries.len());
        assert_eq!(chosen[0].0.name, "Barcelona");
    }
}

//! Files of homes: any bytes are a file with rows or a reason why not, every row is a home or a refusal with its line, and reading ends.
#![no_main]

use domain::{CityId, Currency};
use gazetteer::Gazetteer;
use libfuzzer_sys::fuzz_target;
use posada::import::{City, HomeFile, REACH_KM, first_position};

const BARCELONA: CityId = CityId(3_128_760);

fuzz_target!(|bytes: &[u8]| {
    let city = City::of(Gazetteer::embedded(), BARCELONA);
    let centre = city.as_ref().map(|city| city.centre).expect("Barcelona is in the gazetteer");
    let _ = first_position(bytes);
    let Ok(file) = HomeFile::open(bytes, city, Currency::Eur, Gazetteer::embedded()) else { return };
    let mut last = 1;
    for row in file {
        let Ok(row) = row else { break };
        assert!(row.line > last, "rows come in order");
        last = row.line;
        if let Ok(home) = row.home {
            assert!(!home.reference.is_empty() && !home.facts.title.as_str().is_empty() && !home.rooms.is_empty());
            assert!(home.city != BARCELONA || home.at.metres_to(centre) <= REACH_KM * 1_000.0);
        }
    }
});

//! The acceptance rows about names, each as a test: what a text means, and what it must never mean.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use gazetteer::{Gazetteer, Lookup, MOST_CANDIDATES, Match, normalise};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

const MENDOZA: u32 = 3_844_421;

fn cities() -> &'static Gazetteer {
    Gazetteer::embedded()
}

/// The id of a name that must mean one city.
fn one(name: &str, country: Option<&str>, hint: Option<(f64, f64)>) -> u32 {
    match cities().lookup(name, country, hint) {
        Lookup::One(city) => city.id,
        other => panic!("{name:?} {country:?}: {other:#?}"),
    }
}

#[test]
fn row_3_one_city_however_it_is_written() {
    for name in ["Mendoza", "mÉNDoza", "  Mendoza  ", "méndoza", "Me\u{301}ndoza", "ＭＥＮＤＯＺＡ", "\u{200f}Mendoza\u{200e}"] {
        assert_eq!(one(name, Some("AR"), None), MENDOZA);
        assert_eq!(one(name, Some("ar"), None), MENDOZA);
        assert_eq!(one(name, Some(" Argentina "), None), MENDOZA);
        assert_eq!(one(name, None, Some((-32.9, -68.8))), MENDOZA);
        assert_eq!(one(name, Some("AR"), Some((-34.6, -58.4))), MENDOZA, "a hint elsewhere in the country");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn row_3_case_accents_spacing_and_composition_do_not_matter(
        place in any::<proptest::sample::Index>(),
        upper in prop::collection::vec(any::<bool>(), 1..20),
        composed in any::<bool>(),
        accents in any::<bool>(),
        spaces in "[ \t\u{a0}]{0,3}",
    ) {
        let city = cities().cities().nth(place.index(20_000)).unwrap();
        let cased: String = city.name.chars().zip(upper.iter().cycle())
            .flat_map(|(c, up)| if *up { c.to_uppercase().collect::<Vec<_>>() } else { c.to_lowercase().collect() })
            .collect();
        let marked = if accents { cased } else { cased.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect() };
        let formed: String = if composed { marked.nfc().collect() } else { marked.nfd().collect() };
        let spaced = format!("{spaces}{}{spaces}", formed.replace(' ', &format!(" {spaces}")));
        prop_assert_eq!(normalise(&spaced), normalise(city.name));
        prop_assert_eq!(cities().lookup(&spaced, Some(city.country), None), cities().lookup(city.name, Some(city.country), None));
    }

    #[test]
    fn row_3_letters_with_strokes_and_ligatures_are_their_plain_ones(name in "[a-złßıøđæœþ ]{1,30}") {
        let plain = name.replace('ł', "l").replace('ß', "ss").replace('ı', "i").replace('ø', "o").replace('đ', "d")
            .replace('æ', "ae").replace('œ', "oe").replace('þ', "th");
        prop_assert_eq!(normalise(&name), normalise(&plain));
        prop_assert_eq!(normalise(&name.to_uppercase()), normalise(&plain.to_uppercase()));
    }

    #[test]
    fn whatever_is_written_the_form_is_stable_and_nothing_breaks(text in any::<String>(), lat in any::<f64>(), lon in any::<f64>()) {
        let form = normalise(&text);
        prop_assert_eq!(normalise(&form), form);
        let _ = cities().lookup(&text, Some(&text), Some((lat, lon)));
        prop_assert!(cities().prefix(&text, 5, Some((lat, lon))).len() <= 5);
    }
}

#[test]
fn row_5_cities_of_one_name_stay_apart() {
    let groups = [("Córdoba", vec!["AR", "ES"]), ("Paris", vec!["FR", "US"]), ("Santiago", vec!["CL", "DO", "ES"]), ("Mérida", vec!["MX", "ES", "VE"])];
    for (name, countries) in groups {
        let ids: HashSet<u32> = countries.iter().map(|country| one(name, Some(country), None)).collect();
        assert_eq!(ids.len(), countries.len(), "{name}");
        for (country, id) in countries.iter().map(|c| (c, one(name, Some(c), None))) {
            assert_eq!(cities().get(id).unwrap().country, *country);
        }
    }
}

#[test]
fn row_6_no_name_is_shortened() {
    for (name, country, id) in [
        ("Cape Town", "ZA", 3_369_157),
        ("New York City", "US", 5_128_581),
        ("Mexico City", "MX", 3_530_597),
        ("Ho Chi Minh City", "VN", 1_566_083),
        ("Quebec City", "CA", 6_325_494),
    ] {
        assert_eq!(one(name, None, None), id);
        assert_eq!(one(name, Some(country), None), id);
        assert_eq!(normalise(name), name.to_lowercase());
    }
    assert_eq!(one("Newtown", Some("GB"), None), 2_641_523);
    for shortened in ["Cape", "Ho Chi", "New"] {
        assert!(!matches!(cities().lookup(shortened, None, None), Lookup::One(c) if [3_369_157, 1_566_083, 2_641_523].contains(&c.id)));
    }
}

#[test]
fn row_7_names_in_other_scripts_and_tongues() {
    for (id, names) in [
        (1_850_147, vec!["東京", "東京都", "Tokio", "Токио", "도쿄", "طوكيو"]),
        (524_901, vec!["Москва", "москва", "Moskau", "Moscou", "Moscú", "モスクワ", "莫斯科", "موسكو"]),
        (360_630, vec!["القاهرة", "Le Caire", "Kairo", "Каир", "カイロ", "קהיר"]),
        (264_371, vec!["Αθήνα", "ΑΘΗΝΑ", "Athen", "Athènes"]),
        (2_867_714, vec!["München", "Muenchen", "MÜNCHEN", "Munich", "Múnich", "Monaco di Baviera", "Мюнхен", "ミュンヘン"]),
    ] {
        for name in names {
            assert_eq!(one(name, None, None), id, "{name}");
        }
    }
    // Elsewhere these are towns' own names: with the country they are not.
    for (name, country, id) in
        [("Atenas", "GR", 264_371), ("Афины", "GR", 264_371), ("أثينا", "GR", 264_371), ("El Cairo", "Ägypten", 360_630), ("Moscow", "Rusia", 524_901)]
    {
        assert_eq!(one(name, Some(country), None), id, "{name}");
    }
}

#[test]
fn row_7_every_slug_is_unique_and_readable() {
    let mut seen = HashSet::with_capacity(cities().len());
    for city in cities().cities() {
        let slug = city.slug();
        assert!(slug.len() > 3 && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{slug}");
        assert!(!slug.starts_with('-') && !slug.contains("--"), "{slug} {}", city.name);
        assert!(city.ascii_name().is_ascii() && !city.ascii_name().is_empty(), "{}", city.name);
        assert!(seen.insert(slug), "{} twice", city.slug());
    }
    assert_eq!(seen.len(), 234_908);
}

#[test]
fn a_slug_leads_back_to_its_city() {
    for city in cities().cities().step_by(97) {
        assert_eq!(cities().by_slug(&city.slug()).unwrap().id, city.id, "{}", city.slug());
    }
    for none in ["", "-", "paris", "paris-xx", "paris-fr-1", "-fr", "4717560", "paris-fr-2988507"] {
        assert_eq!(cities().by_slug(none), None, "{none}");
    }
}

#[test]
fn row_8_short_forms_resolve() {
    for (alias, id) in [("NYC", 5_128_581), ("CABA", 3_435_910), ("BsAs", 3_435_910), ("Bs. As.", 3_435_910), ("CDMX", 3_530_597), ("BCN", 3_128_760)] {
        let country = cities().get(id).unwrap().country;
        for written in [alias.to_owned(), alias.to_lowercase(), format!(" {alias} ")] {
            assert_eq!(one(&written, None, None), id);
            assert_eq!(one(&written, Some(country), None), id);
        }
    }
    assert_eq!(one("Caba", Some("PH"), None), 1_722_068, "a country given overrides a short form");
}

#[test]
fn row_8_an_ambiguous_name_is_never_guessed() {
    for (name, country) in [
        ("Paris", None),
        ("Springfield", None),
        ("Springfield", Some("US")),
        ("Santiago", None),
        ("Córdoba", None),
        ("Mérida", None),
        ("San José", None),
        ("Newtown", None),
        ("London", None),
        ("México", None),
        ("California", None),
        ("Victoria", None),
    ] {
        let Lookup::Ambiguous(candidates) = cities().lookup(name, country, None) else { panic!("{name}") };
        assert!((1..=MOST_CANDIDATES).contains(&candidates.len()), "{name}");
        let ids: HashSet<u32> = candidates.iter().map(|c| c.city.id).collect();
        assert_eq!(ids.len(), candidates.len());
        assert!(candidates.iter().all(|c| country.is_none_or(|country| c.city.country == country)));
    }
    let Lookup::Ambiguous(candidates) = cities().lookup("Córdoba", None, Some((37.4, -6.0))) else { panic!() };
    assert_eq!((candidates[0].city.country, candidates[0].how), ("ES", Match::Name), "the hint ranks");
    assert!(candidates[0].metres.unwrap() < 150_000.0);
    assert_eq!(one("Córdoba", None, Some((37.9, -4.8))), 2_519_240, "and decides when near");
}

#[test]
fn row_9_a_street_a_venue_or_a_restaurant_is_no_city() {
    for text in [
        "Calle Corrientes 1234",
        "Corrientes 1234",
        "Avenida Corrientes",
        "Hotel Paris",
        "Café Roma",
        "Restaurant London",
        "La Viruta Tango Club",
        "Plaza Dorrego",
        "Baker Street",
        "Rue de Rivoli",
        "Kurfürstendamm 21",
        "Madrid Palace",
        "Salón Canning",
        "1600 Pennsylvania Avenue",
        "東京タワー",
        "ул. Ленина 5",
    ] {
        let Lookup::Unknown { suggestions } = cities().lookup(text, None, None) else { panic!("{text}") };
        assert!(suggestions.len() <= MOST_CANDIDATES);
    }
    for (text, meant) in [("Hotel Paris", 2_988_507), ("Café Roma", 3_169_070), ("Barcleona", 3_128_760)] {
        let Lookup::Unknown { suggestions } = cities().lookup(text, None, None) else { panic!("{text}") };
        assert!(suggestions.iter().any(|c| c.city.id == meant), "{text}: {suggestions:#?}");
    }
}

#[test]
fn an_unknown_country_or_no_text_names_no_city() {
    for (name, country) in [("Mendoza", Some("XX")), ("Mendoza", Some("Atlantis")), ("", None), ("   ", None), ("\0\u{7}", None), ("\u{202e}", Some("AR"))] {
        assert!(matches!(cities().lookup(name, country, None), Lookup::Unknown { .. }), "{name:?} {country:?}");
    }
    assert_eq!(cities().country("ar").unwrap().name, "Argentina");
    assert_eq!(cities().country("España").unwrap().code, "ES");
    assert_eq!(cities().country("日本").unwrap().code, "JP");
    assert_eq!(cities().country("XX"), None);
}

#[test]
fn a_text_of_ten_megabytes_is_answered_at_once() {
    let started = std::time::Instant::now();
    for huge in ["Mendoza ".repeat(1_250_000), "ﷺ".repeat(3_000_000), format!("Mendoza{}x", " ".repeat(10_000_000))] {
        assert!(matches!(cities().lookup(&huge, None, None), Lookup::Unknown { .. }));
        let _ = cities().prefix(&huge, 10, None);
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn names_of_a_city_in_all_scripts() {
    let names = cities().names(1_850_147);
    assert_eq!(names[0], "Tokyo");
    for name in ["東京", "Tokió", "Токио", "طوكيو", "도쿄"] {
        assert!(names.iter().any(|n| n == name), "{name} {names:?}");
    }
    assert!(cities().names(1).is_empty());
    let city = cities().get(MENDOZA).unwrap();
    assert_eq!((city.country, city.country_name, city.region, city.time_zone), ("AR", "Argentina", "Mendoza", "America/Argentina/Mendoza"));
    assert_eq!((city.region_code, city.population, city.lat, city.lon), ("13", 114_893, -32.88946, -68.84582));
    assert_eq!(cities().get(2_519_240).unwrap().ascii_name(), "Cordoba");
}

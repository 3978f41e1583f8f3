//! Which city a name means, in any spelling, script and tongue; and which names mean none. From the name to the row.

use domain::CityId;
use gazetteer::Gazetteer;
use posada::commands::place_city::{CannotPlace, Wanted};
use proptest::prelude::*;

use super::{at, find, named, place_one};
use crate::people::{Ground, MENDOZA};

fn slug(id: u32) -> String {
    Gazetteer::embedded().get(id).unwrap().slug()
}

#[test]
fn one_city_however_it_is_spelt() {
    for name in ["Mendoza", "mÉNDoza", "  Mendoza  ", "méndoza"] {
        for country in [Some("AR"), Some("ar")] {
            assert_eq!(find(&named(name, country)).unwrap().city_id(), MENDOZA, "{name:?} {country:?}");
        }
        assert_eq!(find(&Wanted { at: at(-32.88, -68.85), ..named(name, None) }).unwrap().city_id(), MENDOZA, "{name:?} by position");
    }
}

/// One of the ways to write a character that mean the same to a reader.
fn respelt(name: &str, choices: &[u8]) -> String {
    use unicode::{fold, nfc, nfd};
    let mut out = String::from(["", " ", "\u{a0}"][usize::from(choices[0]) % 3]);
    for (n, c) in name.chars().enumerate() {
        match choices[1 + n % (choices.len() - 1)] % 5 {
            0 => out.extend(c.to_uppercase()),
            1 => out.extend(c.to_lowercase()),
            2 => out.push_str(&nfd(c)),
            3 => out.push_str(&fold(c)),
            _ => out.push(c),
        }
        if c == ' ' && choices[1].is_multiple_of(2) {
            out.push(' ');
        }
    }
    if choices[0].is_multiple_of(2) { nfc(&out) } else { out }
}

mod unicode {
    /// A few letters as they decompose; enough for the names of this test.
    pub(super) fn nfd(c: char) -> String {
        let mark = |base: char, mark: char| format!("{base}{mark}");
        match c {
            'á' => mark('a', '\u{301}'),
            'é' => mark('e', '\u{301}'),
            'í' => mark('i', '\u{301}'),
            'ó' => mark('o', '\u{301}'),
            'ź' => mark('z', '\u{301}'),
            'ö' => mark('o', '\u{308}'),
            'ü' => mark('u', '\u{308}'),
            'ã' => mark('a', '\u{303}'),
            'ş' => mark('s', '\u{327}'),
            other => other.to_string(),
        }
    }

    /// Letters without their marks, as on a keyboard that has none; the stroke, the sharp s and the dotless i too.
    pub(super) fn fold(c: char) -> String {
        match c {
            'Ł' => "L".to_owned(),
            'ł' => "l".to_owned(),
            'ß' => "ss".to_owned(),
            'ı' => "i".to_owned(),
            other => nfd(other).chars().next().map(String::from).unwrap_or_default(),
        }
    }

    pub(super) fn nfc(text: &str) -> String {
        domain::person::nfc(text)
    }
}

proptest! {
    #[test]
    fn case_marks_spacing_and_composition_do_not_matter(
        city in proptest::sample::select(vec![
            ("Mendoza", "AR"), ("Łódź", "PL"), ("Gießen", "DE"), ("Diyarbakır", "TR"), ("São Paulo", "BR"), ("Córdoba", "ES"), ("Malmö", "SE"), ("Lübeck", "DE"),
        ]),
        choices in proptest::collection::vec(any::<u8>(), 2..12),
    ) {
        let (name, country) = city;
        let plain = find(&named(name, Some(country))).unwrap().city_id();
        let written = respelt(name, &choices);
        prop_assert_eq!(find(&named(&written, Some(country))).unwrap().city_id(), plain, "{:?}", written);
    }
}

#[test]
fn no_name_is_ever_shortened() {
    for (name, country) in
        [("Cape Town", "ZA"), ("New York City", "US"), ("Mexico City", "MX"), ("Ho Chi Minh City", "VN"), ("Quebec City", "CA"), ("Newtown", "GB")]
    {
        let found = match find(&named(name, Some(country))) {
            Ok(located) => located.city,
            Err(CannotPlace::Ambiguous(_, choices)) => Gazetteer::embedded().get(choices[0].id.0).unwrap(),
            Err(other) => panic!("{name}: {other}"),
        };
        assert_eq!(found.country, country, "{name}");
        assert!(!["Cape", "New York", "Mexico", "Ho Chi Minh", "New"].contains(&found.name) || found.name == "New York", "{name} became {}", found.name);
    }
    assert_eq!(find(&named("Cape Town", None)).unwrap().city_id(), CityId(3_369_157));
    assert_eq!(find(&named("New York City", None)).unwrap().city_id(), CityId(5_128_581));
    assert_eq!(find(&named("Mexico City", None)).unwrap().city_id(), CityId(3_530_597));
    assert_eq!(find(&named("Ho Chi Minh City", None)).unwrap().city_id(), CityId(1_566_083));
    assert_eq!(find(&named("Quebec City", None)).unwrap().city_id(), CityId(6_325_494));
}

#[test]
fn every_script_and_tongue_reaches_the_city() {
    for (names, id) in [
        (&["Tokyo", "東京", "Токио", "Tokio"][..], 1_850_147),
        (&["Moscow", "Москва", "Moscú", "Moskau"], 524_901),
        (&["Cairo", "القاهرة", "El Cairo", "Le Caire"], 360_630),
        (&["Athens", "Αθήνα", "Atenas", "Athen"], 264_371),
        (&["Munich", "München", "Мюнхен", "Monaco di Baviera"], 2_867_714),
    ] {
        for name in names {
            let country = Gazetteer::embedded().get(id).unwrap().country;
            assert_eq!(find(&named(name, Some(country))).map(|l| l.city_id().0).ok(), Some(id), "{name}");
        }
        assert!(!slug(id).is_empty() && slug(id).is_ascii());
    }
}

#[test]
fn short_forms_that_people_use_are_known() {
    for (name, id) in [("NYC", 5_128_581), ("CABA", 3_435_910), ("BsAs", 3_435_910), ("CDMX", 3_530_597), ("BCN", 3_128_760)] {
        assert_eq!(find(&named(name, None)).map(|l| l.city_id().0).ok(), Some(id), "{name}");
    }
}

#[test]
fn what_is_ambiguous_is_asked_about_and_never_guessed() {
    for name in ["Santiago", "Mérida", "San Juan", "Springfield", "San José", "Newtown"] {
        let Err(CannotPlace::Ambiguous(_, choices)) = find(&named(name, None)) else { panic!("{name} was guessed: {:?}", find(&named(name, None))) };
        assert!((2..=5).contains(&choices.len()), "{name}: {choices:?}");
        for choice in &choices {
            assert_eq!(find(&Wanted { city: Some(choice.id), ..Wanted::default() }).unwrap().city_id(), choice.id);
        }
    }
    let asked = find(&named("Santiago", None)).unwrap_err().to_string();
    assert!(asked.contains("CL") && asked.contains("Santiago"), "{asked}");
}

#[tokio::test]
async fn a_street_a_venue_or_a_restaurant_never_becomes_a_city() {
    let ground = Ground::new().await;
    for name in [
        "Calle de Alcalá 42",
        "Avenida Corrientes",
        "Rambla de Catalunya",
        "Passeig de Gràcia 1",
        "Main Street",
        "Salón Canning",
        "La Viruta Tango Club",
        "Confitería Ideal",
        "Restaurante El Sur",
        "Café Tortoni",
        "Hotel Mendoza",
        "Milonga Parakultural",
        "Teatro Colón",
        "Plaza Mayor de Madrid",
        "Near Barcelona",
        "qwertyzxcv",
        "12345",
        "🙂",
    ] {
        match place_one(&ground, &named(name, None)).await {
            Err(CannotPlace::Unknown(said, suggestions)) => assert!(said == name && suggestions.len() <= 5, "{name}: {suggestions:?}"),
            other => panic!("{name:?} became {other:?}"),
        }
    }
    assert_eq!(ground.count("select (select count(*) from cities) + (select count(*) from groups)").await, 0);
    // A slip of the finger is told what may have been meant, and is still not guessed.
    let Err(CannotPlace::Unknown(_, suggestions)) = place_one(&ground, &named("Barcelonna", Some("ES"))).await else { panic!() };
    assert!(suggestions.iter().any(|choice| choice.id == CityId(3_128_760)), "{suggestions:?}");
    for nothing in ["", "   ", "\t"] {
        assert!(matches!(place_one(&ground, &named(nothing, Some("ES"))).await, Err(CannotPlace::Nothing)));
    }
    assert_eq!(ground.count("select count(*) from cities").await, 0);
    ground.stop().await;
}

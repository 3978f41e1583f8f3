//! `posada gazetteer lookup NAME`: which city a name means. Exit code 1 where it names none or several.

use anyhow::Context;
use gazetteer::{Candidate, City, Gazetteer, Lookup};
use serde_json::{Value, json};

use super::{
    Exit, args,
    args::Misused,
    output::{Output, table},
};

pub(super) fn run(command: &args::Gazetteer, output: Output) -> anyhow::Result<Exit> {
    let args::Gazetteer::Lookup { name, country, near } = command;
    let near = near.as_deref().map(point).transpose()?;
    let gazetteer = Gazetteer::embedded();
    if let Some(country) = country
        && gazetteer.country(country).is_none()
    {
        return Err(Misused(format!("--country {country}: there is no such country; expected a code such as ES, or a name")).into());
    }
    let (answer, candidates, exit) = match gazetteer.lookup(name, country.as_deref(), near) {
        Lookup::One(city) => ("one", vec![(city, None)], Exit::Done),
        Lookup::Ambiguous(candidates) => ("ambiguous", cities(&candidates), Exit::Failed),
        Lookup::Unknown { suggestions } => ("unknown", cities(&suggestions), Exit::Failed),
    };
    let document = json!({ "answer": answer, "cities": candidates.iter().map(|(city, metres)| document(city, *metres)).collect::<Vec<_>>() });
    output.answer(&document, || {
        let said = match answer {
            "one" => String::new(),
            "ambiguous" => format!("{name} may be one of these; add --country or --near:\n"),
            _ if candidates.is_empty() => format!("{name} names no city.\n"),
            _ => format!("{name} names no city. Perhaps one of these:\n"),
        };
        let rows: Vec<Vec<String>> = candidates.iter().map(|(city, metres)| row(city, *metres)).collect();
        if rows.is_empty() { said } else { said + &table(&["id", "name", "region", "country", "people", "place", "slug"], &rows) }
    });
    Ok(exit)
}

fn cities<'a>(candidates: &[Candidate<'a>]) -> Vec<(City<'a>, Option<f64>)> {
    candidates.iter().map(|candidate| (candidate.city, candidate.metres)).collect()
}

fn document(city: &City<'_>, metres: Option<f64>) -> Value {
    let mut document = json!({
        "id": city.id, "name": city.name, "slug": city.slug(), "country": city.country, "region": city.region, "population": city.population,
        "time_zone": city.time_zone, "lat": city.lat, "lng": city.lon,
    });
    if let Some(metres) = metres {
        document["distance_m"] = json!(metres.round());
    }
    document
}

fn row(city: &City<'_>, metres: Option<f64>) -> Vec<String> {
    let mut place = format!("{:.4},{:.4}", city.lat, city.lon);
    if let Some(metres) = metres {
        place += &format!(" ({:.0} km)", metres / 1000.0);
    }
    vec![city.id.to_string(), city.name.to_owned(), city.region.to_owned(), city.country_name.to_owned(), city.population.to_string(), place, city.slug()]
}

fn point(text: &str) -> anyhow::Result<(f64, f64)> {
    let parse = || -> Option<(f64, f64)> {
        let (lat, lng) = text.split_once(',')?;
        let (lat, lng): (f64, f64) = (lat.trim().parse().ok()?, lng.trim().parse().ok()?);
        ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng)).then_some((lat, lng))
    };
    parse().with_context(|| Misused(format!("--near {text}: expected latitude,longitude in degrees, such as 41.39,2.17")))
}

//! Prints what opening the gazetteer costs: `cargo run --release -p posada-gazetteer --example measure`.

use std::time::Instant;

use gazetteer::Gazetteer;

fn main() {
    let before = resident();
    let started = Instant::now();
    let cities = Gazetteer::embedded();
    let opened = started.elapsed();
    let after = resident();
    let started = Instant::now();
    let nearest = cities.nearest(-32.9, -68.8, 1);
    let first_nearest = started.elapsed();
    println!("file              {:>8.1} MB", Gazetteer::embedded_file().len() as f64 / 1e6);
    println!("cities            {:>8}", cities.len());
    println!("opening           {:>8.1} ms", opened.as_secs_f64() * 1e3);
    println!("first by place    {:>8.1} ms ({})", first_nearest.as_secs_f64() * 1e3, nearest[0].0.name);
    println!("resident before   {before:>8.1} MB");
    println!("resident opened   {after:>8.1} MB");
    println!("resident in use   {:>8.1} MB", resident());
    for text in ["m", "men", "mendoza", "mendozza", "san franzisco", "barcleona", "buenis aries", "santiago de compstela", "モスクワ", "мосва", "qqqqqqqqqq"]
    {
        let started = Instant::now();
        let found = cities.prefix(text, 8, None);
        let took = started.elapsed();
        let names: Vec<_> = found.iter().map(|c| format!("{} {}", c.city.name, c.city.country)).collect();
        println!("prefix {text:<22} {:>8.2} ms  {}", took.as_secs_f64() * 1e3, names.join(", "));
    }
    for (name, country) in [
        ("Paris", None),
        ("Paris", Some("us")),
        ("NYC", None),
        ("CABA", None),
        ("Москва", None),
        ("Αθήνα", None),
        ("القاهرة", None),
        ("München", None),
        ("東京", None),
        ("México", None),
        ("Hotel Paris", None),
        ("Calle Corrientes 1234", None),
        ("Santiago", Some("ES")),
        ("Newtown", Some("US")),
    ] {
        let started = Instant::now();
        let found = cities.lookup(name, country, None);
        let took = started.elapsed();
        let said = match found {
            gazetteer::Lookup::One(c) => format!("{} {} {}", c.name, c.country, c.id),
            gazetteer::Lookup::Ambiguous(c) => format!("ambiguous {:?}", c.iter().map(|c| c.city.slug()).collect::<Vec<_>>()),
            gazetteer::Lookup::Unknown { suggestions } => format!("unknown {:?}", suggestions.iter().map(|c| c.city.slug()).collect::<Vec<_>>()),
        };
        println!("lookup {name} {country:?} {:.2} ms: {said}", took.as_secs_f64() * 1e3);
    }
}

/// Megabytes of this process in memory; 0 where the system does not tell.
fn resident() -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|s| s.lines().find_map(|l| l.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()))
        .map_or(0.0, |kb| kb / 1e3)
}

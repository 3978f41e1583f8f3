//! `posada config`: what is in use, and all there is.

use serde_json::json;

use super::{
    Exit,
    output::{Output, say, table},
};
use crate::config::{self, Loaded};

pub(super) fn reference() -> Exit {
    say(config::reference().trim_end());
    Exit::Done
}

pub(super) fn show(loaded: &Loaded, output: Output) -> Exit {
    let rows = config::show(loaded);
    let document: Vec<_> = rows.iter().map(|(key, value, place)| json!({ "key": key, "value": value, "from": place })).collect();
    output.answer(&document, || {
        let rows: Vec<Vec<String>> = rows.into_iter().map(|(key, value, place)| vec![key, value, place]).collect();
        table(&["key", "value", "from"], &rows)
    });
    Exit::Done
}

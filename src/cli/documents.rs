//! `posada openapi`: the document of the API, as the server answers it.

use super::{Exit, output::say};

pub(super) fn openapi() -> Exit {
    say(crate::http::openapi::pretty().trim_end());
    Exit::Done
}

//! `posada openapi`: the document of the API, as the server answers it.

use super::Exit;

pub(super) fn openapi() -> Exit {
    print!("{}", crate::http::openapi::pretty());
    Exit::Done
}

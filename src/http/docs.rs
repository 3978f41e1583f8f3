//! A viewer for the API's document, from files built in: no script, style or font from outside, and nothing relaxed for it.

use std::sync::{Arc, LazyLock};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use utoipa_swagger_ui::Config;

use super::Problem;

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("../openapi.json").display_operation_id(true).try_it_out_enabled(false).use_base_layout();
    Arc::new(config)
});

/// `/docs` is `/docs/`: the viewer's files are named relative to it.
pub(super) async fn moved() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "docs/")).insert_header((header::CACHE_CONTROL, "no-cache")).finish()
}

pub(super) async fn show(request: HttpRequest, file: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = utoipa_swagger_ui::serve(&file, CONFIG.clone()).map_err(|error| {
        tracing::error!(%error, "the viewer's files cannot be read");
        Problem::internal()
    })?;
    let found = found.ok_or_else(|| Problem::not_found("file"))?;
    if found.gzpipped {
        return Err(gzipped(&request));
    }
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "public, max-age=3600"));
    Ok(answer.content_type(found.content_type).body(found.bytes.into_owned()))
}

fn gzipped(request: &HttpRequest) -> Problem {
    tracing::error!(path = request.path(), "a file of the viewer is built in compressed, which is not expected");
    Problem::internal()
}

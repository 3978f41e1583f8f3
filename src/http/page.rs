//! The page and its files, as `web/` built them into the program.
//!
//! Every path that nothing else answers and that names no file is a page of the single-page application. Compressed copies are made once
//! for each file and kept: they are the same for everybody.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{Mutex, PoisonError},
};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use bytes::Bytes;
use rust_embed::{Embed, EmbeddedFile};

use super::{Edge, Problem, edge::TileUrl, tenancy, versions};

/// The built page; nothing in it before `make web` ran.
#[derive(Embed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";
/// What the API and its documents answer: an unknown path below is a mistake, not a page.
const NOT_PAGES: [&str; 5] = ["api", "live", "health", "docs", "metrics"];

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Posada</title>\
<h1>The page is not built in</h1><p>The server runs, and its API answers at <a href=\"docs/\">docs/</a>. To build the page, run \
<code>make web</code> and start the server again.</p></html>";

/// A file of the page, or the page itself.
pub(super) async fn show(request: HttpRequest, path: web::Path<String>, edge: web::Data<Edge>) -> Result<HttpResponse, Problem> {
    let path = path.trim_start_matches('/');
    if let Some(file) = Dist::get(path).filter(|_| path != INDEX) {
        return Ok(file_answer(&request, path, file));
    }
    if path.split('/').next().is_some_and(|first| NOT_PAGES.contains(&first)) || path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return Err(Problem::not_found("address"));
    }
    // Whose page it is matters only for the tiles it may load; a page is answered even while that cannot be found out.
    let tenant = tenancy::resolve(&request, &edge).await.ok();
    request.extensions_mut().insert(TileUrl(tenant.and_then(|t| t.tile_url.clone())));
    match Dist::get(INDEX) {
        Some(index) => Ok(file_answer(&request, INDEX, index)),
        None => Ok(HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).content_type("text/html; charset=utf-8").body(NOT_BUILT)),
    }
}

fn file_answer(request: &HttpRequest, path: &str, file: EmbeddedFile) -> HttpResponse {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash.iter().take(12).map(|b| format!("{b:02x}")).collect();
    let tag = format!("W/\"{tag}\"");
    // Names below assets/ hold a hash of the content: what has such a name never changes.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = versions::has(request, &tag);
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, cache)).insert_header((header::VARY, "Accept-Encoding"));
    if known {
        return answer.finish();
    }
    answer.content_type(file.metadata.mimetype());
    match wanted(request, path).map(|encoding| (encoding, compressed(path, hash, encoding, &file.data))) {
        Some((encoding, body)) => answer.insert_header((header::CONTENT_ENCODING, encoding.name())).body(body),
        // Said outright, or the compressing layer would do it again for each request.
        None => answer.insert_header((header::CONTENT_ENCODING, "identity")).body(Bytes::from(file.data.into_owned())),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The best encoding that the client takes and the file gains by.
fn wanted(request: &HttpRequest, path: &str) -> Option<Encoding> {
    let text = [".html", ".js", ".css", ".json", ".svg", ".txt", ".webmanifest"].iter().any(|end| path.ends_with(end));
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).filter(|_| text)?;
    let takes = |name: &str| {
        accepted.split(',').any(|part| {
            let mut parts = part.split(';').map(str::trim);
            parts.next() == Some(name) && !parts.any(|q| matches!(q, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    };
    [Encoding::Brotli, Encoding::Gzip].into_iter().find(|encoding| takes(encoding.name()))
}

/// Compressed copies by the hash of what they are of.
type Compressed = HashMap<([u8; 32], Encoding), Bytes>;

/// The compressed copy of a file, made on first use.
fn compressed(path: &str, hash: [u8; 32], encoding: Encoding, data: &[u8]) -> Bytes {
    static KEPT: Mutex<Option<Compressed>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    kept.entry((hash, encoding))
        .or_insert_with(|| {
            let started = std::time::Instant::now();
            let body = compress(encoding, data);
            tracing::debug!(path, encoding = encoding.name(), before = data.len(), after = body.len(), took = ?started.elapsed(), "compressed once");
            body
        })
        .clone()
}

fn compress(encoding: Encoding, data: &[u8]) -> Bytes {
    // Writing to memory cannot fail; if it did, an empty file would be told apart by its reader at once.
    match encoding {
        Encoding::Brotli => {
            let mut out = brotli::CompressorWriter::new(Vec::new(), 4096, 6, 22);
            let _ = out.write_all(data);
            out.into_inner().into()
        }
        Encoding::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            let _ = out.write_all(data);
            out.finish().unwrap_or_default().into()
        }
    }
}

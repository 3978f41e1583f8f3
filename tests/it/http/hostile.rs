//! Nothing that is sent makes the server fail.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use posada::http::openapi::query_names;

use super::{filled, rows};
use crate::harness::TestApp;

const NASTY: &[&str] = &[
    "%00",
    "%ff%fe",
    "..%2f..%2fetc%2fpasswd",
    "'%20or%201=1--",
    "%F0%9F%92%A9",
    "NaN",
    "-0",
    "1e999",
    "-1",
    "99999999999999999999",
    "null",
    "[]",
    "{}",
    "%22",
    "a%0d%0aSet-Cookie:%20x",
    "${jndi:x}",
    "<script>",
    "undefined",
    "2026-02-30",
    "0x10",
    "%E2%80%AE",
];
const NAMES: &[&str] = &[
    "q",
    "lat",
    "lng",
    "limit",
    "cursor",
    "bbox",
    "zoom",
    "kinds",
    "guests",
    "price_min",
    "price_max",
    "currency",
    "free_from",
    "free_to",
    "radius_m",
    "after",
    "as",
    "state",
    "layers",
    "city",
];
const BODIES: &[&[u8]] = &[
    b"",
    b"{",
    b"[]",
    b"null",
    b"\"x\"",
    b"\xff\xfe",
    b"{\"a\":{\"a\":{\"a\":{\"a\":1}}}}",
    b"{\"email\":\"\\u0000@x.org\",\"password\":\"\\u0000\"}",
    b"{\"title\":\"\\ud800\"}",
    b"{\"guests\":1e400}",
    b"{\"position\":{\"lat\":1e308,\"lng\":-1e308}}",
    b"{\"name\":\"\\u0000\"}",
    b"{\"terms_version\":-1}",
    b"{\"kind\":\"apartment\",\"offer\":\"entire_place\",\"title\":\"\\u0000\",\"guests\":2}",
    b"{\"arrive\":\"0000-00-00\",\"leave\":\"9999-12-31\",\"guests\":2,\"message\":\"x\"}",
];

#[tokio::test]
async fn nonsense_on_every_route_is_answered_and_never_with_a_fault_of_ours() {
    let app = TestApp::spawn().await;
    let ana = app.host().await;
    let seed: u64 = 20_261_123;
    let mut rng = StdRng::seed_from_u64(seed);
    for round in 0..12 {
        let id = ["018f0000-0000-7000-8000-000000000000", "3128760", "%00", "x", "4294967296", "..%2f", "%ff"][round % 7];
        for row in rows() {
            let (method, known) = (row.method.to_string(), query_names(&row));
            let query: Vec<String> = (0..rng.random_range(0..5))
                .map(|_| {
                    // Mostly names that the route knows: the others get no further than the gate.
                    let name = match known.is_empty() || rng.random_bool(0.05) {
                        true => NAMES[rng.random_range(0..NAMES.len())],
                        false => &known[rng.random_range(0..known.len())],
                    };
                    format!("{name}={}", NASTY[rng.random_range(0..NASTY.len())])
                })
                .collect();
            let path = format!("{}?{}", filled(row.path, id), query.join("&"));
            let body: Vec<u8> = if rng.random_bool(0.3) {
                (0..rng.random_range(0..200)).map(|_| rng.random()).collect()
            } else {
                BODIES[rng.random_range(0..BODIES.len())].to_vec()
            };
            let headers = [
                ("Content-Type", "application/json".to_owned()),
                ("Idempotency-Key", format!("hostile-{round}-{}", rng.random::<u64>())),
                ("If-Match", NASTY[rng.random_range(0..NASTY.len())].to_owned()),
                ("If-None-Match", "\"".repeat(rng.random_range(0..5))),
                ("Accept-Encoding", ["*", "gzip;q=x", "br;;", "zstd", "identity;q=0"][rng.random_range(0..5)].to_owned()),
            ];
            let sent = ana.client.send(&method, &path, &headers, &body);
            let answer = tokio::time::timeout(std::time::Duration::from_secs(20), sent)
                .await
                .unwrap_or_else(|_| panic!("{method} {path} {headers:?} {body:?} has no answer"));
            assert!(answer.status < 500, "{method} {path} {:?} answered {}: {}", String::from_utf8_lossy(&body), answer.status, answer.text());
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn heads_that_are_no_http_are_refused_and_the_server_goes_on() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let app = TestApp::spawn().await;
    let heads: &[&[u8]] = &[
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /t/%2e%2e/%2e%2e/api/v1/tenant HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ];
    for head in heads {
        let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(head).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 5"), "{:?}: {:?}", String::from_utf8_lossy(head), String::from_utf8_lossy(&answer));
    }
    let _ = app.visitor().get("/api/v1/tenant").await.expect(200);
    app.stop().await;
}

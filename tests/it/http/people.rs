//! Signing up, in and out; the session cookie and what protects it.

use serde_json::json;

use crate::harness::{Client, TestApp};

#[tokio::test]
async fn a_member_signs_up_reads_themselves_and_signs_out() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    let me = ana.get("/api/v1/members/me").await.expect(200).json();
    assert_eq!((me["id"].as_str(), me["home_city"]["name"].as_str()), (Some(ana.id.as_str()), Some("Barcelona")));
    let changed = ana.patch("/api/v1/members/me", &json!({ "name": "Ana María", "languages": ["es", "PT-br"] })).await.expect(200).json();
    assert_eq!((changed["name"].as_str(), &changed["languages"]), (Some("Ana María"), &json!(["es", "pt-BR"])));
    let session = ana.get("/api/v1/session").await.expect(200).json();
    assert_eq!(session["member"]["name"], "Ana María");
    let _ = ana.delete("/api/v1/session").await.expect(204);
    ana.get("/api/v1/members/me").await.problem(401, "token-invalid");
    app.stop().await;
}

#[tokio::test]
async fn a_form_hears_everything_that_is_wrong_at_once() {
    let app = TestApp::spawn().await;
    let body = json!({ "email": "ana", "password": "short", "name": "", "home_city": 3_128_760, "roles": ["dancer"], "languages": ["spanish"] });
    let problem = app.visitor().post("/api/v1/accounts", &body).await.problem(422, "invalid");
    let fields: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["email", "name", "languages"]);
    let body = json!({ "email": "ana@example.org", "password": "long enough 1", "name": "Ana", "home_city": 3_128_760, "roles": ["king"] });
    let problem = app.visitor().post("/api/v1/accounts", &body).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["field"], "roles[0]", "{problem}");
    app.stop().await;
}

#[tokio::test]
async fn a_browser_needs_its_csrf_token_and_its_own_origin() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    let body = json!({ "email": ana.email, "password": ana.password });
    let signed_in = app.visitor().post("/api/v1/session", &body).await.expect(200);
    let cookie = signed_in.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(signed_in.json().get("token").is_none(), "a browser's token is in its cookie only");
    let csrf = signed_in.json()["csrf"].as_str().unwrap().to_owned();
    let browser = app.visitor().with("Cookie", cookie.split(';').next().unwrap());
    let change = json!({ "name": "Ana B" });
    let rename = |client: Client| {
        let change = change.clone();
        async move { client.patch("/api/v1/members/me", &change).await }
    };

    rename(browser.clone()).await.problem(403, "csrf-token-wrong");
    rename(browser.clone().with("X-CSRF-Token", "0".repeat(csrf.len()))).await.problem(403, "csrf-token-wrong");
    let ours = browser.clone().with("X-CSRF-Token", &*csrf);
    rename(ours.clone().with("Origin", "https://evil.example")).await.problem(403, "foreign-origin");
    rename(ours.clone().with("Origin", "null")).await.problem(403, "foreign-origin");
    rename(ours.clone().with("Sec-Fetch-Site", "cross-site")).await.problem(403, "foreign-origin");
    let _ = rename(ours.clone().with("Origin", format!("http://{}", app.address()))).await.expect(200);
    let _ = rename(ours.clone()).await.expect(200);
    // Signing somebody in from another site would let that site watch what they do.
    app.visitor().with("Origin", "https://evil.example").post("/api/v1/session", &body).await.problem(403, "foreign-origin");
    // A bearer token is never sent by itself, so it needs no second proof.
    let _ = rename(ana.client.clone().with("Origin", "https://tool.example")).await.expect(200);
    let _ = ours.delete("/api/v1/session").await.expect(204);
    assert!(browser.get("/api/v1/session").await.expect(200).json()["member"].is_null());
    app.stop().await;
}

#[tokio::test]
async fn wrong_credentials_are_told_in_one_way() {
    let app = TestApp::spawn().await;
    let ana = app.member().await;
    app.make_tenant("other").await;
    let tries = [
        (app.visitor(), ana.email.as_str(), "not the password"),
        (app.visitor(), "nobody@example.org", ana.password.as_str()),
        (app.visitor(), "not an e-mail", ana.password.as_str()),
        (app.visitor().in_tenant("other"), ana.email.as_str(), ana.password.as_str()),
    ];
    let mut answers = Vec::new();
    for (client, email, password) in tries {
        let mut problem = client.post("/api/v1/session", &json!({ "email": email, "password": password })).await.problem(401, "credentials-wrong");
        problem["instance"] = json!(null);
        answers.push(problem);
    }
    assert!(answers.windows(2).all(|w| w[0] == w[1]), "{answers:?}");
    app.stop().await;
}

#[tokio::test]
async fn behind_https_cookies_are_secure_and_the_public_address_is_ours() {
    let app = TestApp::spawn_with(|config| config.http.public_url = Some("https://posada.example".to_owned())).await;
    let ana = app.member().await;
    let body = json!({ "email": ana.email, "password": ana.password });
    let page = app.visitor().with("Origin", "https://posada.example");
    let signed_in = page.post("/api/v1/session", &body).await.expect(200);
    assert!(signed_in.header("set-cookie").unwrap().contains("Secure"));
    assert!(signed_in.header("strict-transport-security").is_some());
    app.visitor().with("Origin", "https://posada.example.evil.org").post("/api/v1/session", &body).await.problem(403, "foreign-origin");
    app.stop().await;
}

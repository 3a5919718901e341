//! Pages of other origins: who may make a browser change something, and who may read the answer.

use axum::http::{Method, StatusCode, header};

use crate::app::{Call, ISSUER, PASSWORD, TestApp};

fn with<'a>(mut call: Call<'a>, headers: &[(&str, &str)]) -> Call<'a> {
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call
}

/// CS-1, CS-2, CS-5, CS-6, SE-10: the whole matrix, on login, refresh and logout.
#[tokio::test]
async fn only_our_own_and_configured_pages_may_change_anything() {
    let app = TestApp::new().await;
    let site = "sec-fetch-site";
    let refused: [&[(&str, &str)]; 16] = [
        &[(site, "cross-site")],
        &[(site, "same-site")],
        &[(site, "nonsense")],
        &[(site, "same-origin"), (site, "cross-site")],
        &[(site, "same-site"), ("origin", "https://evil.auth.example")],
        &[(site, "same-site"), ("origin", ISSUER)],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://auth.example.evil.example")],
        &[("origin", "https://evilauth.example")],
        &[("origin", "http://auth.example")],
        &[("origin", "https://auth.example:8443")],
        &[("origin", "https://AUTH.example")],
        &[("origin", "https://auth.example.")],
        &[("origin", "https://auth.example/")],
        &[("origin", ISSUER), ("origin", "https://evil.example")],
    ];
    let allowed: [&[(&str, &str)]; 6] = [
        &[],
        &[(site, "same-origin"), ("origin", ISSUER)],
        &[(site, "none")],
        &[("origin", ISSUER)],
        &[(site, "cross-site"), ("origin", "https://app.example")],
        &[("origin", "https://app.example")],
    ];
    let body = serde_json::json!({ "username": "ada", "password": PASSWORD });
    let device = app.sign_in("ada").await;
    for headers in refused {
        for path in ["/api/login", "/api/refresh", "/api/logout"] {
            let call = with(app.post(path), headers).cookie(&device.cookie).json(&body);
            let reply = call.send().await;
            reply.assert_error(403, "cross_origin");
            assert_eq!(reply.header(header::SET_COOKIE), None, "{headers:?}");
        }
    }
    assert_eq!(app.profile(&device.access_token).await, 200, "the session is alive");
    for headers in allowed {
        let reply = with(app.post("/api/refresh"), headers).cookie(&device.cookie).send().await;
        assert_eq!(reply.status, StatusCode::OK, "{headers:?}");
    }
}

/// CS-5: answers are readable by exactly the configured origins, and vary by origin always.
#[tokio::test]
async fn only_configured_origins_may_read_answers() {
    let app = TestApp::new().await;
    for (origin, readable) in [
        ("https://app.example", true),
        ("https://evil-app.example", false),
        ("https://app.example.evil.com", false),
        ("http://app.example", false),
        ("null", false),
    ] {
        let reply = app.get("/api/profile").header("origin", origin).send().await;
        let expected = readable.then_some(origin);
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), expected);
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), readable.then_some("true"));
        assert_eq!(reply.header(header::VARY), Some("Origin"));
        let preflight = app
            .call(Method::OPTIONS, "/api/login")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .send()
            .await;
        assert_eq!(preflight.status == StatusCode::NO_CONTENT, readable, "{origin}");
        assert_eq!(preflight.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), expected);
    }
}

/// CS-7: the cookie is no credential for anything but refresh and logout.
#[tokio::test]
async fn a_cookie_alone_reads_nothing() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    for path in ["/api/profile", "/api/user", "/api/sessions"] {
        app.get(path).cookie(&device.cookie).send().await.assert_error(401, "token_required");
    }
}

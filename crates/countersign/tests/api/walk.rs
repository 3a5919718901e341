//! Walks the route table that the router is made from: no route can be forgotten (HD-9), and every answer of every
//! route carries the headers (HD-1, HD-6).

use axum::http::{StatusCode, header};
use countersign::http::{Access, routes};
use countersign::internal::base::id::RequestId;
use countersign::store::AnyStore;

use crate::app::TestApp;

const PUBLIC: [&str; 29] = [
    "/api/login",
    "/api/login/factor",
    "/api/login/factor/enrol",
    "/api/login/factor/enrol/passkey",
    "/api/login/factor/options",
    "/api/passkeys/options",
    "/api/refresh",
    "/api/device/register",
    "/api/device/refresh",
    "/api/logout",
    "/api/email/start",
    "/api/email/confirm",
    "/api/email/poll",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/webauthn",
    "/healthz",
    "/readyz",
    "/m/{token}",
    "/m/{token}",
    "/oauth2/authorize",
    "/oauth2/authorize",
    "/oauth2/continue",
    "/oauth2/consent",
    "/oauth2/logout",
    "/oauth2/logout",
    "/oauth2/sign-out",
    "/oauth2/sign-out",
];

/// HD-9: every route that is not public refuses no, wrong and expired credentials, and a refresh cookie; those for
/// administrators refuse everybody else.
#[tokio::test]
async fn every_route_asks_for_what_the_table_says() {
    let app = TestApp::new().await;
    let expired = app.sign_in("ada").await.access_token;
    app.wait(3600);
    let (ada, cookie) = (app.sign_in("ada").await.access_token, app.sign_in("root").await.cookie);
    let mut public = Vec::new();
    for route in routes::<AnyStore>() {
        let path = route.path.replace("{id}", "00000000-0000-4000-8000-000000000000");
        let call = || app.call(route.method.clone(), &path);
        if route.access == Access::Public {
            public.push(route.path);
            continue;
        }
        if route.access == Access::Client {
            for call in [call(), call().bearer(&ada), call().cookie(&cookie)] {
                let reply = call.json(&serde_json::json!({ "token": "x" })).send().await;
                assert_eq!(
                    (reply.status, &reply.json()["error"]),
                    (StatusCode::UNAUTHORIZED, &"invalid_client".into())
                );
            }
            continue;
        }
        call().send().await.assert_error(401, "token_required");
        call().cookie(&cookie).send().await.assert_error(401, "token_required");
        call().bearer("wrong").send().await.assert_error(401, "invalid_token");
        // A feed key and a proof of the master key are no access tokens: one of those is nothing here.
        // Nor is one for this server one for an application.
        let is_other = matches!(route.access, Access::FeedKey | Access::Operator | Access::App);
        let of_expired = if is_other { "invalid_token" } else { "token_expired" };
        call().bearer(&expired).send().await.assert_error(401, of_expired);
        if route.access == Access::Admin {
            call().bearer(&ada).send().await.assert_error(403, "forbidden");
        }
    }
    assert_eq!(public, PUBLIC, "a new public route must be meant");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::new().await;
    let token = app.sign_in("root").await.access_token;
    for route in routes::<AnyStore>() {
        let path = route.path.replace("{id}", "00000000-0000-4000-8000-000000000000");
        for call in
            [app.call(route.method.clone(), &path), app.call(route.method.clone(), &path).bearer(&token)]
        {
            let reply = call.send().await;
            let cached = route.path.starts_with("/.well-known/") && reply.status == StatusCode::OK;
            let expected = if cached { "public, max-age=300" } else { "no-store" };
            assert_eq!(reply.header(header::CACHE_CONTROL), Some(expected), "{path}");
            assert_eq!(reply.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
            let is_page = [
                "/m/",
                "/oauth2/authorize",
                "/oauth2/continue",
                "/oauth2/consent",
                "/oauth2/logout",
                "/oauth2/sign-out",
            ];
            let (policy, referrer) = if is_page.iter().any(|page| route.path.starts_with(page)) {
                (countersign::render::PAGE_POLICY, countersign::render::PAGE_REFERRER)
            } else {
                ("default-src 'none'; frame-ancestors 'none'", "no-referrer")
            };
            assert_eq!(reply.header(header::REFERRER_POLICY), Some(referrer));
            assert_eq!(reply.header(header::CONTENT_SECURITY_POLICY), Some(policy));
            assert_eq!(reply.header(header::STRICT_TRANSPORT_SECURITY), Some("max-age=63072000"));
            assert!(reply.headers.contains_key("cross-origin-resource-policy"));
            assert!(reply.request_id().parse::<RequestId>().is_ok(), "{path}");
            assert_eq!(reply.header(header::SERVER), None);
        }
    }
}

/// CK-1, HD-6: over plain HTTP the cookie has the development name and there is no HSTS.
#[tokio::test]
async fn plain_http_is_told_apart_by_the_issuer() {
    let app = TestApp::with(|options| options.issuer = "http://localhost:3000".to_owned(), |_| {}).await;
    let reply = app.login("ada", crate::app::PASSWORD).await;
    let cookie = reply.header(header::SET_COOKIE).unwrap();
    assert!(cookie.starts_with("refreshToken=csr_") && !cookie.contains("Secure"), "{cookie}");
    assert_eq!(reply.header(header::STRICT_TRANSPORT_SECURITY), None);
}

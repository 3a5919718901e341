//! `/api/verify`, as the reverse proxies ask it.

use axum::http::{Method, StatusCode, header};
use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::guard::jwt::{ClaimsPolicy, JwkSet, TokenType, verify_access_token};
use serde_json::json;

use crate::app::{ISSUER, Reply, TestApp};

const HEADERS: [&str; 7] = [
    "x-auth-user-id",
    "x-auth-username",
    "x-auth-role",
    "x-auth-session",
    "x-auth-audience",
    "x-auth-expires",
    "x-auth-token",
];

fn identity(reply: &Reply) -> [&str; 7] {
    HEADERS.map(|name| {
        assert_eq!(reply.headers.get_all(name).iter().count(), 1, "{name}");
        reply.header(name).unwrap()
    })
}

/// FA-1, HD-1: everything the proxy copies is there, for a yes and for a no.
#[tokio::test]
async fn a_good_token_passes_and_every_header_is_always_there() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    for method in [Method::GET, Method::HEAD] {
        let reply = app.call(method, "/api/verify").bearer(&device.access_token).send().await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::NO_CONTENT, ""));
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
        let [id, name, role, session, audience, expires, token] = identity(&reply);
        assert_eq!((id, name, role, audience), (device.user_id.as_str(), "ada", "user", "api"));
        let claims = decode_unverified(&device.access_token).unwrap().payload;
        assert_eq!(
            (json!(session), json!(expires.parse::<i64>().unwrap())),
            (claims["sid"].clone(), claims["exp"].clone())
        );
        assert!(token.starts_with("ey"));
    }
    app.post("/api/logout").bearer(&device.access_token).send().await;
    for (call, code) in [
        (app.get("/api/verify"), "token_required"),
        (app.get("/api/verify").bearer("x"), "invalid_token"),
        (app.get("/api/verify").bearer(&"x".repeat(9_000)), "invalid_token"),
        (app.get("/api/verify").bearer(&device.access_token), "token_revoked"),
        (
            app.get("/api/verify").header("cookie", &format!("token={}", device.access_token)),
            "token_required",
        ),
    ] {
        let reply = call.header("x-auth-role", "admin").header("x-auth-user-id", "1").send().await;
        reply.assert_error(401, code);
        assert_eq!(identity(&reply), [""; 7]);
    }
    assert_eq!(app.post("/api/verify").send().await.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// FA-1.
#[tokio::test]
async fn a_name_that_is_not_ascii_is_percent_encoded() {
    let app = TestApp::new().await;
    app.register("Zoë 100%", "editor".parse().unwrap()).await;
    let token = app.sign_in("Zoë 100%").await.access_token;
    let reply = app.get("/api/verify").bearer(&token).send().await;
    assert_eq!((identity(&reply)[1], identity(&reply)[2]), ("Zo%C3%AB%20100%25", "editor"));
}

#[tokio::test]
async fn the_query_demands_a_role_and_an_audience() {
    let app = TestApp::new().await;
    let (ada, root) = (app.sign_in("ada").await.access_token, app.sign_in("root").await.access_token);
    for (query, token, expected) in [
        ("role=user&audience=api", &ada, 204),
        ("role=admin", &root, 204),
        ("role=admin", &ada, 403),
        ("role=", &ada, 403),
        ("role=admin&audience=files", &root, 401),
        ("audience=files", &ada, 401),
        ("audience=", &ada, 401),
        ("rolle=admin", &ada, 422),
        ("role=user&role=admin", &ada, 422),
    ] {
        let reply = app.get(&format!("/api/verify?{query}")).bearer(token).send().await;
        assert_eq!(reply.status.as_u16(), expected, "{query}");
        assert_eq!(identity(&reply) == [""; 7], expected != 204, "{query}");
        let challenge = reply.header(header::WWW_AUTHENTICATE).unwrap_or_default();
        let error = match expected {
            403 => "insufficient_scope",
            401 => "invalid_token",
            _ => "",
        };
        assert!(challenge.contains(error), "{query}: {challenge}");
    }
}

/// FA-2: Envoy appends the path and the query of the client, which must demand nothing and lift nothing; it keeps the method,
/// and takes only 200 for a yes. Which pages may call the service behind it is not ours to say.
#[tokio::test]
async fn envoy_asks_in_place_of_the_request() {
    let app = TestApp::new().await;
    let token = app.sign_in("ada").await.access_token;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        for path in ["/", "/orders/7?role=admin&audience=files", "//x/%2e%2e/", "/a?otherwise=login"] {
            let call = || {
                let call = app.call(method.parse().unwrap(), &format!("/api/verify{path}"));
                call.header("origin", "https://elsewhere.example").header("sec-fetch-site", "cross-site")
            };
            let reply = call().bearer(&token).send().await;
            assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""), "{method} {path}");
            assert_eq!(identity(&reply)[1], "ada");
            let reply = call().send().await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(identity(&reply), [""; 7]);
        }
    }
    let exotic = app.call("PROPFIND".parse().unwrap(), "/api/verify/a").bearer(&token).send().await;
    assert_eq!(exotic.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// TK-5: the assertion is for the service behind the proxy and one minute, and opens nothing here.
#[tokio::test]
async fn the_assertion_is_no_access_token() {
    for typ in [TokenType::AccessToken, TokenType::JwtOrAbsent, TokenType::Exactly("JWT".into())] {
        let policy = ClaimsPolicy::new(
            ISSUER,
            "api",
            TokenType::Exactly("assertion+jwt".into()),
            std::time::Duration::ZERO,
        );
        let configured = typ.clone();
        let app = TestApp::with(|options| options.audiences.default.token_type = configured, |_| {}).await;
        let device = app.sign_in("ada").await;
        app.wait(5);
        let reply = app.get("/api/verify").bearer(&device.access_token).send().await;
        let assertion = identity(&reply)[6];
        let keys = JwkSet::parse(&app.get("/.well-known/jwks.json").send().await.text).unwrap();
        let now = app.clock.now().as_unix_seconds();
        let claims = verify_access_token(assertion, &keys, &policy, now).unwrap();
        assert_eq!((claims.subject(), claims.username()), (device.user_id.as_str(), Some("ada")));
        assert_eq!((claims.issued_at(), claims.expires_at()), (Some(now), now + 60));
        assert!(verify_access_token(&device.access_token, &keys, &policy, now).is_err());
        let original = decode_unverified(&device.access_token).unwrap().payload;
        assert_ne!(claims.claim("jti"), original.get("jti"));
        for path in ["/api/profile", "/api/user", "/api/verify"] {
            app.get(path).bearer(assertion).send().await.assert_error(401, "invalid_token");
        }
        app.wait(880);
        let last = app.get("/api/verify").bearer(&device.access_token).send().await;
        let exp = decode_unverified(identity(&last)[6]).unwrap().payload["exp"].clone();
        assert_eq!(exp, original["exp"], "never longer than the access token");
    }
}

/// CS-8, FA-2: a browser that asks for a page is sent to sign in on the origin where it is; nobody else is sent anywhere.
#[tokio::test]
async fn a_page_is_redirected_to_the_sign_in_page_of_a_known_origin() {
    let app = TestApp::new().await;
    let token = app.sign_in("ada").await.access_token;
    let good = [
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "auth.example"),
        ("x-forwarded-uri", "/reports?year=2026&q=a b#c"),
        ("sec-fetch-mode", "navigate"),
    ];
    let ask = async |change: (&'static str, Option<&'static str>), query: &str| {
        let mut call = app.get(&format!("/api/verify{query}"));
        for (name, value) in good {
            let value = if name == change.0 { change.1 } else { Some(value) };
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        if change.0 == "accept" {
            call = call.header("accept", change.1.unwrap());
        }
        let reply = call.send().await;
        assert_eq!(identity(&reply), [""; 7]);
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
        (reply.status.as_u16(), reply.header(header::LOCATION).unwrap_or_default().to_owned())
    };
    let to = |origin: &str, path: &str| (303, format!("{origin}/login?return_to={path}"));
    let no = (401, String::new());
    let page = "/reports%3Fyear%3D2026%26q%3Da%20b%23c";
    let login = "?otherwise=login";
    assert_eq!(ask(("", None), login).await, to(ISSUER, page));
    assert_eq!(ask(("x-forwarded-host", Some("app.example")), login).await, to("https://app.example", page));
    for path in ["//evil.example", "/\\evil.example", "https://evil.example", ""] {
        assert_eq!(ask(("x-forwarded-uri", Some(path)), login).await, to(ISSUER, "/"), "{path}");
    }
    assert_eq!(ask(("x-forwarded-uri", None), login).await, to(ISSUER, "/"));
    assert_eq!(ask(("", None), "").await, no, "not asked for");
    for change in [
        ("x-forwarded-host", Some("evil.example")),
        ("x-forwarded-host", Some("auth.example.evil.example")),
        ("x-forwarded-host", None),
        ("x-forwarded-proto", Some("http")),
        ("x-forwarded-method", Some("POST")),
        ("x-forwarded-method", None),
        ("sec-fetch-mode", Some("cors")),
        ("sec-fetch-mode", None),
    ] {
        assert_eq!(ask(change, login).await, no, "{change:?}");
    }
    let old_browser = app
        .get("/api/verify?otherwise=login")
        .header("x-forwarded-method", "GET")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "auth.example")
        .header("accept", "text/html,*/*;q=0.8");
    assert_eq!(old_browser.send().await.status, StatusCode::SEE_OTHER);
    let mut forbidden = app.get("/api/verify?otherwise=login&role=admin").bearer(&token);
    for (name, value) in good {
        forbidden = forbidden.header(name, value);
    }
    assert_eq!(forbidden.send().await.status, StatusCode::FORBIDDEN, "signing in again would not help");
}

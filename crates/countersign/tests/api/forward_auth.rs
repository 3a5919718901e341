//! `/api/verify`, as the reverse proxies ask it.

use axum::http::{Method, StatusCode, header};
use countersign::guard::jwt::dangerous::decode_unverified;
use countersign::guard::jwt::{ClaimsPolicy, JwkSet, TokenType, verify_access_token};
use countersign::internal::model::account::AccountChange;
use countersign::options::{Options, Preset};
use serde_json::json;

use crate::app::{Device, ISSUER, PASSWORD, Reply, TestApp};

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
    let app = TestApp::with(|options| options.session_cookie = true, |_| {}).await;
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
    assert_eq!(ask(("", None), "?otherwise=login&audience=files").await, no, "it would be back, for ever");
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

/// The session cookie that a reply sets, its attributes, and whether the reply removes it.
fn session_cookie(reply: &Reply) -> Option<(String, String)> {
    let mut found = reply.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| {
        let (value, attributes) =
            value.to_str().unwrap().strip_prefix("__Host-session=")?.split_once("; ").unwrap();
        Some((value.to_owned(), attributes.to_owned()))
    });
    let one = found.next();
    assert!(found.next().is_none());
    one
}

async fn verify(app: &TestApp, cookie: &str) -> Reply {
    app.get("/api/verify").header("x-forwarded-method", "GET").header("cookie", cookie).send().await
}

/// FA-3: off unless it is asked for; and then no cookie means anything.
#[tokio::test]
async fn there_is_no_session_cookie_by_default() {
    let on = TestApp::with(|options| options.session_cookie = true, |_| {}).await;
    let (cookie, _) = session_cookie(&on.login("ada", PASSWORD).await).unwrap();
    let app = TestApp::new().await;
    let reply = app.login("ada", PASSWORD).await;
    assert_eq!(session_cookie(&reply), None);
    assert_eq!(session_cookie(&app.refresh(&reply.cookie().unwrap()).await), None);
    // The same master key: it would be accepted.
    verify(&app, &format!("__Host-session={cookie}")).await.assert_error(401, "token_required");
    let page = app.get("/api/verify?otherwise=login").header("x-forwarded-method", "GET");
    let page = page.header("x-forwarded-proto", "https").header("x-forwarded-host", "auth.example");
    let page = page.header("sec-fetch-mode", "navigate").send().await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED, "signing in would not help");
}

/// FA-3: it lives and dies with its session, and opens nothing but this.
#[tokio::test]
async fn a_session_cookie_is_worth_what_its_session_is() {
    let app = TestApp::with(|options| options.session_cookie = true, |_| {}).await;
    let reply = app.login("ada", PASSWORD).await;
    let device = Device::from(&reply);
    let (cookie, attributes) = session_cookie(&reply).unwrap();
    assert_eq!(attributes, "HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=604800");
    let cookie = format!("__Host-session={cookie}");
    app.wait(3600); // longer than any access token
    let passed = verify(&app, &cookie).await;
    assert_eq!(passed.status, StatusCode::NO_CONTENT);
    let [id, name, role, session, audience, _, token] = identity(&passed);
    let claims = decode_unverified(token).unwrap();
    assert_eq!((id, name, role, audience), (device.user_id.as_str(), "ada", "user", "api"));
    assert_eq!((&claims.header["typ"], &claims.payload["sid"]), (&json!("assertion+jwt"), &json!(session)));
    let lives = claims.payload["exp"].as_i64().unwrap() - app.clock.now().as_unix_seconds();
    assert_eq!((lives, &claims.payload["aud"]), (60, &json!("api")));
    app.get("/api/user").header("cookie", &cookie).send().await.assert_error(401, "token_required");
    let with_bearer = app.get("/api/verify").header("cookie", &cookie).bearer("x").send().await;
    with_bearer.assert_error(401, "invalid_token");
    verify(&app, &format!("{cookie}; {cookie}")).await.assert_error(401, "token_required");
    verify(&app, &format!("{cookie}x")).await.assert_error(401, "token_revoked");
    let demand = async |query: &str| {
        let call = app.get(&format!("/api/verify?{query}")).header("x-original-method", "GET");
        call.header("cookie", &cookie).send().await.status.as_u16()
    };
    assert_eq!(demand("role=user&audience=api").await, 204);
    assert_eq!((demand("role=admin").await, demand("audience=files").await), (403, 401));
    let refreshed = app.refresh(&device.cookie).await;
    assert_eq!(session_cookie(&refreshed).unwrap().0, cookie["__Host-session=".len()..]);
    let logout = app.post("/api/logout").cookie(&refreshed.cookie().unwrap()).send().await;
    assert_eq!(session_cookie(&logout).unwrap(), (String::new(), attributes.replace("604800", "0")));
    let refused = verify(&app, &cookie).await;
    refused.assert_error(401, "token_revoked");
    assert_eq!(identity(&refused), [""; 7]);
    let body = json!({ "username": "ada", "password": PASSWORD, "refreshTokenDelivery": "body" });
    assert_eq!(session_cookie(&app.post("/api/login").json(&body).send().await), None, "it is for browsers");
}

/// FA-3: also a disabled account, an ended session and one that has run out.
#[tokio::test]
async fn a_session_cookie_is_refused_as_soon_as_it_should_be() {
    let app = TestApp::with(|options| options.session_cookie = true, |_| {}).await;
    let sign_in =
        async || format!("__Host-session={}", session_cookie(&app.login("ada", PASSWORD).await).unwrap().0);
    let id = app.sign_in("ada").await.user_id.parse().unwrap();
    let cookie = sign_in().await;
    for disabled in [true, false] {
        let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
        app.countersign.change_account(id, change, &app.operator()).await.unwrap();
        verify(&app, &cookie).await.assert_error(401, "token_revoked");
    }
    let cookie = sign_in().await;
    app.wait(7 * 24 * 60 * 60 - 1);
    assert_eq!(verify(&app, &cookie).await.status, StatusCode::NO_CONTENT);
    app.wait(1);
    verify(&app, &cookie).await.assert_error(401, "token_revoked");
}

/// FA-4: a page of another origin must not make a browser change anything behind the proxy.
#[tokio::test]
async fn a_session_cookie_does_not_let_other_pages_change_anything() {
    let app = TestApp::with(|options| options.session_cookie = true, |_| {}).await;
    let (cookie, _) = session_cookie(&app.login("ada", PASSWORD).await).unwrap();
    let cookie = format!("__Host-session={cookie}");
    let ask = async |headers: &[(&str, &str)]| {
        let call =
            headers.iter().fold(app.get("/api/verify"), |call, (name, value)| call.header(name, value));
        call.header("cookie", &cookie).send().await.status.as_u16()
    };
    let (cross, same) = (("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin"));
    for (method, from, expected) in [
        ("GET", cross, 204),
        ("HEAD", cross, 204),
        ("POST", same, 204),
        ("POST", ("origin", ISSUER), 204),
        ("POST", ("origin", "https://app.example"), 204),
        ("POST", cross, 403),
        ("POST", ("sec-fetch-site", "same-site"), 403),
        ("DELETE", ("origin", "https://evil.example"), 403),
        ("post", cross, 403),
        ("\t", cross, 403),
    ] {
        for name in ["x-forwarded-method", "x-original-method"] {
            assert_eq!(ask(&[(name, method), from]).await, expected, "{name} {method} {from:?}");
        }
    }
    for (from, expected) in [(same, 204), (cross, 403), (("origin", "https://evil.example"), 403)] {
        let handshake = [("x-forwarded-method", "GET"), ("sec-websocket-version", "13"), from];
        assert_eq!(ask(&handshake).await, expected, "WebSocket {from:?}");
    }
    assert_eq!(ask(&[cross]).await, 403, "the proxy does not say what it is for");
    let two = [("x-forwarded-method", "GET"), ("x-original-method", "POST"), cross];
    assert_eq!(ask(&two).await, 403, "one of them is the client's");
    for (method, expected) in [("GET", 200), ("POST", 403)] {
        let call = app.call(method.parse().unwrap(), "/api/verify/a").header("cookie", &cookie);
        let reply = call.header("sec-fetch-site", "cross-site").send().await;
        assert_eq!(reply.status.as_u16(), expected);
        assert_eq!(identity(&reply) == [""; 7], expected == 403);
    }
}

/// FA-1: the cookie makes nobody another than the token does, also where an audience has roles of its own.
#[tokio::test]
async fn the_role_is_that_in_the_token_and_in_the_assertion() {
    let configure = |options: &mut Options| {
        options.session_cookie = true;
        options.audiences.others = vec![Preset::Supabase.audience("db")];
    };
    let app = TestApp::with(configure, |_| {}).await;
    let reply = app.login("root", PASSWORD).await;
    let cookie = format!("__Host-session={}", session_cookie(&reply).unwrap().0);
    let body = json!({ "audience": "db" });
    let refreshed = app.post("/api/refresh").cookie(&reply.cookie().unwrap()).json(&body).send().await;
    let token = refreshed.json()["accessToken"].as_str().unwrap().to_owned();
    for (query, expected) in [("", 204), ("&role=authenticated", 204), ("&role=admin", 403)] {
        let ask = || app.get(&format!("/api/verify?audience=db{query}")).header("x-forwarded-method", "GET");
        for call in [ask().bearer(&token), ask().header("cookie", &cookie)] {
            let reply = call.send().await;
            assert_eq!(reply.status.as_u16(), expected, "{query}");
            let [_, _, role, .., assertion] = identity(&reply);
            if expected == 204 {
                let claims = decode_unverified(assertion).unwrap().payload;
                assert_eq!((role, &claims["role"]), ("authenticated", &json!("authenticated")));
            }
        }
    }
}

//! Inside an application: the API and the pages beside its own routes, with a state of its own, and under a path.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::{Method, StatusCode, header};
use axum::routing::get;
use countersign::Options;
use countersign::http::{App, DemoUser, HttpOptions, Logo, PagesOptions};
use countersign::http::{front_page, not_found, pages, root_change_password, root_metadata, router};
use countersign::options::RegistrationMode;
use countersign::store::AnyStore;
use serde_json::json;

use crate::app::{FRONT_END, ISSUER, PASSWORD, TestApp};

#[derive(Clone)]
struct Shop {
    name: &'static str,
    auth: App<AnyStore>,
}

impl FromRef<Shop> for App<AnyStore> {
    fn from_ref(shop: &Shop) -> Self {
        shop.auth.clone()
    }
}

async fn name(State(shop): State<Shop>, State(auth): State<App<AnyStore>>) -> String {
    format!("{} at {}", shop.name, auth.countersign().options().issuer)
}

async fn with_pages() -> TestApp {
    let mut app = TestApp::new().await;
    app.mount(|app| pages(&app, &PagesOptions::default()).merge(router(app)));
    app
}

#[tokio::test]
async fn an_application_with_a_state_of_its_own_merges_everything() {
    let mut app = TestApp::new().await;
    app.mount(|auth| {
        let shop = Router::new()
            .route("/", get(name))
            .merge(pages(&auth, &PagesOptions::default()))
            .merge(router(auth.clone()));
        shop.with_state(Shop { name: "shop", auth })
    });
    assert_eq!(app.get("/").send().await.text, format!("shop at {ISSUER}"));
    app.sign_in("ada").await;
    for path in ["/login", "/account", "/admin", "/debugger", "/assets/login.js", "/assets/server-keys.js"] {
        let reply = app.get(path).send().await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert_eq!(reply.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"), "{path}");
    }
    for path in ["/assets/login.html", "/assets/nothing.js"] {
        app.get(path).send().await.assert_error(404, "not_found");
    }
    app.post("/login").send().await.assert_error(405, "method_not_allowed");
}

/// Everything works below a path, when the issuer ends with it. An old browser says no more than its origin.
#[tokio::test]
async fn everything_works_under_a_path() {
    let with = |options: &mut Options| {
        options.issuer.push_str("/auth");
        options.passkeys.related_origins = vec![FRONT_END.to_owned()];
    };
    let mut app = TestApp::with(with, |_| {}).await;
    app.mount(|app| {
        root_metadata(&app).nest("/auth", pages(&app, &PagesOptions::default()).merge(router(app)))
    });
    let login = |origin| {
        let body = json!({ "username": "ada", "password": PASSWORD });
        app.post("/auth/api/login").header("origin", origin).json(&body).send()
    };
    let signed_in = login(ISSUER).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text);
    let cookie = signed_in.header(header::SET_COOKIE).unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Path=/; "), "{cookie}");
    login("https://auth.example.evil.example").await.assert_error(403, "cross_origin");
    let refreshed = app.post("/auth/api/refresh").cookie(&signed_in.cookie().unwrap()).send().await;
    let token = refreshed.json()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(app.get("/auth/api/profile").bearer(&token).send().await.status, StatusCode::OK);

    let metadata = app.get("/auth/.well-known/openid-configuration").send().await.json();
    let in_between = app.get("/.well-known/oauth-authorization-server/auth").send().await;
    assert_eq!(in_between.json(), metadata, "RFC 8414");
    assert_eq!(metadata["issuer"], format!("{ISSUER}/auth"));
    let related = app.get("/.well-known/webauthn").send().await;
    assert_eq!(related.json(), json!({ "origins": [ISSUER, FRONT_END] }), "WebAuthn §5.11");
    let keys = metadata["jwks_uri"].as_str().unwrap().strip_prefix(ISSUER).unwrap();
    assert_eq!(app.get(keys).send().await.status, StatusCode::OK);
    let page = app.get("/auth/login").send().await.text;
    for address in page.split([' ', '>']).filter_map(|word| word.split_once("=\"")) {
        let is_link = ["href", "src"].contains(&address.0);
        assert!(!is_link || !address.1.starts_with('/'), "not relative: {address:?}");
    }
}

/// AD-5: where a password manager asks, and below a path as well; nowhere without an account page.
#[tokio::test]
async fn a_password_manager_finds_the_form() {
    const PATH: &str = "/.well-known/change-password";
    let leads_to = async |app: &TestApp, path: &str| {
        let reply = app.get(path).send().await;
        (reply.status, reply.header(header::LOCATION).map(str::to_owned))
    };
    let seen = |location: &str| (StatusCode::SEE_OTHER, Some(location.to_owned()));
    let off = PagesOptions { account: false, ..PagesOptions::default() };
    let mut app = with_pages().await;
    assert_eq!(leads_to(&app, PATH).await, seen("../account#change-password"));
    assert!(app.get("/account").send().await.text.contains("id=\"change-password\""));
    app.mount(|app| root_change_password(&app, &PagesOptions::default()).merge(pages(&app, &off)));
    assert_eq!(leads_to(&app, PATH).await, (StatusCode::NOT_FOUND, None));

    let mut app = TestApp::with(|options| options.issuer.push_str("/auth"), |_| {}).await;
    for (options, at_root) in [
        (PagesOptions::default(), seen("/auth/account#change-password")),
        (off, (StatusCode::NOT_FOUND, None)),
    ] {
        app.mount(|app| root_change_password(&app, &options).nest("/auth", pages(&app, &options)));
        assert_eq!(leads_to(&app, PATH).await, at_root);
        let below = if options.account { seen("../account#change-password") } else { at_root };
        assert_eq!(leads_to(&app, &format!("/auth{PATH}")).await, below);
    }
}

/// CS-5: the client for configured front ends, and nothing else of what is served beside it.
#[tokio::test]
async fn front_ends_import_the_client_from_here() {
    let app = with_pages().await;
    let versioned = concat!("/client-", env!("CARGO_PKG_VERSION"), ".js");
    let versioned_account = concat!("/client-account-", env!("CARGO_PKG_VERSION"), ".js");
    let versioned_device = concat!("/client-device-", env!("CARGO_PKG_VERSION"), ".js");
    let versioned_step_up = concat!("/client-step-up-", env!("CARGO_PKG_VERSION"), ".js");
    let versioned_passkeys = concat!("/client-passkeys-", env!("CARGO_PKG_VERSION"), ".js");
    let from = async |path: &str, origin: &str| app.get(path).header("origin", origin).send().await;
    let for_ever = "public, max-age=31536000, immutable";
    for (path, caching) in [
        ("/client.js", "no-cache"),
        (versioned, for_ever),
        ("/client-account.js", "no-cache"),
        (versioned_account, for_ever),
        ("/client-device.js", "no-cache"),
        (versioned_device, for_ever),
        ("/client-step-up.js", "no-cache"),
        (versioned_step_up, for_ever),
        ("/client-passkeys.js", "no-cache"),
        (versioned_passkeys, for_ever),
    ] {
        let reply = from(path, FRONT_END).await;
        assert_eq!((reply.status, reply.header(header::CACHE_CONTROL)), (StatusCode::OK, Some(caching)));
        assert_eq!(reply.header(header::CONTENT_TYPE), Some("text/javascript; charset=utf-8"));
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), Some(FRONT_END));
        let foreign = from(path, "https://evil.example").await;
        for reply in [&reply, &foreign] {
            assert_eq!(reply.header("cross-origin-resource-policy"), Some("cross-origin"));
            assert_eq!(reply.header(header::VARY), Some("Origin"), "caches tell origins apart");
            assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), None);
        }
        assert_eq!(foreign.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    }
    for path in ["/login", "/assets/login.js", "/assets/server-keys.js", "/assets/client.js"] {
        let reply = from(path, FRONT_END).await;
        assert_eq!(reply.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), None, "{path}");
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
    }
}

/// Two copies of it would have two classes of errors, of which a page knows one.
#[tokio::test]
async fn the_other_modules_of_the_client_import_the_first_by_the_name_that_they_have_themselves() {
    let app = with_pages().await;
    for module in ["account", "passkeys", "step-up"] {
        for version in ["", concat!("-", env!("CARGO_PKG_VERSION"))] {
            let text = app.get(&format!("/client-{module}{version}.js")).send().await.text;
            let imports: Vec<_> =
                text.split("from\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
            assert_eq!(imports, [format!("./client{version}.js")], "{module}");
        }
    }
}

/// CS-8: whatever the address, the sign-in page leads to this server or to a configured front end.
#[tokio::test]
async fn the_sign_in_page_leads_back_to_configured_front_ends_only() {
    let app = with_pages().await;
    let leads_to = async |to: &str| {
        let reply = app.get(&format!("/login/return?to={to}")).send().await;
        (reply.status, reply.header(header::LOCATION).unwrap().to_owned())
    };
    let sign_in = (StatusCode::SEE_OTHER, "../login".to_owned());
    let wanted = "https%3A%2F%2Fapp.example%2Fcart%3Fitem%3D1%23top";
    assert_eq!(
        leads_to(wanted).await,
        (StatusCode::SEE_OTHER, "https://app.example/cart?item=1#top".to_owned())
    );
    for hostile in [
        "",
        "https://evil.example/",
        "https://app.example.evil.example",
        "%2F%2Fevil.example",
        "https://app.example%5C@evil.example",
    ] {
        assert_eq!(leads_to(hostile).await, sign_in, "{hostile}");
    }
    assert_eq!(app.get("/login/return").send().await.header(header::LOCATION), Some("../login"));
}

#[tokio::test]
async fn the_front_page_is_for_who_wants_it() {
    let mut app = with_pages().await;
    assert_eq!(app.call(Method::GET, "/").send().await.status, StatusCode::NOT_FOUND);
    app.mount(|app| front_page(&app, &PagesOptions::default()));
    let page = app.get("/").send().await;
    assert_eq!(page.header(header::CONTENT_TYPE), Some("text/html; charset=utf-8"));
}

/// HD-10: whoever opens the address of an SVG runs nothing that is in it.
#[tokio::test]
async fn the_pages_are_those_of_a_product() {
    let mut app = TestApp::new().await;
    let options = PagesOptions {
        product_name: "Acme <3".to_owned(),
        logo: Some(Logo::new(b"<svg onload=\"alert(1)\"/>".to_vec()).unwrap()),
        ..PagesOptions::default()
    };
    app.mount(|app| pages(&app, &options).merge(front_page(&app, &options)));
    for (path, title) in [("/", "Acme &lt;3"), ("/login", "Sign in · Acme &lt;3")] {
        let page = app.get(path).send().await;
        assert!(page.text.contains(&format!("<title>{title}</title>")), "{}", page.text);
        let tag = page.header(header::ETAG).unwrap();
        assert_eq!(app.get(path).header("if-none-match", tag).send().await.status, StatusCode::NOT_MODIFIED);
    }
    let logo = app.get("/assets/logo").send().await;
    assert_eq!(logo.status, StatusCode::OK);
    assert_eq!(logo.header(header::CONTENT_TYPE), Some("image/svg+xml"));
    assert_eq!(logo.header(header::CACHE_CONTROL), Some("no-cache"));
    assert_eq!(logo.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    let policy = logo.header(header::CONTENT_SECURITY_POLICY).unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("; sandbox"), "{policy}");
    let tag = logo.header(header::ETAG).unwrap();
    let known = app.get("/assets/logo").header("if-none-match", tag).send().await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
}

/// OP-10: whatever the options of the pages say.
#[tokio::test]
async fn demo_users_are_shown_in_development_only() {
    let mut app = TestApp::new().await;
    let options = PagesOptions {
        demo_users: vec![DemoUser::new("demo", "\"><b>password123")],
        ..PagesOptions::default()
    };
    app.mount(|app| pages(&app, &options));
    let usual = app.get("/login").send().await.text;
    assert!(!usual.contains("password123") && !usual.contains("demo"), "{usual}");
    let development = HttpOptions { development: true, ..HttpOptions::default() };
    let development = App::new(Arc::clone(&app.countersign), development);
    app.mount(|_| pages(&development, &options));
    let shown = app.get("/login").send().await.text;
    let escaped = "[{&quot;password&quot;:&quot;\\&quot;&gt;&lt;b&gt;password123&quot;,&quot;username&quot;:&quot;demo&quot;}]";
    assert_eq!(shown, usual.replace("<html ", &format!("<html data-demo-users=\"{escaped}\" ")), "{shown}");
    assert!(!app.get("/account").send().await.text.contains("password123"));
}

#[tokio::test]
async fn a_page_that_is_off_is_not_there() {
    let mut app = TestApp::new().await;
    let with =
        |account, admin, debugger| PagesOptions { account, admin, debugger, ..PagesOptions::default() };
    let paths = [
        ("/account", "/assets/account.js"),
        ("/admin", "/assets/admin.js"),
        ("/debugger", "/assets/debugger.js"),
        ("/debugger", "/assets/server-keys.js"),
    ];
    app.mount(|app| pages(&app, &with(true, true, true)).fallback(not_found));
    for (path, script) in paths {
        assert_eq!(app.get(path).send().await.status, StatusCode::OK, "{path}");
        assert_eq!(app.get(script).send().await.status, StatusCode::OK, "{script}");
    }
    app.mount(|app| pages(&app, &with(false, false, false)).fallback(not_found));
    let unknown = app.get("/nothing-at-all").send().await;
    for path in paths.into_iter().flat_map(|(path, script)| [path, script]).chain(["/assets/logo"]) {
        let off = app.get(path).send().await;
        assert_eq!((off.status, &off.text), (StatusCode::NOT_FOUND, &unknown.text), "{path}");
    }
    for path in ["/login", "/assets/login.js", "/client.js"] {
        assert_eq!(app.get(path).send().await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_page_for_a_forgotten_password_is_there_where_the_server_sends_mails() {
    for (enabled, status) in [(true, StatusCode::OK), (false, StatusCode::NOT_FOUND)] {
        let mut app = TestApp::with(|options| options.email.enabled = enabled, |_| {}).await;
        app.mount(|app| pages(&app, &PagesOptions::default()).fallback(not_found));
        for path in ["/forgot", "/assets/forgot.js"] {
            assert_eq!(app.get(path).send().await.status, status, "{path}");
        }
        let links = app.get("/login").send().await.text.contains("href=\"forgot\"");
        assert_eq!(links, enabled);
    }
}

#[tokio::test]
async fn the_page_for_signing_in_by_mail_is_there_where_people_do() {
    for (enabled, sign_in, status) in [(true, true, 200), (true, false, 404), (false, true, 404)] {
        let options = |options: &mut countersign::Options| {
            (options.email.enabled, options.email.sign_in) = (enabled, sign_in);
        };
        let mut app = TestApp::with(options, |_| {}).await;
        app.mount(|app| pages(&app, &PagesOptions::default()).fallback(not_found));
        for path in ["/mail-sign-in", "/assets/mail-sign-in.js"] {
            assert_eq!(app.get(path).send().await.status.as_u16(), status, "{path}");
        }
        let links = app.get("/login").send().await.text.contains("href=\"mail-sign-in\"");
        assert_eq!(links, status == 200);
    }
}

#[tokio::test]
async fn the_page_for_an_account_of_ones_own_is_there_where_registration_is_open() {
    for (enabled, mode, is_open, invites) in [
        (true, RegistrationMode::Open, true, true),
        (true, RegistrationMode::Invite, false, true),
        (true, RegistrationMode::Off, false, false),
        (false, RegistrationMode::Open, false, false),
    ] {
        let options = |options: &mut Options| {
            options.email.enabled = enabled;
            options.registration.mode = mode;
        };
        let mut app = TestApp::with(options, |_| {}).await;
        app.mount(|app| pages(&app, &PagesOptions::default()).fallback(not_found));
        let status = if is_open { StatusCode::OK } else { StatusCode::NOT_FOUND };
        for path in ["/register", "/assets/register.js"] {
            assert_eq!(app.get(path).send().await.status, status, "{path}");
        }
        let login = app.get("/login").send().await.text;
        assert_eq!(login.contains("href=\"register\""), is_open);
        let admin = app.get("/admin").send().await.text;
        assert_eq!(admin.contains(" invitations\""), invites, "the button is there where it works");
    }
}

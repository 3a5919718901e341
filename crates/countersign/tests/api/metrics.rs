//! The figures of an embedded system: every way in which a sign-in and a refresh can come out is counted under its own name.

use std::sync::Arc;

use axum::Router;
use countersign::http::{plain_routes, router};
use countersign::internal::model::account::AccountChange;
use countersign::metrics::prometheus_client::registry::Registry;
use countersign::metrics::{Metrics, Page};
use countersign::options::{Hooks, SignInVerdict};

use crate::app::{PASSWORD, TestApp};

fn page(app: &TestApp) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Metrics::new(Arc::clone(&app.countersign))));
    Page::of(&registry, None).unwrap().body
}

/// The series of this metric that have counted something, as `label value`.
pub(crate) fn counted(app: &TestApp, metric: &str) -> Vec<String> {
    let page = page(app);
    let series =
        page.lines().filter_map(|line| line.strip_prefix(metric)?.strip_prefix('{')?.split_once("\"} "));
    let series = series.filter(|(_, count)| *count != "0");
    series.map(|(label, count)| format!("{} {count}", label.split_once('"').unwrap().1)).collect()
}

#[tokio::test]
async fn every_outcome_of_a_refresh_has_its_name() {
    let app = TestApp::new().await;
    let device = app.sign_in("ada").await;
    app.refresh(&device.cookie).await; // fresh
    app.wait(20);
    let successor = app.refresh(&device.cookie).await.cookie().unwrap(); // advanced
    app.refresh(&device.cookie).await; // replayed
    app.refresh("csr_nonsense").await; // unknown
    app.wait(15);
    app.refresh(&device.cookie).await.assert_error(401, "refresh_token_reused");
    app.refresh(&successor).await.assert_error(401, "session_revoked");
    let idle = app.sign_in("ada").await;
    app.wait(7 * 24 * 3600);
    app.refresh(&idle.cookie).await.assert_error(401, "session_expired");
    let expected = ["fresh 1", "advanced 1", "replayed 1", "reused 1", "expired 1", "revoked 1", "unknown 1"];
    assert_eq!(counted(&app, "countersign_refreshes_total"), expected);
    assert_eq!(counted(&app, "countersign_sessions_ended_total"), ["reuse 1"]);
    assert_eq!(counted(&app, "countersign_tokens_issued_total"), ["ES256 5"]);
}

#[tokio::test]
async fn every_outcome_of_a_sign_in_has_its_name() {
    let refused = |options: &mut countersign::Options| {
        options.hooks = Hooks::default().before_sign_in(async |sign_in| {
            let is_root = sign_in.account.username.as_str() == "root";
            Ok(if is_root { SignInVerdict::refuse("not_now", "Not now") } else { SignInVerdict::Allow })
        });
    };
    let app = TestApp::with(refused, |_| {}).await;
    let ada = app.sign_in("ada").await;
    app.login("root", PASSWORD).await.assert_error(403, "not_now");
    app.login("ada", "wrong horse battery staple").await;
    app.login("nobody", PASSWORD).await;
    let required = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
    let id = ada.user_id.parse().unwrap();
    app.countersign.change_account(id, required, &app.operator()).await.unwrap();
    app.login("ada", PASSWORD).await;
    for _ in 0..6 {
        app.login("mallory", "wrong horse battery staple").await;
    }
    let logins = counted(&app, "countersign_logins_total");
    assert_eq!(logins, ["ok 1", "wrong 7", "throttled 1", "change_required 1", "refused 1"]);
    let events = counted(&app, "countersign_audit_events_total").join(", ");
    assert!(events.starts_with("login_succeeded 1, login_failed 9, session_ended 1,"), "{events}");
}

/// The routes are those of the router, wherever it is mounted, and one for all that it does not have.
#[tokio::test]
async fn a_route_is_named_as_the_router_has_it() {
    let mut app = TestApp::new().await;
    app.mount(|app| {
        let own = plain_routes(&app, Router::new().fallback(async || "nothing here"));
        own.nest("/auth", router(app))
    });
    app.post("/auth/api/login").send().await;
    app.get("/auth/api/sessions/some-id").send().await;
    app.get("/secret/path").send().await;
    let page = page(&app);
    let lines = page.lines().filter(|line| line.contains("_count{http_request_method"));
    let routes: Vec<_> = lines.map(|line| line.split("http_route=\"").nth(1).unwrap()).collect();
    let expected = [
        "/auth/api/login\",http_response_status_code=\"415\"} 1",
        "/auth/api/sessions/{id}\",http_response_status_code=\"405\"} 1",
        "unmatched\",http_response_status_code=\"200\"} 1",
    ];
    assert_eq!(routes, expected, "{page}");
}

//! Sessions that an application starts after a check of its own, from a route of its own.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use countersign::http::{ApiError, App, own_routes, router};
use countersign::internal::model::account::AccountChange;
use countersign::internal::model::audit::AuditKind;
use countersign::store::AnyStore;
use countersign::{AccountId, Actor, AuthMethod, AuthMethods, OutsideProof, Role};
use serde_json::json;

use crate::app::{PASSWORD, Reply, TestApp};

const LINK: OutsideProof = OutsideProof::new(
    "magic_link",
    AuthMethods::of(AuthMethod::OneTimePassword).and(AuthMethod::HardwareKey),
);

/// Signs in whoever the path names. A real application checks something first.
async fn sign_in(
    State(app): State<App<AnyStore>>,
    Path((id, new)): Path<(String, String)>,
    parts: Parts,
) -> Result<Response, ApiError> {
    let id: AccountId = id.parse().map_err(|_| ApiError::NotFound)?;
    let mut context = app.context(&parts);
    context.actor = Actor::Account(id);
    let mut vouched = app.countersign().vouch_for(id, LINK, &context).await?;
    if new != "-" {
        vouched = app.countersign().with_new_password(vouched, &new).await?;
    }
    let signed_in = app.start_session(vouched, &parts.headers, context).await?;
    let mut response = Redirect::to("/welcome").into_response();
    app.set_cookies(&signed_in, response.headers_mut());
    Ok(response)
}

async fn app() -> (TestApp, AccountId) {
    let mut app = TestApp::new().await;
    app.mount(|app| {
        let own = Router::new().route("/sign-in/{id}/{new}", post(sign_in)).with_state(app.clone());
        own_routes(&app, own).merge(router(app))
    });
    let zoe = app.register("zoe", Role::default()).await;
    (app, zoe.id)
}

async fn open(app: &TestApp, id: AccountId, new: &str) -> Reply {
    app.post(&format!("/sign-in/{id}/{new}")).send().await
}

/// IN-1: the session is one like any other, and the audit log says how it began and who began it.
#[tokio::test]
async fn an_application_vouches_for_somebody() {
    let (app, zoe) = app().await;
    let reply = open(&app, zoe, "-").await;
    assert_eq!((reply.status, reply.header(header::LOCATION)), (StatusCode::SEE_OTHER, Some("/welcome")));
    let cookies: Vec<_> = reply.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 1, "the refresh token, and no known device: {cookies:?}");
    assert!(reply.headers.contains_key("x-request-id"), "the application's route is within the edge");

    let refreshed = app.refresh(&reply.cookie().unwrap()).await;
    assert_eq!(refreshed.status, StatusCode::OK, "{}", refreshed.text);
    let token = refreshed.json()["accessToken"].as_str().unwrap().to_owned();
    let profile = app.get("/api/profile").bearer(&token).send().await.json();
    assert_eq!(profile["user"]["username"], "zoe");
    assert_eq!(profile["user"]["amr"], json!(["otp", "hwk"]), "{profile}");

    let begun = app.audit(AuditKind::LoginSucceeded).await;
    assert_eq!(begun[0].event.detail.as_deref(), Some("magic_link"));
    assert_eq!((begun[0].actor, begun[0].event.account_id), (Actor::Account(zoe), Some(zoe)));
    assert_eq!(begun[0].request_id.unwrap().to_string(), reply.request_id());

    // SE-1: the browser's other session ends.
    let ada = app.sign_in("ada").await;
    let instead = app.post(&format!("/sign-in/{zoe}/-")).cookie(&ada.cookie).send().await;
    assert_eq!(instead.status, StatusCode::SEE_OTHER);
    assert_eq!(app.profile(&ada.access_token).await, 401);
}

/// TH-5, PP-7: what holds for a password holds for any other proof.
#[tokio::test]
async fn the_rules_for_beginning_a_session_hold_for_any_proof() {
    let (app, zoe) = app().await;
    let change = async |change| app.countersign.change_account(zoe, change, &app.operator()).await.unwrap();
    change(AccountChange { password_change_required: Some(true), ..AccountChange::default() }).await;
    open(&app, zoe, "-").await.assert_error(403, "password_change_required");
    open(&app, zoe, "short").await.assert_error(422, "password_too_short");
    assert_eq!(open(&app, zoe, "a-wholly-different-sentence").await.status, StatusCode::SEE_OTHER);
    app.login("zoe", PASSWORD).await.assert_error(401, "invalid_credentials");
    assert_eq!(open(&app, zoe, "-").await.status, StatusCode::SEE_OTHER, "required no more");

    change(AccountChange { disabled: Some(true), ..AccountChange::default() }).await;
    open(&app, zoe, "-").await.assert_error(401, "invalid_credentials");
    let failed = app.audit(AuditKind::LoginFailed).await;
    assert_eq!(failed[0].event.account_id, Some(zoe));
    app.countersign.delete_account(zoe, &app.operator()).await.unwrap();
    open(&app, zoe, "-").await.assert_error(401, "invalid_credentials");
}

/// CS-1: a page of another origin signs nobody in through the application's route either.
#[tokio::test]
async fn the_applications_route_is_not_for_pages_of_other_origins() {
    let (app, zoe) = app().await;
    let path = format!("/sign-in/{zoe}/-");
    let foreign = app.call(Method::POST, &path).header("origin", "https://evil.example").send().await;
    foreign.assert_error(403, "cross_origin");
}

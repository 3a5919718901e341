//! `/oauth2/authorize`, `/oauth2/continue` and `/oauth2/consent`: what happens in a browser between an application's request and its
//! code. The first page goes on by itself, because a browser that comes from another site brings no `SameSite=Strict` cookie, and
//! one that comes from our own page does. A redirect in its place would not do.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::pages::{back, error_redirect, failed, page, refused, see_other, with_query};
use crate::flows::oauth::authorize::{Authorization, Question};
use crate::flows::oauth::browser::Browser;
use crate::flows::oauth::pushed::PUSHED_PREFIX;
use crate::http::app::App;
use crate::http::body::json::read;
use crate::http::cookies::StepCookie;
use crate::http::detached::detached;
use crate::http::edge::caller::Anonymous;
use crate::http::edge::device::FromDevice;
use crate::http::edge::media_type::is_form;
use crate::http::edge::origins::split_issuer;
use crate::http::error::api::ApiError;
use crate::model::context::Context;
use crate::model::oauth::{AuthorizeRefusal, PageFault, host_of};
use crate::options::RegistrationMode;
use crate::render::{Page, PageValues};
use crate::store::Store;

pub(in crate::http) async fn by_address<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    begin(&app, query.unwrap_or_default().as_bytes(), &headers, context).await
}

/// `OpenID` Connect Core §3.1.2.1 asks for both methods.
pub(in crate::http) async fn by_form<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match form_of(&headers, body).await {
        Ok(form) => begin(&app, &form, &headers, context).await,
        Err(error) => refused(&app, &headers, error.for_a_page().0, ("client", None)),
    }
}

async fn begin<S: Store>(app: &App<S>, query: &[u8], headers: &HeaderMap, context: Context) -> Response {
    let bad = StatusCode::BAD_REQUEST;
    let Ok(pairs) = serde_urlencoded::from_bytes::<Vec<(String, String)>>(query) else {
        return refused(app, headers, bad, ("client", None));
    };
    // One cookie for all requests of a browser: two tabs do not get in each other's way.
    let cookie =
        app.cookies.authorize(headers).unwrap_or_else(|| StepCookie::random(&app.countersign.random));
    if let Some((client_id, request_uri)) = pushed(&pairs) {
        let (countersign, hash) = (app.countersign.clone(), cookie.hash());
        let begin = async move { countersign.begin_pushed((&client_id, &request_uri), hash, &context).await };
        return match detached(begin).await.and_then(|done| done.map_err(ApiError::from)) {
            Ok(Some(flow)) => onwards(app, headers, &cookie, &flow),
            Ok(None) => refused(app, headers, bad, ("over", None)),
            Err(error) => failed(app, headers, &error),
        };
    }
    match app.countersign.begin_authorization(&pairs, cookie.hash(), &context) {
        Ok(flow) => onwards(app, headers, &cookie, &flow),
        Err(AuthorizeRefusal::Page(PageFault::Client)) => refused(app, headers, bad, ("client", None)),
        Err(AuthorizeRefusal::Page(PageFault::TooLong)) => refused(app, headers, bad, ("too_long", None)),
        Err(AuthorizeRefusal::Page(PageFault::RedirectUri(closest))) => {
            tracing::warn!(
                closest,
                "a request for authorization names a redirect_uri that is not registered"
            );
            let closest = closest.filter(|_| app.options.development);
            refused(app, headers, bad, ("redirect_uri", closest.as_deref()))
        }
        Err(AuthorizeRefusal::Redirect(redirect)) => error_redirect(app, headers, &redirect),
    }
}

/// The client and the address of a request that was pushed (RFC 9126 §4).
fn pushed(pairs: &[(String, String)]) -> Option<(String, String)> {
    let only = |wanted: &str| {
        let mut found = pairs.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        found.next().filter(|_| found.next().is_none())
    };
    let request_uri = only("request_uri").filter(|uri| uri.starts_with(PUSHED_PREFIX))?;
    Some((only("client_id")?, request_uri))
}

fn onwards<S: Store>(app: &App<S>, headers: &HeaderMap, cookie: &StepCookie, flow: &str) -> Response {
    let link = format!("continue?flow={flow}");
    let values = PageValues { link: &link, ..PageValues::default() };
    let mut response = page(app, headers, StatusCode::OK, (Page::Onwards, values));
    response.headers_mut().append(header::SET_COOKIE, app.cookies.set_authorize(cookie));
    response
}

#[derive(Deserialize)]
struct Flow {
    flow: String,
}

/// The way back from our own pages, with the cookies that come along.
pub(in crate::http) async fn go_on<S: Store>(
    State(app): State<App<S>>,
    FromDevice(context): FromDevice,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let Ok(Flow { flow }) = serde_urlencoded::from_str(&query) else {
        return refused(&app, &headers, StatusCode::BAD_REQUEST, ("over", None));
    };
    let (countersign, from) = (app.countersign.clone(), FromBrowser::of(&app, &headers));
    let proceed = async move { countersign.continue_authorization(&flow, from.browser(), &context).await };
    answer(&app, &headers, detached(proceed).await.and_then(|done| done.map_err(ApiError::from)))
}

#[derive(Deserialize)]
struct Answer {
    form: String,
    decision: String,
}

pub(in crate::http) async fn consent<S: Store>(
    State(app): State<App<S>>,
    FromDevice(context): FromDevice,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = form_of(&headers, body).await;
    let read = form.ok().and_then(|form| serde_urlencoded::from_bytes(&form).ok());
    let Some(Answer { form, decision }) = read else {
        return refused(&app, &headers, StatusCode::BAD_REQUEST, ("over", None));
    };
    let context = app.at_this_moment(context);
    let (countersign, from) = (app.countersign.clone(), FromBrowser::of(&app, &headers));
    // Everything but the button for yes is a no.
    let decide = async move {
        countersign.answer_authorization((&form, decision == "allow"), from.browser(), &context).await
    };
    answer(&app, &headers, detached(decide).await.and_then(|done| done.map_err(ApiError::from)))
}

pub(super) struct FromBrowser {
    hash: Option<[u8; 32]>,
    refresh_token: Option<zeroize::Zeroizing<String>>,
}

impl FromBrowser {
    pub(super) fn of<S: Store>(app: &App<S>, headers: &HeaderMap) -> Self {
        let hash = app.cookies.authorize(headers).map(|cookie| cookie.hash());
        Self { hash, refresh_token: app.cookies.refresh_token(headers).ok().flatten() }
    }

    pub(super) fn browser(&self) -> Browser<'_> {
        Browser { hash: self.hash, refresh_token: self.refresh_token.as_ref().map(|text| text.as_str()) }
    }
}

fn answer<S: Store>(
    app: &App<S>,
    headers: &HeaderMap,
    done: Result<Option<Authorization>, ApiError>,
) -> Response {
    match done {
        Ok(None) => refused(app, headers, StatusCode::BAD_REQUEST, ("over", None)),
        Ok(Some(Authorization::SignIn { flow, anew, login_hint })) => {
            let mut query = vec![("return_to", way_back(app, &flow))];
            query.extend(anew.then(|| ("anew", "1".to_owned())));
            query.extend(login_hint.map(|hint| ("login_hint", hint)));
            see_other(&with_query("../login", &query))
        }
        Ok(Some(Authorization::SignUp { flow })) => {
            let is_open = app.countersign.options().registration.mode == RegistrationMode::Open;
            let page = if is_open { "../register" } else { "../login" };
            see_other(&with_query(page, &[("return_to", way_back(app, &flow))]))
        }
        Ok(Some(Authorization::Ask(question))) => ask(app, headers, &question),
        Ok(Some(Authorization::Code { redirect_uri, state, code, form_post })) => {
            let mut query = vec![("code", code.to_string())];
            query.extend(state.map(|state| ("state", state)));
            query.push(("iss", app.countersign.options().issuer.clone()));
            back(app, headers, (&redirect_uri, form_post), &query)
        }
        Ok(Some(Authorization::Error(redirect))) => error_redirect(app, headers, &redirect),
        Err(error) => failed(app, headers, &error),
    }
}

/// The path of this server at which a request goes on.
fn way_back<S: Store>(app: &App<S>, flow: &str) -> String {
    let (_, mounted) = split_issuer(&app.countersign.options().issuer);
    format!("{mounted}/oauth2/continue?flow={flow}")
}

fn ask<S: Store>(app: &App<S>, headers: &HeaderMap, question: &Question) -> Response {
    let news = question.new_scopes.iter().map(|scope| (scope, true));
    let scopes: Vec<_> = news.chain(question.known_scopes.iter().map(|scope| (scope, false))).collect();
    let values = PageValues {
        client: &question.client,
        destination: host_of(&question.redirect_uri),
        form: &question.form,
        scopes: &scopes,
        resources: &question.resources,
        username: Some(&question.username),
        ..PageValues::default()
    };
    page(app, headers, StatusCode::OK, (Page::Consent, values))
}

pub(super) async fn form_of(headers: &HeaderMap, body: Body) -> Result<axum::body::Bytes, ApiError> {
    if is_form(headers) { read(headers, body).await } else { Err(ApiError::MediaType) }
}

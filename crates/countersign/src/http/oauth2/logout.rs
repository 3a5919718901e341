//! `/oauth2/logout` and `/oauth2/sign-out`: an application asks to sign somebody out (`OpenID` Connect RP-Initiated Logout 1.0). The first
//! page goes on by itself to the second, where the refresh cookie arrives, as those of `authorize.rs` do.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::authorize::{FromBrowser, form_of};
use super::pages::{page, refused, see_other, with_query};
use crate::flows::oauth::logout::LogoutStep;
use crate::http::app::App;
use crate::http::cookies::StepCookie;
use crate::http::detached::detached;
use crate::http::edge::caller::Anonymous;
use crate::http::error::api::ApiError;
use crate::model::context::Context;
use crate::render::{Page, PageValues};
use crate::store::Store;

pub(in crate::http) async fn by_address<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    begin(&app, query.unwrap_or_default().as_bytes(), &headers, &context)
}

/// §2 asks for both methods.
pub(in crate::http) async fn by_form<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match form_of(&headers, body).await {
        Ok(form) => begin(&app, &form, &headers, &context),
        Err(error) => refused(&app, &headers, error.for_a_page().0, ("client", None)),
    }
}

fn begin<S: Store>(app: &App<S>, query: &[u8], headers: &HeaderMap, context: &Context) -> Response {
    let Ok(pairs) = serde_urlencoded::from_bytes::<Vec<(String, String)>>(query) else {
        return refused(app, headers, StatusCode::BAD_REQUEST, ("client", None));
    };
    let cookie =
        app.cookies.authorize(headers).unwrap_or_else(|| StepCookie::random(&app.countersign.random));
    match app.countersign.begin_logout(&pairs, cookie.hash(), context) {
        Ok(flow) => {
            let link = format!("sign-out?flow={flow}");
            let values = PageValues { link: &link, ..PageValues::default() };
            let mut response = page(app, headers, StatusCode::OK, (Page::Onwards, values));
            response.headers_mut().append(header::SET_COOKIE, app.cookies.set_authorize(&cookie));
            response
        }
        Err(Some(why)) => refused(app, headers, StatusCode::BAD_REQUEST, (why.name(), None)),
        Err(None) => refused(app, headers, StatusCode::INTERNAL_SERVER_ERROR, ("failed", None)),
    }
}

#[derive(Deserialize)]
struct Flow {
    flow: String,
}

pub(in crate::http) async fn go_on<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let Ok(Flow { flow }) = serde_urlencoded::from_str(&query) else {
        return refused(&app, &headers, StatusCode::BAD_REQUEST, ("over", None));
    };
    let (countersign, from) = (app.countersign.clone(), FromBrowser::of(&app, &headers));
    let proceed = async move { countersign.continue_logout(&flow, from.browser(), &context).await };
    answer(&app, &headers, detached(proceed).await.and_then(|done| done.map_err(ApiError::from)))
}

#[derive(Deserialize)]
struct Answer {
    form: String,
    decision: String,
}

pub(in crate::http) async fn decide<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
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
    let is_yes = decision == "sign_out";
    let decide = async move { countersign.answer_logout((&form, is_yes), from.browser(), &context).await };
    answer(&app, &headers, detached(decide).await.and_then(|done| done.map_err(ApiError::from)))
}

fn answer<S: Store>(
    app: &App<S>,
    headers: &HeaderMap,
    done: Result<Option<LogoutStep>, ApiError>,
) -> Response {
    let shows = |what, values| page(app, headers, StatusCode::OK, (Page::Logout(what), values));
    match done {
        Ok(None) => refused(app, headers, StatusCode::BAD_REQUEST, ("over", None)),
        Ok(Some(LogoutStep::Ask { form, client, username })) => {
            let values = PageValues {
                client: client.as_deref().unwrap_or_default(),
                form: &form,
                username: Some(&username),
                ..PageValues::default()
            };
            shows("ask", values)
        }
        Ok(Some(LogoutStep::Stays)) => shows("stay", PageValues::default()),
        Ok(Some(LogoutStep::Over { was_signed_in, back })) => {
            let mut response = match back {
                Some((address, Some(state))) => see_other(&with_query(&address, &[("state", state)])),
                Some((address, None)) => see_other(&address),
                None => shows("done", PageValues::default()),
            };
            if was_signed_in {
                app.cookies.clear(response.headers_mut());
            }
            response
        }
        Err(error) => {
            let status = error.for_a_page().0;
            tracing::error!(error = &error as &dyn std::error::Error, "a request to sign out failed");
            refused(app, headers, status, ("failed", None))
        }
    }
}

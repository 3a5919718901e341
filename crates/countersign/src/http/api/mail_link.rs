//! `/m/{token}`: where the link of a mail leads. Opening it shows a page with a button and changes nothing, so whatever opens
//! links for somebody, such as a mail scanner, uses nothing up (EM-2). The page needs no script, and names nobody else's content.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::http::api::email::{Shown, act};
use crate::http::app::App;
use crate::http::body::json::read;
use crate::http::edge::caller::Anonymous;
use crate::http::edge::media_type::is_form;
use crate::http::error::api::ApiError;
use crate::model::context::Context;
use crate::model::outbox::DeliveryFailure;
use crate::model::ticket::TicketPurpose;
use crate::render::{PAGE_POLICY, Page, PageValues};
use crate::store::Store;

type TokenPath = Result<Path<String>, PathRejection>;

/// Text that cannot be read is no token.
fn token(path: TokenPath) -> Zeroizing<String> {
    Zeroizing::new(path.map(|Path(token)| token).unwrap_or_default())
}

/// Shows what the ticket is for. It changes nothing.
pub(in crate::http) async fn show<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    path: TokenPath,
    headers: HeaderMap,
) -> Response {
    let (token, language) = (token(path), accept_language(&headers));
    match purpose_of(&app, &token, &context).await {
        Ok((purpose, address)) => form(&app, language, (purpose, &address), None),
        Err(error) => refusal(&app, language, &error),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Form {
    new_password: Option<Zeroizing<String>>,
    /// So that password managers know whose password it is.
    #[serde(rename = "username")]
    _username: Option<String>,
}

/// Does what the ticket is for.
pub(in crate::http) async fn submit<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    path: TokenPath,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (token, language) = (token(path), accept_language(&headers));
    let done = async {
        let form = form_of(&headers, body).await?;
        let context = app.at_this_moment(context.clone());
        let (purpose, _) = purpose_of(&app, &token, &context).await?;
        // What another page's form says besides is of no interest.
        let new_password = form.new_password.filter(|_| purpose == TicketPurpose::Reset);
        if purpose == TicketPurpose::Reset && new_password.is_none() {
            return Err(ApiError::Value("the new password is missing".into()));
        }
        act(app.countersign.clone(), Shown::Link(token.clone()), new_password, context).await?;
        Ok(purpose)
    };
    match done.await {
        Ok(purpose) => {
            page(&app, language, StatusCode::OK, (Page::Done(purpose.name()), PageValues::default()))
        }
        // A password that is not good enough does not use the link up.
        Err(error) => match purpose_of(&app, &token, &app.at_this_moment(context)).await {
            Ok((purpose, address)) => {
                let (status, code) = error.for_a_page();
                form(&app, language, (purpose, &address), Some((status, &code)))
            }
            Err(_) => refusal(&app, language, &error),
        },
    }
}

fn accept_language(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()
}

async fn form_of(headers: &HeaderMap, body: Body) -> Result<Form, ApiError> {
    let bytes = Zeroizing::new(read(headers, body).await?.to_vec());
    if bytes.is_empty() {
        return Ok(Form::default());
    }
    if !is_form(headers) {
        return Err(ApiError::MediaType);
    }
    serde_urlencoded::from_bytes(&bytes).map_err(|_| ApiError::Body { expected: "the form of the page" })
}

/// What the ticket of a link is for, and the address that its mail went to.
async fn purpose_of<S: Store>(
    app: &App<S>,
    token: &str,
    context: &Context,
) -> Result<(TicketPurpose, String), ApiError> {
    let ticket = app.countersign.ticket_of_link(token, context).await?;
    Ok((ticket.purpose, ticket.address.as_str().to_owned()))
}

/// The page with the button. It posts to its own address, so the token is in no field.
fn form<S: Store>(
    app: &App<S>,
    language: Option<&str>,
    (purpose, address): (TicketPurpose, &str),
    problem: Option<(StatusCode, &str)>,
) -> Response {
    let shown = match purpose {
        TicketPurpose::Reset => Page::NewPassword,
        other => Page::Confirm(other.name()),
    };
    let min_length = app.countersign.options().passwords.min_length;
    let values =
        PageValues { address, min_length, problem: problem.map(|(_, code)| code), ..PageValues::default() };
    page(app, language, problem.map_or(StatusCode::OK, |(status, _)| status), (shown, values))
}

/// One page for every link that is not good (any more).
fn refusal<S: Store>(app: &App<S>, language: Option<&str>, error: &ApiError) -> Response {
    page(app, language, error.for_a_page().0, (Page::Refused, PageValues::default()))
}

/// `/m/…` is one step below the server's other pages.
fn page<S: Store>(
    app: &App<S>,
    language: Option<&str>,
    status: StatusCode,
    (page, values): (Page<'_>, PageValues<'_>),
) -> Response {
    let values = PageValues { root: "../", ..values };
    let rendered = app.countersign.templates().and_then(|templates| {
        let page = templates.page(templates.language(None, language), page, &values);
        page.map_err(|error| DeliveryFailure::Transient(error.to_string()))
    });
    match rendered {
        Ok(html) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
            ];
            (status, headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

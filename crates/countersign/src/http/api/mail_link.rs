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
use crate::http::html::escaped;
use crate::model::context::Context;
use crate::model::ticket::TicketPurpose;
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
) -> Response {
    let token = token(path);
    match purpose_of(&app, &token, &context).await {
        Ok((purpose, address)) => form(purpose, &address, None, StatusCode::OK),
        Err(error) => refusal(&error),
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
    let token = token(path);
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
        Ok(TicketPurpose::Reset) => {
            let text = "Your password is changed, and every session has ended. Sign in with the new one.";
            page(StatusCode::OK, "Password changed", &paragraph(text))
        }
        Ok(_) => page(StatusCode::OK, "Address confirmed", &paragraph("You can close this page.")),
        // A password that is not good enough does not use the link up.
        Err(error) => match purpose_of(&app, &token, &app.at_this_moment(context)).await {
            Ok((purpose, address)) => {
                let (status, text) = error.for_a_page();
                form(purpose, &address, Some(&text), status)
            }
            Err(_) => refusal(&error),
        },
    }
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
fn form(purpose: TicketPurpose, address: &str, problem: Option<&str>, status: StatusCode) -> Response {
    let address = escaped(address);
    let problem = problem.map(|text| format!("<p role=\"alert\">{}</p>", escaped(text))).unwrap_or_default();
    let (title, text, fields, button) = match purpose {
        TicketPurpose::Reset => (
            "Choose a new password",
            format!("For the account with the address {address}. All its sessions end."),
            format!(
                "<input type=\"hidden\" name=\"username\" autocomplete=\"username\" value=\"{address}\">\
                 <p><label>New password <input type=\"password\" name=\"newPassword\" \
                 autocomplete=\"new-password\" required></label></p>"
            ),
            "Change the password",
        ),
        _ => (
            "Confirm your address",
            format!("Confirm that {address} is your address, if you have asked for this."),
            String::new(),
            "Confirm",
        ),
    };
    let body = format!(
        "<p>{text}</p>{problem}<form method=\"post\">{fields}<p><button>{button}</button></p></form>"
    );
    page(status, title, &body)
}

/// One page for every link that is not good (any more).
fn refusal(error: &ApiError) -> Response {
    let (status, text) = error.for_a_page();
    page(status, "That did not work", &paragraph(&text))
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

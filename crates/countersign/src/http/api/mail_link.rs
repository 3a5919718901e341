//! `/m/{token}`: where the link of a mail leads. Opening it shows a page with a button and changes nothing, so whatever opens
//! links for somebody, such as a mail scanner, uses nothing up (EM-2). The page needs no script, and names nobody else's content.
//!
//! The link of a sign-in begins a session in the browser that asked, and in no other: from there it lets that one go on.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::flows::attempt::CheckError;
use crate::flows::login::LoginError;
use crate::flows::second_factor::FactorProof;
use crate::flows::tickets::{ShownTicket, TicketError};
use crate::http::api::email::{Deed, act};
use crate::http::api::shown::Shown;
use crate::http::api::wishes::{Wishes, begin};
use crate::http::app::App;
use crate::http::body::json::read;
use crate::http::detached::detached;
use crate::http::edge::caller::Anonymous;
use crate::http::edge::language::accept_language;
use crate::http::edge::media_type::is_form;
use crate::http::error::api::ApiError;
use crate::model::account::Locale;
use crate::model::context::Context;
use crate::model::outbox::DeliveryFailure;
use crate::model::ticket::{FlowCookie, Ticket, TicketPurpose};
use crate::render::{PAGE_POLICY, PAGE_REFERRER, Page, PageValues};
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
    match opened(&app, &token, &headers, &context).await {
        Ok(opened) => form(&app, language, &opened, None, &Typed::default()),
        Err(error) => refusal(&app, language, &error),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Form {
    new_password: Option<Zeroizing<String>>,
    /// What the browser shows that asked to sign in.
    digits: Option<String>,
    keep_account: bool,
    /// Of an authenticator, or a recovery code.
    code: Option<Zeroizing<String>>,
    /// Of a new account; of another one, so that password managers know whose password it is.
    username: Option<String>,
}

/// What was typed, for the next page.
#[derive(Default)]
struct Typed {
    username: Option<String>,
    code: Option<Zeroizing<String>>,
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
    let mut typed = Typed::default();
    let acted = async {
        let form = form_of(&headers, body).await?;
        typed = Typed { username: form.username.clone(), code: form.code.clone() };
        let context = app.at_this_moment(context.clone());
        let opened = opened(&app, &token, &headers, &context).await?;
        let purpose = opened.ticket.purpose;
        if purpose == TicketPurpose::SignIn {
            return sign_in(&app, (&token, opened), form, &headers, context).await;
        }
        act(
            app.countersign.clone(),
            Shown::Link(token.clone(), None),
            form.deed(purpose, app.countersign.asked_locale(language))?,
            context,
        )
        .await?;
        Ok(done(&app, language, purpose))
    };
    match acted.await {
        Ok(response) => response,
        // A name or a password that is not good enough does not use the link up.
        Err(error) => match opened(&app, &token, &headers, &app.at_this_moment(context)).await {
            Ok(opened) => form(&app, language, &opened, Some(&error), &typed),
            Err(_) => refusal(&app, language, &error),
        },
    }
}

fn done<S: Store>(app: &App<S>, language: Option<&str>, purpose: TicketPurpose) -> Response {
    page(app, language, StatusCode::OK, (Page::Done(purpose.name()), PageValues::default()))
}

/// In the browser that asked, the session begins, and the sign-in page leads on from there. Any other one gets nothing: it says
/// whether that one may go on.
async fn sign_in<S: Store>(
    app: &App<S>,
    (token, opened): (&str, Opened),
    form: Form,
    headers: &HeaderMap,
    context: Context,
) -> Result<Response, ApiError> {
    if let Some(flow) = opened.own {
        let shown = ShownTicket::OwnLink(token, &flow);
        let authenticated = app.countersign.authenticate_by_mail(shown, &context).await?;
        let Form { new_password, keep_account, code, .. } = form;
        let authenticated = match &code {
            Some(code) => {
                app.countersign.with_second_factor(authenticated, FactorProof::typed(code), &context).await?
            }
            None => authenticated,
        };
        let wishes = Wishes { new_password, keep_account, ..Wishes::default() };
        let now = context.now;
        let signed_in = begin(app, authenticated, wishes, headers, context).await?;
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "../login")]).into_response();
        app.add_cookies(&signed_in, now, response.headers_mut());
        return Ok(response);
    }
    let digits = form.digits.map(|typed| typed.trim().to_owned());
    // What cannot be right is no try.
    let is_a_try = |typed: &String| typed.len() == DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit());
    let digits = digits.filter(is_a_try).ok_or(ApiError::Value("two digits are expected".into()))?;
    let (countersign, token) = (app.countersign.clone(), Zeroizing::new(token.to_owned()));
    let approve = async move { countersign.approve_sign_in(&token, &digits, &context).await };
    detached(approve).await??;
    Ok(done(app, accept_language(headers), TicketPurpose::SignIn))
}

const DIGITS: usize = 2;

impl Form {
    /// What another page's form says besides is of no interest.
    fn deed(self, purpose: TicketPurpose, locale: Option<Locale>) -> Result<Deed, ApiError> {
        let missing = || ApiError::Value("the new password is missing".into());
        Ok(match purpose {
            TicketPurpose::Reset => Deed::Reset(self.new_password.ok_or_else(missing)?),
            TicketPurpose::Register | TicketPurpose::Invite => {
                let password = self.new_password.ok_or_else(missing)?;
                Deed::Register(self.username.unwrap_or_default(), password, locale)
            }
            TicketPurpose::UndoAddress => Deed::UndoAddress,
            TicketPurpose::Verify | TicketPurpose::SignIn => Deed::Verify,
        })
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

/// A link that is still good, in a browser.
struct Opened {
    ticket: Ticket,
    /// What the browser keeps, if it is the one that asked.
    own: Option<FlowCookie>,
}

/// The ticket of a link. One that was approved is good in the browser that asked only.
async fn opened<S: Store>(
    app: &App<S>,
    token: &str,
    headers: &HeaderMap,
    context: &Context,
) -> Result<Opened, ApiError> {
    let ticket = app.countersign.ticket_of_link(token, context).await?;
    let own = app.cookies.flow(headers).filter(|flow| ticket.is_of_browser(&flow.hash()));
    if own.is_none() && ticket.approved_at.is_some() {
        return Err(TicketError::Invalid.into());
    }
    Ok(Opened { ticket, own })
}

/// The page with the button. It posts to its own address, so the token is in no field.
fn form<S: Store>(
    app: &App<S>,
    language: Option<&str>,
    Opened { ticket, own }: &Opened,
    refused: Option<&ApiError>,
    typed: &Typed,
) -> Response {
    let (status, code) = refused.map(ApiError::for_a_page).unzip();
    let facts = app.countersign.facts_of(ticket);
    let mut values = PageValues {
        address: ticket.address.as_str(),
        min_length: app.countersign.options().passwords.min_length,
        problem: code.as_deref(),
        at: Some(ticket.created_at),
        requester: facts.address,
        user_agent: facts.user_agent.as_deref(),
        ..PageValues::default()
    };
    let shown = match ticket.purpose {
        TicketPurpose::SignIn if own.is_none() => {
            if app.countersign.options().email.same_browser_only {
                Page::AskingBrowserOnly
            } else {
                Page::OtherBrowser
            }
        }
        TicketPurpose::SignIn => match refused {
            // The proof is right, and there is something to say first.
            Some(ApiError::Login(LoginError::DeletionPending(at))) => {
                values.at = Some(*at);
                Page::Confirm("keep_account")
            }
            Some(ApiError::Login(LoginError::SecondFactorRequired(due))) => {
                values.problem = None;
                if due.must_enrol() { Page::AuthenticatorNeeded } else { Page::SecondStep }
            }
            Some(ApiError::Login(LoginError::WrongFactor)) => Page::SecondStep,
            Some(ApiError::Login(LoginError::Check(CheckError::Throttled(_)))) if typed.code.is_some() => {
                Page::SecondStep
            }
            Some(ApiError::Login(error)) if wants_password(error) => {
                values.problem = values.problem.filter(|code| *code != "password_change_required");
                Page::NewPassword
            }
            _ => Page::Confirm(ticket.purpose.name()),
        },
        TicketPurpose::Reset => Page::NewPassword,
        TicketPurpose::Register | TicketPurpose::Invite => Page::NewAccount(ticket.purpose.name()),
        other => Page::Confirm(other.name()),
    };
    // Of a new account the name is typed; of another one the form repeats it for password managers.
    values.username = typed.username.as_deref().filter(|_| matches!(shown, Page::NewAccount(_)));
    values.code = typed.code.as_deref().map(String::as_str);
    page(app, language, status.unwrap_or(StatusCode::OK), (shown, values))
}

const fn wants_password(error: &LoginError) -> bool {
    matches!(
        error,
        LoginError::PasswordChangeRequired
            | LoginError::Policy(_)
            | LoginError::Check(CheckError::Password(_) | CheckError::Hashing(_))
    )
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
                (header::REFERRER_POLICY, PAGE_REFERRER),
            ];
            (status, headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page cannot be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

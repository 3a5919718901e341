//! `/api/email`: asking for a mail, and using the ticket that it brings. The response to asking is the same for an address that
//! nobody has (EN-4). What begins a session is in `email_sign_in.rs`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Countersign;
use crate::flows::email::{MailPurpose, MailRequest};
use crate::flows::mail_gate::MailAdmission;
use crate::flows::tickets::TicketError;
use crate::http::api::email_sign_in::sign_in;
use crate::http::api::shown::Shown;
use crate::http::api::wishes::Wishes;
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::detached::detached;
use crate::http::edge::caller::Anonymous;
use crate::http::edge::device::FromDevice;
use crate::http::edge::language::accept_language;
use crate::http::error::api::ApiError;
use crate::http::token_response::Delivery;
use crate::model::account::{EmailAddress, Locale};
use crate::model::context::Context;
use crate::model::ticket::{FlowCookie, TicketPurpose};
use crate::store::Store;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Start {
    purpose: Purpose,
    address: String,
    /// Of work, where one was demanded.
    proof: Option<String>,
    /// For the application's hook. Nobody else reads it.
    captcha: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    Verify,
    Reset,
    SignIn,
    Register,
}

impl Input for Start {
    const EXPECTED: &'static str = r#"a JSON object {"purpose": "verify", "reset", "sign_in" or "register", "address": string, "proof"?: string, "captcha"?: string}"#;
}

pub(in crate::http) async fn start<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    Json(input): Json<Start>,
) -> Result<Response, ApiError> {
    let Start { purpose, address: to, proof, captcha } = input;
    let (to, context) = (address(&to)?, app.at_this_moment(context));
    let purpose = match purpose {
        Purpose::Verify => MailPurpose::Verify,
        Purpose::Reset => MailPurpose::Reset,
        Purpose::SignIn => MailPurpose::SignIn,
        Purpose::Register => MailPurpose::Register,
    };
    admit(&app, (purpose.of_ticket(), &to), (proof, captcha), &context).await?;
    let mut request = MailRequest::new(purpose, to);
    request.locale = app.countersign.asked_locale(accept_language(&headers)).map(|locale| locale.to_string());
    request.flow = app.cookies.flow(&headers);
    let flow = app.countersign.request_mail(request, &context).await?;
    let digits = (purpose == MailPurpose::SignIn).then(|| app.countersign.sign_in_digits(&flow));
    let asked = Asked { expires_in: purpose.of_ticket().lifetime().as_secs(), digits };
    Ok(with_flow(&app, &flow, (StatusCode::ACCEPTED, axum::Json(asked))))
}

/// What somebody gets to know who asked for a mail: nothing about whether it is sent (EN-4).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    /// For so many seconds a mail is good.
    expires_in: u64,
    /// Of a sign-in: two digits, which are typed where the link of the mail is opened, if that is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<String>,
}

/// Whether a mail may be asked for. It comes before whatever looks at the address.
pub(in crate::http) async fn admit<S: Store>(
    app: &App<S>,
    (purpose, to): (TicketPurpose, &EmailAddress),
    (proof, captcha): (Option<String>, Option<String>),
    context: &Context,
) -> Result<(), ApiError> {
    let mut shown = MailAdmission::new(purpose, to);
    (shown.proof, shown.captcha) = (proof.map(Cow::Owned), captcha);
    Ok(app.countersign.admit_mail(shown, context).await?)
}

/// A response with the flow cookie.
pub(in crate::http) fn with_flow<S: Store>(
    app: &App<S>,
    flow: &FlowCookie,
    response: impl IntoResponse,
) -> Response {
    let mut response = response.into_response();
    response.headers_mut().append(header::SET_COOKIE, app.cookies.set_flow(flow));
    response
}

pub(in crate::http) fn address(text: &str) -> Result<EmailAddress, ApiError> {
    EmailAddress::parse(text).map_err(|error| ApiError::Value(error.to_string().into()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Confirm {
    token: Option<Zeroizing<String>>,
    code: Option<Zeroizing<String>>,
    username: Option<String>,
    new_password: Option<Zeroizing<String>>,
    // The others are for a sign-in.
    #[serde(default)]
    refresh_token_delivery: Delivery,
    audience: Option<String>,
    device_token: Option<String>,
    #[serde(default)]
    keep_account: bool,
}

impl Input for Confirm {
    const EXPECTED: &'static str = r#"a JSON object {"token" or "code": string, "username"?: string, "newPassword"?: string, "refreshTokenDelivery"?: "cookie" or "body", "deviceToken"?: string, "audience"?: string, "keepAccount"?: boolean}, the code with the flow cookie"#;
}

pub(in crate::http) async fn confirm<S: Store>(
    State(app): State<App<S>>,
    FromDevice(context): FromDevice,
    headers: HeaderMap,
    Json(input): Json<Confirm>,
) -> Result<Response, ApiError> {
    let flow = app.cookies.flow(&headers);
    let shown = match (input.token, input.code) {
        (Some(token), None) => Shown::Link(token, flow),
        // Without the cookie it is a code of another browser.
        (None, Some(code)) => Shown::Code(code, flow.ok_or(TicketError::Invalid)?),
        _ => return Err(ApiError::Body { expected: Confirm::EXPECTED }),
    };
    let context = app.at_this_moment(context);
    let Confirm { username, new_password, audience, device_token, keep_account, .. } = input;
    if app.countersign.purpose_of(shown.as_ref()).await? == Some(TicketPurpose::SignIn) {
        let wishes = Wishes { new_password, audience, device_token, keep_account };
        return sign_in(&app, &shown, (wishes, input.refresh_token_delivery), &headers, context).await;
    }
    let deed = match (username, new_password) {
        (None, None) => Deed::Verify,
        (None, Some(password)) => Deed::Reset(password),
        (Some(username), Some(password)) => {
            Deed::Register(username, password, app.countersign.asked_locale(accept_language(&headers)))
        }
        (Some(_), None) => return Err(ApiError::Body { expected: Confirm::EXPECTED }),
    };
    act(app.countersign, shown, deed, context).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a ticket is used for.
pub(in crate::http) enum Deed {
    /// To verify an address.
    Verify,
    /// To set this password.
    Reset(Zeroizing<String>),
    /// To make an account with this name and this password, whose owner reads this language.
    Register(String, Zeroizing<String>, Option<Locale>),
    /// To give an account its former address back.
    UndoAddress,
}

/// Uses a ticket. It runs to its end even when the client hangs up (CC-6).
pub(in crate::http) async fn act<S: Store>(
    countersign: Arc<Countersign<S>>,
    shown: Shown,
    deed: Deed,
    context: Context,
) -> Result<(), ApiError> {
    let act = async move {
        let shown = shown.as_ref();
        match &deed {
            Deed::Verify => countersign.verify_email(shown, &context).await.map(drop)?,
            Deed::Reset(new) => countersign.reset_password(shown, new, &context).await?,
            Deed::Register(name, password, locale) => {
                countersign.register(shown, (name, password), locale.clone(), &context).await.map(drop)?;
            }
            Deed::UndoAddress => countersign.undo_address(shown, &context).await.map(drop)?,
        }
        Ok::<_, ApiError>(())
    };
    detached(act).await?
}

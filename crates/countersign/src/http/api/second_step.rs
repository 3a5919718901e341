//! `/api/login/factor`: the second step of a sign-in. The first one answers 403 `second_factor_required`, with a ticket that is good
//! for ten minutes in the browser that asked; nothing else comes of it, no session, no cookie of one, no token (MF-2).

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::flows::issue::SignedIn;
use crate::flows::login::{Authenticated, LoginError};
use crate::flows::passkey::PasskeyAnswer;
use crate::flows::passkey_check::NewPasskey;
use crate::flows::second_factor::{FactorProof, NewAuthenticator, OfferedAuthenticator};
use crate::flows::second_factor_due::SecondFactorDue;
use crate::flows::tickets::TicketError;
use crate::http::api::passkey_answer::Answer;
use crate::http::api::wishes::{Wishes, begin};
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::cookies::StepCookie;
use crate::http::edge::caller::Anonymous;
use crate::http::edge::device::FromDevice;
use crate::http::error::api::ApiError;
use crate::http::token_response::{Delivery, respond};
use crate::model::context::Context;
use crate::model::second_factor::FactorTicket;
use crate::store::Store;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DueBody<'a> {
    error: &'a str,
    code: &'a str,
    /// What the second step takes.
    ticket: &'a str,
    expires_in: u64,
    methods: Vec<&'a str>,
    /// Whether an authenticator has to be set up first.
    must_enrol: bool,
    /// For how many seconds this device may be trusted; none where it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_for: Option<u64>,
}

/// The response to a sign-in whose first step was right: the tokens, or what the second step takes.
///
/// # Errors
/// Those of the sign-in.
pub(in crate::http) fn respond_or_ask<S: Store>(
    app: &App<S>,
    outcome: Result<SignedIn, ApiError>,
    (delivery, headers): (Delivery, &HeaderMap),
    context: &Context,
) -> Result<Response, ApiError> {
    match outcome {
        Ok(signed_in) => Ok(respond(app, &signed_in, delivery, context.now)),
        Err(ApiError::Login(LoginError::SecondFactorRequired(due))) => {
            ask(app, &due, (delivery, headers), context)
        }
        Err(error) => Err(error),
    }
}

fn ask<S: Store>(
    app: &App<S>,
    due: &SecondFactorDue,
    (delivery, headers): (Delivery, &HeaderMap),
    context: &Context,
) -> Result<Response, ApiError> {
    let first = due.first.as_ref().ok_or(ApiError::Internal)?;
    // A browser that is between two sign-ins goes on with both.
    let cookie = (delivery == Delivery::Cookie)
        .then(|| app.cookies.step(headers).unwrap_or_else(|| StepCookie::random(&app.countersign.random)));
    let browser_hash = cookie.as_ref().map(StepCookie::hash);
    let ticket = app.countersign.factor_ticket(first, browser_hash, context)?;
    let public = ApiError::Login(LoginError::SecondFactorRequired(Box::new(SecondFactorDue {
        methods: Vec::new(),
        first: None,
    })))
    .public();
    let policy = &app.countersign.options().second_factor.policy;
    let body = DueBody {
        error: &public.text,
        code: &public.code,
        ticket: &ticket,
        expires_in: FactorTicket::LIFETIME.as_secs(),
        methods: due.methods.iter().map(|method| method.name()).collect(),
        must_enrol: due.must_enrol(),
        trust_for: policy.may_trust(&first.0.role).then(|| policy.trust.as_secs()),
    };
    let mut response = (public.status, axum::Json(body)).into_response();
    if let Some(cookie) = &cookie {
        response.headers_mut().append(header::SET_COOKIE, app.cookies.set_step(cookie));
    }
    Ok(response)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Second {
    ticket: String,
    code: Option<Zeroizing<String>>,
    recovery_code: Option<Zeroizing<String>>,
    passkey: Option<Answer>,
    /// A passkey that is made in place of an authenticator.
    new_passkey: Option<Answer>,
    /// Of the authenticator that is set up: the offer, and the name that its owner gives it.
    enrolment: Option<Zeroizing<String>>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    trust_device: bool,
    /// The password that replaces the current one (PP-7).
    new_password: Option<Zeroizing<String>>,
    #[serde(default)]
    refresh_token_delivery: Delivery,
    audience: Option<String>,
    device_token: Option<String>,
    #[serde(default)]
    keep_account: bool,
}

impl Input for Second {
    const EXPECTED: &'static str = r#"a JSON object {"ticket": string, "code"?: string, "recoveryCode"?: string, "passkey"?: {"ticket": string, "credential": object}, "enrolment"?: string, "newPasskey"?: {"ticket": string, "credential": object}, "name"?: string, "trustDevice"?: boolean, "newPassword"?: string, "refreshTokenDelivery"?: "cookie" or "body", "deviceToken"?: string, "audience"?: string, "keepAccount"?: boolean} with one of code, recoveryCode, passkey and newPasskey"#;
}

impl Second {
    async fn prove<S: Store>(
        &self,
        app: &App<S>,
        authenticated: Authenticated,
        browser_hash: Option<[u8; 32]>,
        context: &Context,
    ) -> Result<Authenticated, ApiError> {
        let (countersign, name) = (app.countersign(), self.name.as_str());
        let passkey = self.passkey.as_ref().map(|answer| answer.of(browser_hash));
        let given = shown(self.code.as_ref(), self.recovery_code.as_ref(), passkey)?;
        Ok(match (given, &self.enrolment, &self.new_passkey) {
            (Some(FactorProof::Code(code)), Some(token), None) => {
                let new = NewAuthenticator { token, code, name };
                countersign.with_new_authenticator(authenticated, new, context).await?
            }
            (None, None, Some(answer)) => {
                let new = NewPasskey { answer: answer.of(browser_hash), name };
                countersign.with_new_passkey(authenticated, new, context).await?
            }
            (Some(given), None, None) => {
                countersign.with_second_factor(authenticated, given, context).await?
            }
            _ => return Err(MALFORMED),
        })
    }
}

/// Makes the second step: with a code, with a recovery code, with a passkey, or with an authenticator or a passkey that is set up.
pub(in crate::http) async fn sign_in<S: Store>(
    State(app): State<App<S>>,
    FromDevice(context): FromDevice,
    headers: HeaderMap,
    Json(input): Json<Second>,
) -> Result<Response, ApiError> {
    let Second { new_password, refresh_token_delivery, audience, device_token, keep_account, .. } = &input;
    let wishes = Wishes {
        new_password: new_password.clone(),
        audience: audience.clone(),
        device_token: device_token.clone(),
        keep_account: *keep_account,
    };
    let context = wishes.known_device(app.at_this_moment(context));
    wishes.check_audience(&app)?;
    let (authenticated, browser_hash) = resume(&app, &input.ticket, &headers, &context).await?;
    let proved = input.prove(&app, authenticated, browser_hash, &context).await?;
    let proved = if input.trust_device { proved.trust_device() } else { proved };
    let (now, delivery) = (context.now, *refresh_token_delivery);
    let signed_in = begin(&app, proved, wishes, &headers, context).await.map_err(|error| match error {
        // What was shown first does not hold any more.
        ApiError::Ticket(TicketError::Invalid) => LoginError::FactorTicket.into(),
        error => error,
    })?;
    let mut response = respond(&app, &signed_in, delivery, now);
    response.headers_mut().append(header::SET_COOKIE, app.cookies.clear_step());
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct FirstStep {
    pub(in crate::http) ticket: String,
}

impl Input for FirstStep {
    const EXPECTED: &'static str = r#"a JSON object {"ticket": string}"#;
}

/// Offers an authenticator to somebody whose sign-in waits for one. Nothing is stored.
pub(in crate::http) async fn enrol<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    Json(input): Json<FirstStep>,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(context);
    let (authenticated, _) = resume(&app, &input.ticket, &headers, &context).await?;
    Ok(offered(&app.countersign.offer_authenticator(authenticated.account(), &context)?))
}

/// Goes on with a sign-in whose first step was right; with SHA-256 of what its browser keeps.
///
/// # Errors
/// [`LoginError::FactorTicket`], and the store's.
pub(in crate::http) async fn resume<S: Store>(
    app: &App<S>,
    ticket: &str,
    headers: &HeaderMap,
    context: &Context,
) -> Result<(Authenticated, Option<[u8; 32]>), ApiError> {
    let browser_hash = app.cookies.step(headers).as_ref().map(StepCookie::hash);
    Ok((app.countersign.resume_sign_in(ticket, browser_hash, context).await?, browser_hash))
}

#[derive(Serialize)]
struct OfferBody<'a> {
    /// What comes back with the first code.
    enrolment: &'a str,
    /// For whoever types it into an app.
    secret: &'a str,
    /// For an app on this device.
    uri: &'a str,
    /// A picture of the URI: the document of an SVG image.
    qr: &'a str,
}

/// What an authenticator gets. Secret.
pub(in crate::http) fn offered(offer: &OfferedAuthenticator) -> Response {
    let (secret, qr) = (offer.secret.to_secret_text(), offer.qr_code());
    axum::Json(OfferBody { enrolment: &offer.token, secret: &secret, uri: &offer.uri, qr: &qr })
        .into_response()
}

/// What is shown, of at most one of these.
pub(in crate::http) fn shown<'a>(
    code: Option<&'a Zeroizing<String>>,
    recovery_code: Option<&'a Zeroizing<String>>,
    passkey: Option<PasskeyAnswer<'a>>,
) -> Result<Option<FactorProof<'a>>, ApiError> {
    match (code, recovery_code, passkey) {
        (Some(code), None, None) => Ok(Some(FactorProof::Code(code))),
        (None, Some(code), None) => Ok(Some(FactorProof::RecoveryCode(code))),
        (None, None, Some(answer)) => Ok(Some(FactorProof::Passkey(answer))),
        (None, None, None) => Ok(None),
        _ => Err(ApiError::Value("only one of code, recoveryCode and passkey can be shown".into())),
    }
}

const MALFORMED: ApiError = ApiError::Body { expected: Second::EXPECTED };

//! Signing in by mail, in the browser that asked: by the code, by the link, or, once somebody has let it go on who opened the mail
//! elsewhere, by asking. The responses are those of `/api/login`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::flows::tickets::{ShownTicket, TicketError};
use crate::http::api::second_step::respond_or_ask;
use crate::http::api::shown::Shown;
use crate::http::api::wishes::{Wishes, begin};
use crate::http::app::App;
use crate::http::body::json::{Input, OptionalJson};
use crate::http::edge::device::FromDevice;
use crate::http::error::api::ApiError;
use crate::http::token_response::Delivery;
use crate::model::context::Context;
use crate::store::Store;

/// Signs in with a code, or with a link that was opened in the browser that asked.
pub(in crate::http) async fn sign_in<S: Store>(
    app: &App<S>,
    shown: &Shown,
    (wishes, delivery): (Wishes, Delivery),
    headers: &HeaderMap,
    context: Context,
) -> Result<Response, ApiError> {
    let context = wishes.known_device(context);
    wishes.check_audience(app)?;
    let shown = match shown {
        Shown::Link(token, Some(flow)) => ShownTicket::OwnLink(token, flow),
        Shown::Link(_, None) => return Err(TicketError::Invalid.into()),
        Shown::Code(code, flow) => ShownTicket::Code(code, flow),
    };
    let authenticated = app.countersign.authenticate_by_mail(shown, &context).await?;
    let outcome = begin(app, authenticated, wishes, headers, context.clone()).await;
    respond_or_ask(app, outcome, (delivery, headers), &context)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(in crate::http) struct Poll {
    new_password: Option<Zeroizing<String>>,
    refresh_token_delivery: Delivery,
    audience: Option<String>,
    device_token: Option<String>,
    keep_account: bool,
}

impl Input for Poll {
    const EXPECTED: &'static str = r#"empty or a JSON object {"newPassword"?: string, "refreshTokenDelivery"?: "cookie" or "body", "deviceToken"?: string, "audience"?: string, "keepAccount"?: boolean}"#;
}

/// Signs the browser in that asked, if somebody has let it go on. Whatever else there may be to say, it has to wait (EN-4): it knows
/// from the first response for how long.
pub(in crate::http) async fn poll<S: Store>(
    State(app): State<App<S>>,
    FromDevice(context): FromDevice,
    headers: HeaderMap,
    OptionalJson(input): OptionalJson<Poll>,
) -> Result<Response, ApiError> {
    let Poll { new_password, refresh_token_delivery, audience, device_token, keep_account } = input;
    let wishes = Wishes { new_password, audience, device_token, keep_account };
    let context = wishes.known_device(app.at_this_moment(context));
    wishes.check_audience(&app)?;
    let flow = app.cookies.flow(&headers).ok_or(TicketError::Invalid)?;
    let Some(authenticated) = app.countersign.approved_sign_in(&flow, &context).await? else {
        return Ok(waiting());
    };
    match begin(&app, authenticated, wishes, &headers, context.clone()).await {
        // Another poll of this browser was faster.
        Err(ApiError::Ticket(TicketError::Invalid)) => Ok(waiting()),
        outcome => respond_or_ask(&app, outcome, (refresh_token_delivery, &headers), &context),
    }
}

fn waiting() -> Response {
    let body = axum::Json(json!({ "status": "waiting" }));
    (StatusCode::ACCEPTED, [(header::RETRY_AFTER, "1")], body).into_response()
}

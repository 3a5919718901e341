//! What may be said with a sign-in beside its proof, and how the session begins with it.

use axum::http::HeaderMap;
use zeroize::Zeroizing;

use crate::flows::issue::SignedIn;
use crate::flows::login::{Authenticated, LoginError};
use crate::flows::tickets::TicketError;
use crate::http::app::App;
use crate::http::error::api::ApiError;
use crate::model::context::Context;
use crate::model::device_cookie::DeviceCookie;
use crate::store::Store;

/// What may be said with a sign-in, as to `/api/login`.
#[derive(Default)]
pub(in crate::http) struct Wishes {
    /// The password that is required (PP-7).
    pub(in crate::http) new_password: Option<Zeroizing<String>>,
    pub(in crate::http) audience: Option<String>,
    pub(in crate::http) device_token: Option<String>,
    pub(in crate::http) keep_account: bool,
}

/// Begins the session for what was proved, and uses the ticket up. It runs to its end even when the client hangs up (CC-6).
pub(in crate::http) async fn begin<S: Store>(
    app: &App<S>,
    mut authenticated: Authenticated,
    wishes: Wishes,
    headers: &HeaderMap,
    context: Context,
) -> Result<SignedIn, ApiError> {
    let countersign = app.countersign();
    if let Some(audience) = &wishes.audience {
        authenticated = countersign.with_audience(authenticated, audience)?;
    }
    if wishes.keep_account {
        authenticated = authenticated.take_back_account();
    }
    if let Some(new) = &wishes.new_password {
        authenticated = countersign.with_new_password(authenticated, new).await?;
    }
    app.start_session(authenticated, headers, context).await.map_err(|error| match error {
        // No password was asked for.
        ApiError::Login(LoginError::InvalidCredentials) => TicketError::Invalid.into(),
        error => error,
    })
}

impl Wishes {
    pub(in crate::http) fn check_audience<S: Store>(&self, app: &App<S>) -> Result<(), ApiError> {
        app.countersign().audience(self.audience.as_deref()).map_err(LoginError::from)?;
        Ok(())
    }

    pub(in crate::http) fn known_device(&self, mut context: Context) -> Context {
        if let Some(token) = &self.device_token {
            context.device_cookie = DeviceCookie::from_browser(token);
        }
        context
    }
}

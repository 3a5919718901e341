//! The state that all handlers share, and the settings of HTTP.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use ipnet::IpNet;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::random::Random;
use crate::flows::issue::SignedIn;
use crate::flows::login::Authenticated;
use crate::http::cookies::Cookies;
use crate::http::detached::detached;
use crate::http::edge::notices::Notices;
use crate::http::error::api::ApiError;
use crate::model::context::Context;
use crate::store::Store;

/// The state that all handlers share.
pub struct App<S> {
    pub(super) countersign: Arc<Countersign<S>>,
    pub(super) options: Arc<HttpOptions>,
    pub(super) cookies: Cookies,
    /// Generates request IDs.
    pub(super) request_ids: Random,
    pub(super) notices: Arc<Notices>,
}

impl<S: Store> App<S> {
    /// The state of the routes over this authentication system.
    #[must_use]
    pub fn new(countersign: Arc<Countersign<S>>, options: HttpOptions) -> Self {
        let request_ids = countersign.random.non_secret();
        // Whether browsers reach us over HTTPS is what the configured issuer says, never what a request says (TP-3).
        let configured = countersign.options();
        let cookies = Cookies::new(configured.issuer.starts_with("https://"), configured.session_cookie);
        Self { countersign, options: Arc::new(options), cookies, request_ids, notices: Arc::default() }
    }

    /// The authentication system.
    #[must_use]
    pub fn countersign(&self) -> &Arc<Countersign<S>> {
        &self.countersign
    }

    /// Starts a session from a route of your own. The session whose refresh cookie is in `request` ends (SE-1).
    /// It runs to its end even when the client hangs up (CC-6).
    ///
    /// # Errors
    /// Those of [`Countersign::start_session`], and [`ApiError::Internal`] when it panicked.
    pub async fn start_session(
        &self,
        authenticated: Authenticated,
        request: &HeaderMap,
        context: Context,
    ) -> Result<SignedIn, ApiError> {
        // Of two cookies, neither says which session to replace. That must not stop a sign-in.
        let replaces = self.cookies.refresh_token(request).ok().flatten();
        let countersign = Arc::clone(&self.countersign);
        let start = async move {
            let replaces = replaces.as_ref().map(|text| text.as_str());
            countersign.start_session(authenticated, replaces, &context).await
        };
        Ok(detached(start).await??)
    }

    /// Puts the cookies of a session that has just begun on a response of your own, such as a redirect.
    pub fn set_cookies(&self, signed_in: &SignedIn, response: &mut HeaderMap) {
        self.add_cookies(signed_in, self.countersign.clock().now(), response);
    }

    pub(super) fn add_cookies(&self, signed_in: &SignedIn, now: Timestamp, response: &mut HeaderMap) {
        self.cookies.add(signed_in, now, response);
        self.offer_registration(signed_in, response);
        if let Some(cookie) = self.countersign.session_cookie(signed_in.session_id) {
            let max_age = self.countersign.options().sessions.idle_ttl;
            response.append(header::SET_COOKIE, self.cookies.set_session(&cookie, max_age));
        }
    }

    /// The same context, now that the body has been read.
    pub(super) fn at_this_moment(&self, context: Context) -> Context {
        Context { now: self.countersign.clock().now(), ..context }
    }
}

impl<S> App<S> {
    /// Whether browsers reach this server over HTTPS, as its issuer says.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.cookies.are_secure()
    }
}

impl<S> Clone for App<S> {
    fn clone(&self) -> Self {
        let Self { countersign, options, cookies, request_ids, notices } = self;
        Self {
            countersign: Arc::clone(countersign),
            options: Arc::clone(options),
            cookies: *cookies,
            request_ids: request_ids.clone(),
            notices: Arc::clone(notices),
        }
    }
}

impl<S> std::fmt::Debug for App<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The settings of HTTP.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// Origins of front ends on other hosts that may call with cookies, each exactly as browsers send it
    /// (`https://app.example.com`, RFC 6454 §6.2). The issuer's own origin need not be listed.
    pub allowed_origins: Vec<String>,
    /// The reverse proxies whose `X-Forwarded-For` is believed (TP-2).
    pub trusted_proxies: Vec<IpNet>,
    /// Whether this is the development server: `/healthz` says so (OP-10), pages of any port of this machine may call if
    /// [`allowed_origins`](Self::allowed_origins) is empty, and the sign-in page has the
    /// demo users of its options (feature `pages`).
    pub development: bool,
}

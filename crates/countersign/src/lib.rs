//! JWT authentication to embed: people sign in with a username and a password and get a short-lived signed access token
//! (a JWT) and a rotating refresh token in an httpOnly cookie. The binary `countersign` is this crate behind a command
//! line.
//!
//! - [`Countersign`] is the system; its methods are the use cases, such as [`Countersign::authenticate`].
//! - [`Options`] holds every choice, with defaults that are safe; [`options`] has the parts.
//! - [`http`] has the routes and cookies as an axum router (feature `axum`, on by default).
//! - [`guard`] protects routes with the tokens made here; as a crate of its own it does so in other services.
//! - [`store`] keeps accounts, sessions, keys and the audit log, durably.
//!
//! # Quick start
//!
//! The whole API, and a route of your own that only signed-in people reach. Everything is kept in one directory: the
//! SQLite database and the master key.
//!
//! ```no_run
//! # #[cfg(feature = "axum")]
//! # mod quick_start {
//! use std::net::SocketAddr;
//! use std::sync::Arc;
//!
//! use axum::{Router, routing::get};
//! use countersign::guard::AccessClaims;
//! use countersign::http::{self, App, HttpOptions};
//! use countersign::{Countersign, Options};
//!
//! async fn hello(claims: AccessClaims) -> String {
//!     format!("hello, {}\n", claims.username().unwrap_or("somebody"))
//! }
//!
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Options::new("http://127.0.0.1:3000", "my-app"); // the tokens' issuer and audience
//! let auth = Arc::new(Countersign::open_directory("auth-data", options).await?);
//! let app = Router::new()
//!     .route("/hello", get(hello).route_layer(auth.guard().layer()))
//!     .merge(http::router(App::new(Arc::clone(&auth), HttpOptions::default())));
//! tokio::spawn(async move { auth.run_upkeep().await });
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! # Accounts
//!
//! ```
//! # async fn add(auth: &countersign::Countersign<countersign::store::sqlite::SqliteStore>)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use countersign::{Actor, Context, Registration, Role, Username};
//!
//! let ada = Registration { role: Role::admin(), ..Registration::new(Username::parse("ada")?) };
//! let context = Context::local(Actor::System, auth.clock().now());
//! auth.create_account(ada, "correct horse battery staple", &context).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Your own data about users
//!
//! Keep it in your own tables under the account's ID, which is the `sub` claim ([`AccountId`]); a row can begin when an ID
//! is first seen, or when [`Hooks::after_create`](options::Hooks::after_create) tells of it. What services need in the token itself goes into [`CustomClaims`]: a JSON object that an administrator
//! sets, or that [`Hooks::claims`](options::Hooks::claims) computes for each token, and that can never override a
//! registered claim.
//!
//! # Your own ways to sign in, and your own rules
//!
//! After a check of your own, such as social login, a link in an e-mail or a passkey, [`Countersign::vouch_for`] starts a
//! session as a password would. [`Hooks`](options::Hooks) has a say before a session begins, and is told after. The
//! example `embed-shop` in the repository does all of this.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # mod own_route {
//! use axum::extract::{Path, State};
//! use axum::http::request::Parts;
//! use axum::response::{IntoResponse, Redirect, Response};
//! use axum::{Router, routing::post};
//! use countersign::http::{self, ApiError, App};
//! use countersign::store::sqlite::SqliteStore;
//! use countersign::{AccountId, AuthMethods, OutsideProof};
//!
//! # fn owner_of(link: &str) -> Option<AccountId> { link.parse().ok() }
//! async fn follow_link(
//!     State(app): State<App<SqliteStore>>,
//!     Path(link): Path<String>,
//!     parts: Parts,
//! ) -> Result<Response, ApiError> {
//!     let owner = owner_of(&link).ok_or(ApiError::NotFound)?; // your check
//!     let context = app.context(&parts);
//!     let proof = OutsideProof::new("mail_link", AuthMethods::NONE); // for the audit log, and the claim `amr`
//!     let vouched = app.countersign().vouch_for(owner, proof, &context).await?;
//!     let signed_in = app.start_session(vouched, &parts.headers, context).await?;
//!     let mut response = Redirect::to("/").into_response();
//!     app.set_cookies(&signed_in, response.headers_mut());
//!     Ok(response)
//! }
//!
//! # #[allow(dead_code, reason = "an example")]
//! fn routes(app: App<SqliteStore>) -> Router {
//!     let own = Router::new().route("/link/{token}", post(follow_link)).with_state(app.clone());
//!     http::own_routes(&app, own).merge(http::router(app)) // the same rules about pages of other origins
//! }
//! # }
//! ```
//!
//! # Under a path
//!
//! The routes can be nested: `Router::new().nest("/auth", http::router(app))`. The issuer then ends with that path
//! (`https://app.example.com/auth`), and [`http::root_metadata`](crate::http) goes into the outermost router. The browser
//! client is told so: `createClient({ baseUrl: '/auth' })`. The cookies keep the path `/`, which the prefix `__Host-` of
//! their names demands, so other programs on the same origin get them too: trust those. [`http::router`](crate::http)
//! and the pages have their own state, and merge into a `Router` with any other.
//!
//! # Customising
//!
//! Set fields of [`Options`] before opening. [`Countersign::open`] refuses values that would log honest people out or
//! weaken the system, and names the field and the rule ([`OutOfRange`]). Time and randomness are arguments too
//! ([`Clock`], [`Random`]), so that tests can set both.
//!
//! # Features
//!
//! - `axum` (default): [`http`], the routes and cookies.
//! - `mail`: mails by SMTP or into a directory ([`mail`]), in several languages and in your own templates
//!   (`countersign::render`).
//! - `metrics`: figures for Prometheus, as `countersign::metrics`.
//! - `pages`: the web pages, as [`http::pages`](crate::http).
//! - `postgres`: the store on PostgreSQL, for more than one node.
//! - `internal-testing`: what this workspace's own tests reach; it may change in any release.
#![cfg_attr(
    not(feature = "internal-testing"),
    expect(unreachable_pub, dead_code, reason = "the rest is public with the feature `internal-testing`")
)]

mod base;
mod flows;
mod hashing;
#[cfg(feature = "axum")]
pub mod http;
pub mod mail;
#[cfg(feature = "metrics")]
pub mod metrics;
mod model;
pub mod options;
mod password;
#[cfg(feature = "mail")]
pub mod render;
pub mod store;
mod system;
mod throttle;
pub mod wire;

/// The server as a provider for other applications, for embedders with routes of their own: what the verbs of [`Countersign`] take and give.
pub mod oauth {
    pub use crate::flows::oauth::authorize::{Authorization, Question};
    pub use crate::flows::oauth::browser::Browser;
    pub use crate::flows::oauth::client_credentials::ClientTokenError;
    pub use crate::flows::oauth::held::RevokeError;
    pub use crate::flows::oauth::logout::LogoutStep;
    pub use crate::flows::oauth::token::{AppTokenError, AppTokens, CodeShown, RefreshShown, Secret};
    pub use crate::model::oauth::{
        AppGrant, AuthorizeError, AuthorizeRefusal, ClientGrantRefusal, CodeRefusal, ConnectedApp,
        ErrorRedirect, LogoutRefusal, PageFault,
    };
}

pub use countersign_guard as guard;
pub use countersign_webauthn as webauthn;

pub use crate::base::clock::{Clock, Timestamp};
pub use crate::base::id::{
    AccountId, ApiKeyId, DeliveryId, EmailId, FactorId, InvalidId, RequestId, SessionId, TicketId,
    TrustedDeviceId,
};
pub use crate::base::master_key::{MasterKeyError, MasterKeys, SealError};
pub use crate::base::master_key_change::MasterKeyChangeError;
pub use crate::base::master_key_file::MasterKeyFileError;
pub use crate::base::out_of_range::OutOfRange;
pub use crate::base::random::Random;
pub use crate::base::requester::Requester;
pub use crate::base::webhook_secret::{InvalidWebhookSecret, WebhookSecret};
pub use crate::flows::account_deletion::{CheckedDeletion, DeleteOwnAccountError};
pub use crate::flows::account_export::{ExportCursor, ExportPage};
pub use crate::flows::accounts::{ChangeAccountError, CreateAccountError, Registration};
pub use crate::flows::api_keys::{AddApiKeyError, ApiKeySpec, ExchangeError, OwnerProof};
pub use crate::flows::attempt::CheckError;
pub use crate::flows::audience::AudienceError;
pub use crate::flows::audit_chain::{AuditMark, AuditReport, sign_audit};
pub use crate::flows::audit_readers::UnreadAudit;
pub use crate::flows::clients::AddClientError;
pub use crate::flows::clock_notice::ClockOffset;
pub use crate::flows::device_proof::DeviceProofError;
pub use crate::flows::device_session::DeviceSessionError;
pub use crate::flows::email::{EmailError, MailPurpose, MailRequest};
pub use crate::flows::email_notices::CheckedEmailChange;
pub use crate::flows::embedded::{OpenDirectoryError, master_keys};
pub use crate::flows::feed::AddFeedKeyError;
pub use crate::flows::follow_clock::ClockError;
pub use crate::flows::import;
pub use crate::flows::invite::{Invitation, InviteError};
pub use crate::flows::issue::{AccessToken, IssuedRefreshToken, SignedIn};
pub use crate::flows::key_transfer::{ExportKeyError, ImportKeyError};
pub use crate::flows::key_withdrawal::WithdrawKeyError;
pub use crate::flows::keys::{Activation, KeysError};
pub use crate::flows::language::LocaleNotOffered;
pub use crate::flows::login::{Authenticated, LoginError};
pub use crate::flows::logout::Scope as LogoutScope;
pub use crate::flows::mail_gate::{MailAdmission, MailGateError};
pub use crate::flows::open::OpenError;
pub use crate::flows::outbox::{QueuedDelivery, RetryError};
pub use crate::flows::owner::OwnerError;
pub use crate::flows::passkey::{PasskeyAnswer, PasskeyRequest};
pub use crate::flows::passkey_check::NewPasskey;
pub use crate::flows::passkey_error::PasskeyError;
pub use crate::flows::password_change::{CheckedPasswordChange, PasswordChangeError};
pub use crate::flows::refresh::RefreshError;
pub use crate::flows::register::RegisterError;
pub use crate::flows::reseal::Resealed;
pub use crate::flows::second_factor::{FactorProof, NewAuthenticator, OfferedAuthenticator};
pub use crate::flows::second_factor_change::{CheckedOwner, SecondFactorError};
pub use crate::flows::second_factor_due::SecondFactorDue;
pub use crate::flows::tickets::{ShownTicket, TicketError};
pub use crate::hashing::{HashingError, HashingOptionsError, HashingStats, PasswordHasher};
pub use crate::model::accent::{Accent, AccentError};
pub use crate::model::account::{
    Account, AccountChange, AccountFilter, AccountLanguage, AccountPage, AccountQuery, ClaimsError,
    Credentials, CustomClaims, EmailAddress, EmailDomain, InvalidEmailAddress, InvalidEmailDomain,
    InvalidLocale, InvalidRole, Locale, LocaleChange, NewAccount, Role, Username, UsernameError,
};
pub use crate::model::api_key::{
    ApiKey, ApiKeyName, ApiKeySecret, InvalidApiKeyName, InvalidScopes, KeyGrant, Scopes,
};
pub use crate::model::audit::{AuditEvent, AuditKind, AuditPage, AuditQuery, AuditRecord, RecordedKind};
pub use crate::model::audit_chain::{AuditLink, AuditRow};
pub use crate::model::audit_cursor::{AuditCursor, InvalidAuditCursor};
pub use crate::model::audit_reader::{AuditReader, OffReason, ReaderFailing, ReaderNews, ReaderOff};
pub use crate::model::audit_verify::{AuditFault, ChainedRow};
pub use crate::model::client::{Client, ClientName, ClientSecret, InvalidClientName};
pub use crate::model::context::{Actor, Context};
pub use crate::model::device_cookie::DeviceCookie;
pub use crate::model::device_proof::DeviceProof;
pub use crate::model::email::{AccountEmail, EmailAction};
pub use crate::model::feed_key::{FeedKey, FeedKeyName, FeedSecret, InvalidFeedKeyName};
pub use crate::model::finding::{Finding, Findings, Severity};
pub use crate::model::key_ring::{KeyInfo, KeyRingError, KeyState};
pub use crate::model::master_key_use::{MasterKeyStatus, StillNeeded};
pub use crate::model::outbox::{DeliveryKind, DeliveryState, MailTemplate};
pub use crate::model::proof::{AuthMethod, AuthMethods, OutsideProof};
pub use crate::model::reach_proof::ReachProof;
pub use crate::model::sealed_key::SealedKey;
pub use crate::model::second_factor::{
    AccountFactors, FactorKind, FactorMethod, Passkey, RecoveryCode, SecondFactor, TotpSecret, TrustedDevice,
};
pub use crate::model::session::{BoundKey, EndReason, EndedSession, Session, SessionSelector, ends_all_at};
pub use crate::model::session_cookie::SessionCookie;
pub use crate::model::ticket::{FlowCookie, Ticket, TicketPurpose};
pub use crate::model::work::WorkDemanded;
pub use crate::options::Options;
pub use crate::password::{InvalidPassword, PasswordHash, PolicyViolation, UnreadableHash, WrongPepper};
pub use crate::system::Countersign;
pub use crate::throttle::Throttled;

/// Measures password hashing on this machine and proposes a cost (PW-7).
pub mod calibrate {
    pub use crate::hashing::{Proposal, Target, available_bytes, calibrate, measure};
}

/// What this workspace's own tests and benches reach. No part of the public surface: it may change in any release.
#[cfg(feature = "internal-testing")]
#[doc(hidden)]
pub mod internal {
    pub mod base {
        pub use crate::base::*;
    }
    pub mod flows {
        pub use crate::flows::*;
    }
    pub mod hashing {
        pub use crate::hashing::*;
    }
    pub mod model {
        pub use crate::model::*;
    }
    pub mod password {
        pub use crate::password::*;
    }
    pub mod throttle {
        pub use crate::throttle::*;
    }
}

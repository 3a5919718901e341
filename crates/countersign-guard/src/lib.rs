//! Protect the routes of any tower or axum service with JWT access tokens, without a database query, and
//! still refuse the tokens of a session as soon as it ends.
//!
//! A [`Guard`] holds the issuer's public keys, the claims policy, a cache of verified tokens, and the
//! sessions that have ended. [`Guard::layer`] puts it in front of routes; a handler takes [`AccessClaims`] as
//! an argument.
//!
//! ```
//! use axum::{Router, routing::get};
//! use countersign_guard::{AccessClaims, Guard};
//! use countersign_jwt::{ClaimsPolicy, JwkSet, TokenType};
//! use std::time::Duration;
//!
//! async fn reports(claims: AccessClaims) -> String {
//!     format!("reports for {}", claims.subject())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let jwks_json = r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
//! let keys = JwkSet::parse(jwks_json)?; // from the issuer's /.well-known/jwks.json
//! let leeway = Duration::from_secs(30);
//! let policy = ClaimsPolicy::new("https://auth.example.com", "api", TokenType::AccessToken, leeway);
//! let guard = Guard::new(keys, policy);
//!
//! let app: Router = Router::new()
//!     .route("/reports", get(reports))
//!     .route_layer(guard.layer())
//!     .route("/audit", get(|| async { "for auditors" }).route_layer(guard.layer().require_role("auditor")));
//! # let _ = app;
//! # Ok(()) }
//! ```
//!
//! A request without a token gets 401 with `WWW-Authenticate: Bearer`; a token that fails a check, 401 with
//! `error="invalid_token"`; a token without a required scope or role, 403 with `error="insufficient_scope"`
//! (RFC 6750 §3.1). No input makes the guard panic, and only verified, unexpired, unrevoked tokens that
//! satisfy the policy pass (VF-12).
//!
//! Tokens of issuers that do not follow RFC 9068 need another
//! [`ClaimsPolicy`](countersign_jwt::ClaimsPolicy).
//!
//! # Tokens that are bound to a key, and recent sign-ins
//!
//! A token with `cnf.jkt` is good only with a proof of that key for the very request (DPoP, RFC 9449), each proof once, and
//! only at a guard that knows the public URL of its service: [`Guard::dpop`]. **Any other guard refuses it**, so that
//! nobody takes it for a bearer token. [`DpopOptions`] has the choices.
//!
//! [`GuardLayer::require_recent`] and [`GuardLayer::require_acr`] demand a kind of sign-in; others get 401
//! `insufficient_user_authentication` and can sign in anew (RFC 9470).
//!
//! # Keys over the network: the feature `remote`
//!
//! `Guard::discover("https://auth.example.com", "api").await` reads the issuer's metadata, fetches its keys and
//! keeps them fresh on a thread of its own. `Guard::builder` takes several issuers, each with its own policy,
//! algorithms and keys, and decides what happens without keys at the start: fail, wait, or respond with 503.
//!
//! - **No request waits for the network.** The thread renews the keys when the issuer's `max-age` is over,
//!   within one to fifteen minutes. A token with an unknown key ID is refused and makes the next fetch come
//!   earlier: at most once a minute for one key ID, and five times a minute in all.
//! - **If the issuer does not respond, its last keys stay in use for a day.** After that, requests get 503 with
//!   `Retry-After`, not 401: with 401, clients would discard tokens that may be valid.
//! - **A bad response changes nothing**: a redirect, an error status, another type than JSON, more than 64 KiB,
//!   more than ten seconds, a set without a usable key. An empty set would lock everybody out; to withdraw a
//!   key, publish another in its place.
//! - **The metadata must be the issuer's**: the identifiers are compared exactly (RFC 8414 §3.3). If the keys
//!   are on another host than the metadata, that host must have public addresses.
//!
//! # Sessions that end elsewhere: the issuer's feed
//!
//! An access token is good until it expires, so a logout at the issuer means nothing to a service that only verifies.
//! Countersign has a feed of the sessions that end, and with the feature `remote` a guard follows it: within about a tenth of
//! a second it refuses their tokens, still without a look-up.
//!
//! ```no_run
//! # #[cfg(feature = "remote")]
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_guard::jwt::{ClaimsPolicy, TokenType};
//! use countersign_guard::{Follow, Guard, Issuer, WhenLate};
//! use std::time::Duration;
//!
//! let leeway = Duration::from_secs(30);
//! let policy = ClaimsPolicy::new("https://auth.example.com", "api", TokenType::AccessToken, leeway);
//! let feed_key = std::fs::read_to_string("feed.key")?; // `countersign feed-key add` has printed it
//! let guard = Guard::builder(Issuer::discover(policy).follow(Follow::with_key(feed_key.trim())))
//!     .when_late(WhenLate::ShortLeash(Duration::from_secs(120)))
//!     .on_feed_change(|feed| eprintln!("the feed of {} is fresh: {}", feed.issuer, feed.is_fresh))
//!     .start()
//!     .await?;
//! # let _ = guard;
//! # Ok(()) }
//! ```
//!
//! - **The guard knows how late it is.** The issuer says every two seconds up to when the guard knows everything. After five
//!   seconds without that the feed is late, whether a connection broke, or hangs, or the issuer cannot read its database;
//!   then `WhenLate` decides: accept (the default), 503, only young tokens, or ask the issuer about each session (RFC 7662).
//!   The time of day on neither machine matters. `Guard::feed_status` has the lag for metrics.
//! - **Nothing is forgotten**: not while the connection is down, and not if the issuer has lost an entry. Each entry takes at
//!   most 40 bytes until the last token of its session has expired.
//! - **An issuer ends its own sessions only**, where a guard trusts several.
//! - **New keys come by the same way**: when the issuer rotates, guards fetch its keys within two seconds.
//! - [`Guard::watch`] ends a WebSocket or a stream whose token expires or whose session ends.
//!
//! `Guard::key_status` serves metrics and readiness checks. Without the feature the crate has no network code.

#[cfg(all(doctest, feature = "remote"))]
#[doc = include_str!("../README.md")]
mod readme {}

mod alarm;
mod asking;
mod cache;
mod checks;
mod claims;
mod clock;
mod credentials;
mod dpop;
#[cfg(feature = "feed")]
pub mod feed;
mod guard;
mod keys;
mod realm;
mod refusal;
#[cfg(feature = "remote")]
mod remote;
mod revocation;
mod session_key;
mod tower;
mod watch;

pub use checks::GuardStats;
pub use claims::AccessClaims;
pub use countersign_jwt as jwt;
pub use credentials::bearer_token;
pub use dpop::{DpopOptions, DpopOptionsError};
#[cfg(feature = "remote")]
pub use feed::follow::{AskError, FeedStatus, Follow, FollowError, WhenLate};
pub use guard::Guard;
pub use refusal::{Refusal, StepUp};
#[cfg(feature = "remote")]
pub use remote::{AtStart, GuardBuilder, Issuer, KeyStatus, KeysError, Refresher, StartError, Starting};
pub use revocation::Revocations;
pub use tower::{GuardFuture, GuardLayer, GuardService};
pub use watch::{Ended, Watch};

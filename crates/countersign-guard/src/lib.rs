//! Protect any tower or axum service's routes with JWT access tokens, at memory speed, and still honour "log out now".
//!
//! A [`Guard`] holds the issuer's public keys, the claims policy, a cache of tokens it has verified, and the sessions
//! that have ended. [`Guard::layer`] puts it in front of routes; a handler takes [`AccessClaims`] as an argument.
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
//! let keys = JwkSet::parse(jwks_json)?; // what /.well-known/jwks.json of the issuer says
//! let policy = ClaimsPolicy::new("https://auth.example.com", "api", TokenType::AccessToken, Duration::from_secs(30));
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
//! What is refused: no token (401, `WWW-Authenticate: Bearer`), a token that fails any check (401,
//! `error="invalid_token"`, RFC 6750 §3.1), a caller without the role (403, `error="insufficient_scope"`). No input
//! makes it panic, and nothing but a verified, unexpired, unrevoked token for this issuer and audience passes (VF-12).

mod cache;
mod claims;
mod guard;
mod refusal;
mod revocation;
mod tower;

pub use claims::AccessClaims;
pub use countersign_jwt as jwt;
pub use guard::Guard;
pub use refusal::Refusal;
pub use revocation::Revocations;
pub use tower::{GuardFuture, GuardLayer, GuardService};

//! A service that only verifies: it has the issuer's JWK Set in a file, and neither passwords nor a database.
//!
//! `curl https://auth.example.com/.well-known/jwks.json > jwks.json`, then
//! `protect jwks.json https://auth.example.com AUDIENCE 127.0.0.1:4001`.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use countersign_guard::jwt::{ClaimsPolicy, JwkSet, TokenType};
use countersign_guard::{AccessClaims, Guard};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: protect JWKS_FILE ISSUER AUDIENCE ADDRESS");
    let (jwks, issuer, audience, address) = (arg()?, arg()?, arg()?, arg()?);

    let keys = JwkSet::parse(&std::fs::read_to_string(jwks)?)?;
    let policy = ClaimsPolicy::new(issuer, audience, TokenType::AccessToken, Duration::from_secs(30));
    let guard = Guard::new(keys, policy);

    let hello = |claims: AccessClaims| async move { format!("hello, {}\n", claims.subject()) };
    let audit = |_: AccessClaims| async { "the books\n" };
    let send = |body: String| async move { format!("sent: {body}\n") };
    let vault = |_: AccessClaims| async { "the vault\n" };
    // Before it sends money, it wants to know that its owner is there; for the vault, by a second factor (RFC 9470).
    let recent = guard.layer().require_recent(Duration::from_secs(300));
    let app = Router::new()
        .route("/hello", get(hello).route_layer(guard.layer()))
        .route("/books", get(audit).route_layer(guard.layer().require_role("auditor")))
        .route("/transfers", post(send).route_layer(recent))
        .route("/vault", get(vault).route_layer(guard.layer().require_acr(["aal2"])));
    Ok(axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?)
}

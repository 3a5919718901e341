//! A service that only verifies: it fetches the issuer's keys and keeps them fresh.
//!
//! `discover https://auth.example.com AUDIENCE 127.0.0.1:4001`.

use std::error::Error;

use axum::{Router, routing::get};
use countersign_guard::{AccessClaims, Guard};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: discover ISSUER AUDIENCE ADDRESS");
    let (issuer, audience, address) = (arg()?, arg()?, arg()?);

    let guard = Guard::discover(issuer, audience).await?;

    let hello = |claims: AccessClaims| async move { format!("hello, {}\n", claims.subject()) };
    let audit = |_: AccessClaims| async { "the books\n" };
    let app = Router::new()
        .route("/hello", get(hello).route_layer(guard.layer()))
        .route("/books", get(audit).route_layer(guard.layer().require_role("auditor")));
    Ok(axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?)
}

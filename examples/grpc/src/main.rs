//! A gRPC service behind the guard. A refusal is HTTP status 200 with `grpc-status: 16`, as gRPC demands: a client would
//! take a 401 for a broken proxy.
//!
//! `grpc https://auth.example.com AUDIENCE 127.0.0.1:4001 < feed.key`

use std::error::Error;
use std::time::Duration;

use countersign_guard::jwt::{ClaimsPolicy, TokenType};
use countersign_guard::{Follow, Guard, Issuer};
use tonic::transport::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: grpc ISSUER AUDIENCE ADDRESS < FEED_KEY_FILE");
    let (issuer, audience, address) = (arg()?, arg()?, arg()?);
    let feed_key = std::io::read_to_string(std::io::stdin())?;

    let policy = ClaimsPolicy::new(issuer, audience, TokenType::AccessToken, Duration::from_secs(30));
    let issuer = Issuer::discover(policy).follow(Follow::with_key(feed_key.trim()));
    let guard = Guard::builder(issuer).start().await?;

    Ok(Server::builder().add_routes(grpc::routes(&guard)).serve(address.parse()?).await?)
}

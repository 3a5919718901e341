//! A service on plain hyper, without tower or axum: the guard checks the headers of a request.
//!
//! `hyper https://auth.example.com AUDIENCE 127.0.0.1:4001`

use std::convert::Infallible;
use std::error::Error;

use countersign_guard::{AccessClaims, Guard, Refusal};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, server::conn::http1};
use hyper_util::rt::TokioIo;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: hyper ISSUER AUDIENCE ADDRESS");
    let (issuer, audience, address) = (arg()?, arg()?, arg()?);

    let guard = Guard::discover(issuer, audience).await?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let guard = guard.clone();
        let service = service_fn(move |request| {
            let response = respond(&guard, &request).unwrap_or_else(Refusal::into_response);
            async { Ok::<_, Infallible>(response.map(|text: String| Full::new(Bytes::from(text)))) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn respond(guard: &Guard, request: &Request<Incoming>) -> Result<Response<String>, Refusal> {
    let claims: AccessClaims = guard.authenticate(request.headers())?;
    if request.uri().path() == "/books" {
        if !claims.has_role("auditor") {
            return Err(Refusal::RoleRequired);
        }
        return Ok(Response::new("the books\n".to_owned()));
    }
    Ok(Response::new(format!("hello, {}\n", claims.subject())))
}

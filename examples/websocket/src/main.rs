//! A WebSocket that ends when its token expires or its session ends: log out, and the line goes dead.
//!
//! A token is checked when the connection is opened, and no request follows that could be refused. So the handler waits for
//! the client and for the guard's [`watch`](Guard::watch) at once.
//!
//! `websocket https://auth.example.com AUDIENCE FEED_KEY_FILE 127.0.0.1:4002`; the file holds what
//! `countersign feed-key add NAME` has printed.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::routing::any;
use countersign_guard::jwt::{ClaimsPolicy, TokenType};
use countersign_guard::{AccessClaims, Ended, Follow, Guard, Issuer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next().ok_or("usage: websocket ISSUER AUDIENCE FEED_KEY_FILE ADDRESS");
    let (issuer, audience, feed_key, address) = (arg()?, arg()?, arg()?, arg()?);

    let policy = ClaimsPolicy::new(issuer, audience, TokenType::AccessToken, Duration::from_secs(30));
    let feed = Follow::with_key(std::fs::read_to_string(feed_key)?.trim());
    let guard = Guard::builder(Issuer::discover(policy).follow(feed)).start().await?;
    Ok(axum::serve(tokio::net::TcpListener::bind(address).await?, router(guard)).await?)
}

fn router(guard: Guard) -> Router {
    Router::new().route("/echo", any(open)).route_layer(guard.layer()).with_state(guard)
}

async fn open(State(guard): State<Guard>, claims: AccessClaims, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| talk(socket, guard, claims).await)
}

async fn talk(mut socket: WebSocket, guard: Guard, claims: AccessClaims) {
    let mut ended = std::pin::pin!(guard.watch(&claims));
    let end = loop {
        tokio::select! {
            end = &mut ended => break end,
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    if socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    };
    let reason = if end == Ended::Expired { "token expired" } else { "session ended" };
    let close = CloseFrame { code: close_code::POLICY, reason: Utf8Bytes::from_static(reason) };
    // If the client has gone, there is nobody to tell.
    let _gone = socket.send(Message::Close(Some(close))).await;
}

#[cfg(test)]
mod tests {
    use countersign_guard::jwt::{Algorithm, JwkSet, SigningKey, sign};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const NOW: i64 = 1_700_000_000;

    #[tokio::test]
    async fn the_line_ends_with_the_session() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let policy = ClaimsPolicy::new("https://a.example", "api", TokenType::AccessToken, Duration::ZERO);
        let guard = Guard::with_clock(JwkSet::new(vec![key.verifying_key()]).unwrap(), policy, || NOW);
        let claims = serde_json::json!({
            "iss": "https://a.example", "aud": "api", "sub": "ada", "sid": "s", "jti": "j",
            "iat": NOW, "exp": NOW + 60,
        });
        let token = sign(&claims, &key, "at+jwt").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(guard.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });

        let mut line = TcpStream::connect(address).await.unwrap();
        let upgrade = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let head = format!("{upgrade}Authorization: Bearer {token}\r\n\r\n");
        line.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(line.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "));
        // RFC 6455 §5.2: a text of two bytes, masked with zeros, comes back without a mask.
        line.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
        let mut echo = [0; 4];
        line.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, b"\x81\x02hi");

        guard.revocations().revoke("s", NOW + 60);
        let mut rest = Vec::new();
        line.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"\x88\x0f\x03\xf0session ended", "a close frame: 1008, policy violation");
    }

    #[tokio::test]
    async fn nobody_gets_in_without_a_token() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let policy = ClaimsPolicy::new("https://a.example", "api", TokenType::AccessToken, Duration::ZERO);
        let guard = Guard::new(JwkSet::new(vec![key.verifying_key()]).unwrap(), policy);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut line = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, router(guard)).await });
        line.write_all(b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut response = String::new();
        line.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
    }
}

//! Calls the service with and without a token, and after the session has ended.

use std::time::Duration;

use countersign_guard::Guard;
use countersign_guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign};
use grpc::HelloRequest;
use grpc::greeter_client::GreeterClient;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Request};

const NOW: i64 = 1_700_000_000;

#[tokio::test]
async fn only_good_tokens_pass_until_their_session_ends() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let policy = ClaimsPolicy::new("https://a.example", "api", TokenType::AccessToken, Duration::ZERO);
    let guard = Guard::with_clock(JwkSet::new(vec![key.verifying_key()]).unwrap(), policy, || NOW);
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().add_routes(grpc::routes(&guard));
    tokio::spawn(server.serve_with_incoming(incoming));

    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let client = GreeterClient::new(endpoint.connect().await.unwrap());
    let call = async |token: Option<&str>| {
        let mut request = Request::new(HelloRequest {});
        if let Some(token) = token {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let response = client.clone().hello(request).await;
        response
            .map(|reply| reply.into_inner().message)
            .map_err(|status| (status.code(), status.message().to_owned()))
    };
    let claims = serde_json::json!({
        "iss": "https://a.example", "aud": "api", "sub": "ada", "sid": "s", "jti": "j",
        "iat": NOW, "exp": NOW + 60,
    });
    let token = sign(&claims, &key, "at+jwt").unwrap();
    assert_eq!(call(Some(&token)).await.unwrap(), "hello, ada");
    let refused = |text: &str| (Code::Unauthenticated, text.to_owned());
    assert_eq!(call(None).await.unwrap_err(), refused("Token required"));
    assert_eq!(call(Some("garbage")).await.unwrap_err(), refused("Invalid token"));
    guard.revocations().revoke("s", NOW + 60);
    assert_eq!(call(Some(&token)).await.unwrap_err(), refused("Session ended"));
}

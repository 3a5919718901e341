//! A guarded axum service, driven in-process with real tokens.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use countersign_guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign};
use countersign_guard::{AccessClaims, Guard};
use serde_json::{Value, json};
use tower::ServiceExt;

const NOW: i64 = 1_700_000_000;

struct Service {
    key: SigningKey,
    guard: Guard,
    now: Arc<AtomicI64>,
    router: Router,
}

impl Service {
    fn new() -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let now = Arc::new(AtomicI64::new(NOW));
        let hand = Arc::clone(&now);
        let keys = JwkSet::new(vec![key.verifying_key()]).unwrap();
        let guard = Guard::with_clock(keys, policy("api"), move || hand.load(Ordering::SeqCst));
        let whoami = |claims: AccessClaims| async move { claims.subject().to_owned() };
        let router = Router::new()
            .route("/mine", get(whoami).layer(guard.layer()))
            .route("/admin", get(whoami).layer(guard.layer().require_role("admin")))
            .route("/books", get(whoami).layer(guard.layer().require_scope("read").require_scope("books")))
            .route("/audit", get(whoami).layer(guard.layer().require_role("admin").require_role("auditor")))
            .route("/forgotten", get(whoami));
        Self { key, guard, now, router }
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": "https://auth.example", "aud": "api", "sub": "ada", "sid": "s1", "jti": "j1", "role": "user",
            "iat": NOW, "exp": NOW + 60,
        });
        change(&mut claims);
        sign(&claims, &self.key, "at+jwt").unwrap()
    }

    async fn get(&self, path: &str, authorization: &[&str]) -> (StatusCode, String, String) {
        let mut request = Request::get(path);
        for value in authorization {
            request = request.header(header::AUTHORIZATION, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let challenge =
            response.headers().get(header::WWW_AUTHENTICATE).map(|v| v.to_str().unwrap().to_owned());
        let status = response.status();
        // A refusal that some cache keeps would be given to the next caller.
        let kept = response.headers().get(header::CACHE_CONTROL).is_none_or(|value| value != "no-store");
        assert!(status.is_success() || !kept, "{path}: {status}");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, challenge.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get_with(&self, path: &str, token: &str) -> (StatusCode, String, String) {
        self.get(path, &[&format!("Bearer {token}")]).await
    }
}

fn policy(audience: &str) -> ClaimsPolicy {
    ClaimsPolicy::new("https://auth.example", audience, TokenType::AccessToken, Duration::ZERO)
}

fn code(body: &str) -> String {
    serde_json::from_str::<Value>(body).unwrap()["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_good_token_reaches_the_handler_with_its_claims() {
    let service = Service::new();
    let token = service.token(|_| {});
    for header in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER   {token}")] {
        let (status, _, body) = service.get("/mine", &[&header]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "ada"));
    }
}

/// HD-2: five cases, each with its challenge; HD-3: no other place is looked at.
#[tokio::test]
async fn each_refusal_has_its_status_challenge_and_code() {
    let service = Service::new();
    let expired = service.token(|claims| claims["exp"] = (NOW).into());
    let user = service.token(|_| {});
    let huge = format!("{user}{}", "A".repeat(8 * 1024));
    for (path, token, status, challenge, expected) in [
        ("/mine", None, 401, r#"Bearer realm="api""#, "token_required"),
        ("/mine?access_token=x", None, 401, r#"Bearer realm="api""#, "token_required"),
        ("/mine", Some("garbage"), 401, r#"Bearer realm="api", error="invalid_token""#, "invalid_token"),
        (
            "/mine",
            Some(expired.as_str()),
            401,
            r#"Bearer realm="api", error="invalid_token", error_description="The access token expired""#,
            "token_expired",
        ),
        (
            "/mine",
            Some(huge.as_str()),
            413,
            r#"Bearer realm="api", error="invalid_token""#,
            "token_too_large",
        ),
        (
            "/admin",
            Some(user.as_str()),
            403,
            r#"Bearer realm="api", error="insufficient_scope""#,
            "forbidden",
        ),
    ] {
        let header = token.map(|token| format!("Bearer {token}"));
        let (got, got_challenge, body) = service.get(path, header.as_deref().as_slice()).await;
        assert_eq!(
            (got.as_u16(), got_challenge.as_str(), code(&body).as_str()),
            (status, challenge, expected)
        );
    }
    let admin = service.token(|claims| claims["role"] = "admin".into());
    assert_eq!(service.get_with("/admin", &admin).await.0, StatusCode::OK);
}

/// Every scope and every role that a route names is demanded, and no longer name counts as a shorter one.
#[tokio::test]
async fn a_route_demands_each_of_its_scopes_and_roles() {
    let service = Service::new();
    let insufficient = r#"Bearer realm="api", error="insufficient_scope""#;
    for (path, claim, value, status) in [
        ("/books", "scope", json!("books x read"), 200),
        ("/books", "scp", json!(["read", "books"]), 200),
        ("/books", "scope", json!("read"), 403),
        ("/books", "scope", json!("reader books"), 403),
        ("/books", "sub", json!("ada"), 403),
        ("/audit", "role", json!(["auditor", "admin"]), 200),
        ("/audit", "role", json!("admin"), 403),
        ("/audit", "role", json!("auditor"), 403),
        // Our issuer writes `role`; a custom claim `roles` beside it gives nothing.
        ("/audit", "roles", json!(["auditor", "admin"]), 403),
    ] {
        let token = service.token(|claims| claims[claim] = value.clone());
        let (got, challenge, body) = service.get_with(path, &token).await;
        assert_eq!(got.as_u16(), status, "{path} {claim} {value}");
        if status == 403 {
            let expected = if path == "/books" { "insufficient_scope" } else { "forbidden" };
            assert_eq!((challenge.as_str(), code(&body).as_str()), (insufficient, expected));
        }
    }
}

/// RFC 6750 §3.1: a token that lacks what the policy demands is valid but insufficient (403); one that breaks
/// another rule is invalid (401). Asked twice: what is refused is not cached.
#[tokio::test]
async fn the_policy_of_a_guard_demands_scopes_and_roles_too() {
    let service = Service::new();
    let keys = JwkSet::new(vec![service.key.verifying_key()]).unwrap();
    let policy = policy("api").require_scope("read").require_role("admin").require_claim("tenant", ["blue"]);
    let guard = Guard::with_clock(keys, policy, || NOW);
    let token = |scope: &str, role: &str, tenant: &str| {
        service.token(|claims| {
            claims["scope"] = scope.into();
            claims["role"] = role.into();
            claims["tenant"] = tenant.into();
        })
    };
    assert!(guard.verify(&token("read", "admin", "blue")).is_ok());
    for (token, code, status) in [
        (token("write", "admin", "blue"), "insufficient_scope", 403),
        (token("read", "user", "blue"), "forbidden", 403),
        (token("read", "admin", "red"), "invalid_token", 401),
        (token("write", "user", "red"), "invalid_token", 401),
    ] {
        for _ in 0..2 {
            let refusal = guard.verify(&token).unwrap_err();
            assert_eq!((refusal.code(), refusal.status().as_u16()), (code, status));
        }
    }
}

/// VF-12: malformed headers are refused, never an error of ours and never let through.
#[tokio::test]
async fn malformed_authorization_headers_are_refused() {
    let service = Service::new();
    let token = service.token(|_| {});
    let (good, other_scheme) = (format!("Bearer {token}"), format!("Basic {token}"));
    let bad =
        ["Bearer", "Bearer ", "", &other_scheme, &token, "Bearer a b", "Bearer\ta", "Bearer ü", "Bearer a,b"];
    for header in bad.map(|header| vec![header]).into_iter().chain([vec![good.as_str(), good.as_str()]]) {
        let (status, _, body) = service.get("/mine", &header).await;
        assert_eq!((status, code(&body).as_str()), (StatusCode::UNAUTHORIZED, "invalid_token"), "{header:?}");
    }
}

/// HD-9: a handler that asks for claims on a route without the layer refuses everybody.
#[tokio::test]
async fn a_forgotten_layer_fails_closed() {
    let service = Service::new();
    let (status, ..) = service.get_with("/forgotten", &service.token(|_| {})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

/// RFC 7519 §4.1.4, also while cached: valid at `exp` − 1, refused at `exp` (VF-8).
#[tokio::test]
async fn a_cached_token_still_expires_to_the_second() {
    let service = Service::new();
    let token = service.token(|_| {});
    for (at, status) in [(NOW, 200), (NOW + 59, 200), (NOW + 60, 401), (NOW + 61, 401)] {
        service.now.store(at, Ordering::SeqCst);
        assert_eq!(service.get_with("/mine", &token).await.0.as_u16(), status, "{at}");
    }
}

/// SE-4, VF-7: a revoked session's tokens fail at once, cached or not; another session's pass.
#[tokio::test]
async fn a_revoked_session_is_refused_at_once_also_while_cached() {
    let service = Service::new();
    let cached = service.token(|_| {});
    let other_session = service.token(|claims| claims["sid"] = "s2".into());
    assert_eq!(service.get_with("/mine", &cached).await.0, StatusCode::OK);
    service.guard.revocations().revoke("s1", NOW + 60);
    let fresh = service.token(|claims| claims["jti"] = "j2".into());
    for token in [&cached, &fresh] {
        let (status, _, body) = service.get_with("/mine", token).await;
        assert_eq!((status, code(&body).as_str()), (StatusCode::UNAUTHORIZED, "token_revoked"));
    }
    assert_eq!(service.get_with("/mine", &other_session).await.0, StatusCode::OK);
}

/// DB-4: tokens issued before an instant fail at once, cached or not, with a session or without; others pass.
#[tokio::test]
async fn what_was_issued_before_all_sessions_ended_is_refused() {
    let service = Service::new();
    let cached = service.token(|_| {});
    assert_eq!(service.get_with("/mine", &cached).await.0, StatusCode::OK);
    service.guard.revocations().revoke_issued_before(NOW);
    assert_eq!(service.get_with("/mine", &cached).await.0, StatusCode::OK, "not before: then");
    let old = service.token(|claims| claims["iat"] = (NOW - 1).into());
    let nobodys = service.token(|claims| {
        claims["iat"] = (NOW - 1).into();
        claims.as_object_mut().unwrap().remove("sid");
    });
    for token in [&old, &nobodys] {
        let (status, _, body) = service.get_with("/mine", token).await;
        assert_eq!((status, code(&body).as_str()), (StatusCode::UNAUTHORIZED, "token_revoked"));
    }
    service.guard.revocations().revoke_issued_before(NOW + 1);
    assert_eq!(service.get_with("/mine", &cached).await.0, StatusCode::UNAUTHORIZED);
}

/// KM-3: tokens of a withdrawn key fail at once, cached or not.
#[tokio::test]
async fn replaced_keys_take_their_cached_tokens_with_them() {
    let service = Service::new();
    let token = service.token(|_| {});
    assert_eq!(service.get_with("/mine", &token).await.0, StatusCode::OK);
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    service.guard.replace_keys(&JwkSet::new(vec![other.verifying_key()]).unwrap());
    assert_eq!(service.get_with("/mine", &token).await.0, StatusCode::UNAUTHORIZED);
}

/// VF-8, TK-4: the same token at another audience is refused, also after the first has cached it.
#[tokio::test]
async fn a_token_cached_for_one_audience_is_none_for_another() {
    let service = Service::new();
    let token = service.token(|_| {});
    assert!(service.guard.verify(&token).is_ok());
    let keys = JwkSet::new(vec![service.key.verifying_key()]).unwrap();
    let other = Guard::with_clock(keys, policy("billing"), || NOW);
    assert!(other.verify(&token).is_err());
}

/// gRPC over HTTP/2: the true status is in the headers, and there is no body.
#[tokio::test]
async fn a_grpc_call_is_refused_in_its_own_terms() {
    let service = Service::new();
    let call = async |path: &str, token: Option<String>, content_type: &str| {
        let mut request = Request::get(path).header(header::CONTENT_TYPE, content_type);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = service.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.headers().get("grpc-status").map(|status| status.to_str().unwrap().to_owned());
        let http_status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        (http_status, status, body.is_empty())
    };
    let status = |code: &str| (200, Some(code.to_owned()), true);
    for grpc in ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"] {
        assert_eq!(call("/mine", None, grpc).await, status("16"));
    }
    let grpc = "application/grpc";
    assert_eq!(call("/mine", Some("garbage".to_owned()), grpc).await, status("16"));
    assert_eq!(call("/admin", Some(service.token(|_| {})), grpc).await, status("7"));
    assert_eq!(call("/mine", Some(service.token(|_| {})), grpc).await, (200, None, false));
    for other in ["application/grpc-web", "application/json", "text/plain"] {
        assert_eq!(call("/mine", None, other).await, (401, None, false), "{other}");
    }
}

/// `watch`, as a connection uses it that outlives its request.
mod watch {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::{Context, Poll, Wake, Waker};

    use countersign_guard::Ended;

    use super::*;

    struct Bell(Sender<()>);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            let _gone = self.0.send(());
        }
    }

    fn bell() -> (Waker, Receiver<()>) {
        let (bell, rings) = channel();
        (Waker::from(Arc::new(Bell(bell))), rings)
    }

    /// Waits on this thread until it is woken, as any runtime does.
    fn block_on<T>(future: impl Future<Output = T>, mut before_each_wait: impl FnMut()) -> T {
        let (waker, rings) = bell();
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return result;
            }
            before_each_wait();
            rings.recv().unwrap();
        }
    }

    #[test]
    fn it_ends_with_the_session_whoever_ends_it() {
        let service = Service::new();
        let claims = service.guard.verify(&service.token(|_| {})).unwrap();
        let revoke = |id: &'static str| {
            let revocations = service.guard.revocations().clone();
            move || {
                let revocations = revocations.clone();
                std::thread::spawn(move || revocations.revoke(id, NOW + 60)).join().unwrap();
            }
        };
        assert_eq!(block_on(service.guard.watch(&claims), revoke("s1")), Ended::Revoked);
        assert_eq!(block_on(service.guard.watch(&claims), || {}), Ended::Revoked, "already over");
    }

    #[test]
    fn it_ends_with_all_sessions_that_there_were() {
        let service = Service::new();
        let claims = service.guard.verify(&service.token(|_| {})).unwrap();
        let revocations = service.guard.revocations().clone();
        let revoke = move || revocations.revoke_issued_before(NOW + 1);
        assert_eq!(block_on(service.guard.watch(&claims), revoke), Ended::Revoked);
    }

    #[test]
    fn the_end_of_another_session_wakes_nobody() {
        let service = Service::new();
        let claims = service.guard.verify(&service.token(|_| {})).unwrap();
        let mut watch = pin!(service.guard.watch(&claims));
        let (waker, rings) = bell();
        assert!(watch.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        service.guard.revocations().revoke("s2", NOW + 60);
        assert!(rings.try_recv().is_err());
        service.guard.revocations().revoke("s1", NOW + 60);
        assert!(rings.try_recv().is_ok());
    }

    /// The token is accepted for some time longer than it says, and so is its connection.
    #[test]
    fn it_ends_when_the_guard_would_no_longer_accept_the_token() {
        let service = Service::new();
        let now = Arc::clone(&service.now);
        let policy =
            ClaimsPolicy::new("https://auth.example", "api", TokenType::AccessToken, Duration::from_secs(5));
        let keys = JwkSet::new(vec![service.key.verifying_key()]).unwrap();
        let guard = Guard::with_clock(keys, policy, move || now.load(Ordering::SeqCst));
        let token = service.token(|_| {});
        let claims = guard.verify(&token).unwrap();
        for (now, is_over) in [(NOW + 64, false), (NOW + 65, true)] {
            service.now.store(now, Ordering::SeqCst);
            let poll = pin!(guard.watch(&claims)).poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(poll, if is_over { Poll::Ready(Ended::Expired) } else { Poll::Pending });
            assert_eq!(guard.verify(&token).is_err(), is_over);
        }
    }

    #[test]
    fn it_is_woken_when_the_token_expires() {
        let service = Service::new();
        let claims = service.guard.verify(&service.token(|_| {})).unwrap();
        service.now.store(NOW + 59, Ordering::SeqCst); // one second is left
        let now = Arc::clone(&service.now);
        let ended = block_on(service.guard.watch(&claims), || now.store(NOW + 60, Ordering::SeqCst));
        assert_eq!(ended, Ended::Expired);
    }

    #[test]
    fn dropped_it_leaves_nothing_behind() {
        struct Nothing;
        impl Wake for Nothing {
            fn wake(self: Arc<Self>) {}
        }
        let service = Service::new();
        let claims = service.guard.verify(&service.token(|_| {})).unwrap();
        let held = Arc::new(Nothing);
        let waker = Waker::from(Arc::clone(&held));
        for _ in 0..3 {
            let mut watch = pin!(service.guard.watch(&claims));
            for _ in 0..3 {
                assert!(watch.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
            assert_eq!(Arc::strong_count(&held), 4, "one for the session and one for the expiry");
        }
        assert_eq!(Arc::strong_count(&held), 2);
    }
}

//! Access tokens that are bound to a key, and sign-ins that are not enough: guarded axum services, driven in-process.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

mod device;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::{any, get};
use countersign_guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign};
use countersign_guard::{AccessClaims, DpopOptions, Guard, Refusal};
use serde_json::{Value, json};
use tower::ServiceExt;

use device::Device;

const NOW: i64 = 1_700_000_000;

struct Service {
    key: SigningKey,
    device: Device,
    guard: Guard,
    now: Arc<AtomicI64>,
    router: Router,
}

struct Answer {
    status: u16,
    code: String,
    challenges: Vec<String>,
    nonce: Option<String>,
    body: String,
}

impl Service {
    /// With the guard as it is, and as `options` make it.
    fn new(options: Option<DpopOptions>) -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let now = Arc::new(AtomicI64::new(NOW));
        let hand = Arc::clone(&now);
        let keys = JwkSet::new(vec![key.verifying_key()]).unwrap();
        let policy =
            ClaimsPolicy::new("https://auth.example", "api", TokenType::AccessToken, Duration::from_secs(30));
        let mut guard = Guard::with_clock(keys, policy, move || hand.load(Ordering::SeqCst));
        if let Some(options) = options {
            guard = guard.dpop(options);
        }
        let whoami = |claims: AccessClaims| async move { claims.subject().to_owned() };
        let step_up = guard.layer().require_acr(["strong", "a \"b\""]).require_recent(Duration::from_mins(5));
        let router = Router::new()
            .route("/mine", any(whoami).layer(guard.layer()))
            .route("/recent", get(whoami).layer(guard.layer().require_recent(Duration::from_mins(5))))
            .route("/strong", get(whoami).layer(guard.layer().require_acr(["strong", "stronger"])))
            .route("/none", get(whoami).layer(guard.layer().require_acr([""; 0])))
            .route("/both", get(whoami).layer(step_up.require_role("admin")));
        Self { key, device: Device::new(), guard, now, router }
    }

    fn bound() -> Self {
        Self::new(Some(DpopOptions::new("https://API.example:443").unwrap()))
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": "https://auth.example", "aud": "api", "sub": "ada", "sid": "s1", "jti": "j1",
            "iat": NOW, "exp": NOW + 900,
        });
        change(&mut claims);
        sign(&claims, &self.key, "at+jwt").unwrap()
    }

    fn bound_token(&self) -> String {
        self.token(|claims| claims["cnf"] = json!({"jkt": self.device.thumbprint()}))
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let all = |name| {
            let values = response.headers().get_all(name).iter();
            values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (challenges, nonce) = (all("www-authenticate"), all("dpop-nonce").pop());
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let code = serde_json::from_str::<Value>(&body).ok();
        let code = code.and_then(|body| body["code"].as_str().map(str::to_owned)).unwrap_or_default();
        Answer { status, code, challenges, nonce, body }
    }

    async fn get_changed(&self, path: &str, change: &dyn Fn(&mut Value)) -> Answer {
        let token = self.token(|claims| change(claims));
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    async fn get(&self, scheme: &str, token: &str, proofs: &[&str]) -> Answer {
        let authorization = format!("{scheme} {token}");
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(proofs.iter().map(|proof| ("dpop", *proof)));
        self.send("GET", "/mine", &headers).await
    }
}

fn sign_in_challenge(parameters: &str) -> Vec<String> {
    let error = r#"error="insufficient_user_authentication", error_description="Another sign-in is needed""#;
    vec![format!("Bearer realm=\"api\", {error}, {parameters}")]
}

const DPOP: &str = r#"DPoP realm="api", algs="ES256 EdDSA""#;

/// RF-15: every kind of token by every scheme, with and without a proof, at a guard with the option and without.
#[tokio::test]
async fn who_may_use_which_token_in_which_way() {
    let thief = Device::new();
    let bearer_bound = r#"Bearer realm="api", error="invalid_token", error_description="The access token is bound to a key""#;
    let bearer_invalid = r#"Bearer realm="api", error="invalid_token""#;
    let proof_invalid = r#"DPoP realm="api", error="invalid_dpop_proof", algs="ES256 EdDSA""#;
    let not_bound = r#"DPoP realm="api", error="invalid_token", error_description="The access token is not bound to a key", algs="ES256 EdDSA""#;
    for (with_option, is_bound, scheme, proof, status, code, challenges) in [
        (true, true, "DPoP", "own", 200, "", vec![]),
        (true, true, "dpop", "own", 200, "", vec![]),
        (true, true, "DPoP", "none", 401, "invalid_dpop_proof", vec![proof_invalid]),
        (true, true, "DPoP", "thief's", 401, "invalid_dpop_proof", vec![proof_invalid]),
        (true, true, "DPoP", "two", 401, "invalid_dpop_proof", vec![proof_invalid]),
        (true, true, "Bearer", "none", 401, "token_bound", vec![bearer_bound, DPOP]),
        // RFC 9449 §7.2: a proof makes no bearer token of it.
        (true, true, "Bearer", "own", 401, "token_bound", vec![bearer_bound, DPOP]),
        (true, false, "Bearer", "none", 200, "", vec![]),
        (true, false, "Bearer", "own", 200, "", vec![]),
        (true, false, "DPoP", "own", 401, "invalid_token", vec![not_bound]),
        (true, false, "Basic", "none", 401, "invalid_token", vec![bearer_invalid, DPOP]),
        (false, true, "Bearer", "none", 401, "token_bound", vec![bearer_bound]),
        (false, true, "Bearer", "own", 401, "token_bound", vec![bearer_bound]),
        (false, true, "DPoP", "own", 401, "invalid_token", vec![bearer_invalid]),
        (false, false, "Bearer", "none", 200, "", vec![]),
        (false, false, "DPoP", "own", 401, "invalid_token", vec![bearer_invalid]),
    ] {
        let service = if with_option { Service::bound() } else { Service::new(None) };
        let token = if is_bound { service.bound_token() } else { service.token(|_| {}) };
        // Twice: from the cache too.
        for round in ["p1", "p2"] {
            let own = service.device.proof(round, &token, NOW, |_| {});
            let thiefs = thief.proof(round, &token, NOW, |_| {});
            let proofs = match proof {
                "own" => vec![own.as_str()],
                "two" => vec![own.as_str(), own.as_str()],
                "none" => vec![],
                _ => vec![thiefs.as_str()],
            };
            let answer = service.get(scheme, &token, &proofs).await;
            let case = format!("option {with_option}, bound {is_bound}, {scheme}, proof {proof}, {round}");
            assert_eq!((answer.status, answer.code.as_str()), (status, code), "{case}");
            assert_eq!(answer.challenges, challenges, "{case}");
            assert_eq!(answer.body == "ada", status == 200, "{case}");
            assert_eq!(answer.nonce, None, "{case}");
        }
    }
}

/// RF-15: where an issuer binds every token, one that is not bound is from before, or from elsewhere.
#[tokio::test]
async fn a_guard_can_demand_that_tokens_are_bound() {
    let not_bound = r#"DPoP realm="api", error="invalid_token", error_description="The access token is not bound to a key", algs="ES256 EdDSA""#;
    let service = Service::new(Some(DpopOptions::new("https://api.example").unwrap().required()));
    let (bound, unbound) = (service.bound_token(), service.token(|_| {}));
    for round in ["p1", "p2"] {
        let proof = service.device.proof(round, &bound, NOW, |_| {});
        assert_eq!(service.get("DPoP", &bound, &[&proof]).await.status, 200);
        for scheme in ["Bearer", "DPoP"] {
            let proof = service.device.proof(&format!("{round}{scheme}"), &unbound, NOW, |_| {});
            let answer = service.get(scheme, &unbound, &[&proof]).await;
            assert_eq!((answer.status, answer.code.as_str()), (401, "invalid_token"), "{scheme}");
            assert_eq!(answer.challenges, [not_bound], "{scheme}");
        }
    }
    assert_eq!(service.guard.verify(&unbound).err(), Some(Refusal::TokenNotBound));
    assert_eq!(service.guard.verify(&bound).err(), Some(Refusal::TokenBound));
    for token in [&bound, &unbound] {
        assert_eq!(
            service.guard.verify_proved(token).map(|claims| claims.subject().to_owned()),
            Ok("ada".to_owned())
        );
    }
}

/// What is wrong with a proof, and how it becomes that.
type Change = (&'static str, fn(&mut Value));

/// RFC 9449 §4.3: each check by a proof that breaks it; then one that does not, so that nothing was used up.
#[tokio::test]
async fn a_proof_is_for_this_request_and_this_token() {
    let service = Service::bound();
    let token = service.bound_token();
    let other = service.token(|claims| {
        claims["jti"] = "j2".into();
        claims["cnf"] = json!({"jkt": service.device.thumbprint()});
    });
    let changes: [Change; 7] = [
        ("method", |payload| payload["htm"] = "POST".into()),
        ("path", |payload| payload["htu"] = "https://api.example/other".into()),
        ("host", |payload| payload["htu"] = "https://evil.example/mine".into()),
        ("scheme", |payload| payload["htu"] = "http://api.example/mine".into()),
        ("no time", |payload| payload["iat"] = "now".into()),
        ("no token", |payload| payload["ath"] = Value::Null),
        ("no ID", |payload| payload["jti"] = "".into()),
    ];
    for (what, change) in changes {
        let answer = service.get("DPoP", &token, &[&service.device.proof("p1", &token, NOW, change)]).await;
        assert_eq!((answer.status, answer.code.as_str()), (401, "invalid_dpop_proof"), "{what}");
    }
    let of_other = service.device.proof("p1", &other, NOW, |_| {});
    assert_eq!(service.get("DPoP", &token, &[&of_other]).await.code, "invalid_dpop_proof");
    let garbage = service.get("DPoP", &token, &["garbage"]).await;
    assert_eq!((garbage.status, garbage.code.as_str()), (401, "invalid_dpop_proof"));
    let same = service
        .device
        .proof("p1", &token, NOW, |payload| payload["htu"] = "https://api.example/mine?x=1#y".into());
    assert_eq!(service.get("DPoP", &token, &[&same]).await.status, 200);
}

/// The public URL is the one of the configuration, whatever the request says about its host (keycloak#39332).
#[tokio::test]
async fn the_host_header_decides_nothing() {
    let service = Service::bound();
    let token = service.bound_token();
    let authorization = format!("DPoP {token}");
    let send = async |jti: &str, target: &str, host: &str, path: &str| {
        let proof = service.device.proof(jti, &token, NOW, |payload| payload["htu"] = target.into());
        let headers = [
            ("authorization", authorization.as_str()),
            ("dpop", proof.as_str()),
            ("host", host),
            ("x-forwarded-host", host),
            ("x-forwarded-proto", "http"),
        ];
        service.send("GET", path, &headers).await.status
    };
    assert_eq!(send("p1", "https://api.example/mine", "10.0.0.7:8080", "/mine").await, 200);
    assert_eq!(send("p2", "https://evil.example/mine", "evil.example", "/mine").await, 401);
    assert_eq!(send("p3", "http://10.0.0.7:8080/mine", "10.0.0.7:8080", "/mine").await, 401);
    assert_eq!(send("p4", "https://api.example/mine", "x", "https://evil.example/mine?q=1").await, 200);
}

/// Behind a proxy, or a nested router, that cuts the beginning of the path off.
#[tokio::test]
async fn what_was_cut_off_the_path_is_in_the_public_url() {
    let service = Service::new(Some(DpopOptions::new("https://api.example/v1").unwrap()));
    let nested = Router::new().nest("/v1", service.router.clone());
    let token = service.bound_token();
    for (jti, target, status) in [
        ("p1", "https://api.example/v1/mine", StatusCode::OK),
        ("p2", "https://api.example/mine", StatusCode::UNAUTHORIZED),
    ] {
        let proof = service.device.proof(jti, &token, NOW, |payload| payload["htu"] = target.into());
        let request = Request::get("/v1/mine")
            .header("dpop", proof)
            .header(header::AUTHORIZATION, format!("DPoP {token}"));
        let response = nested.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{target}");
    }
}

/// RFC 9449 §11.1: once, until nobody could use it any more; other IDs and other keys are not concerned.
#[tokio::test]
async fn a_proof_is_good_once() {
    let service = Service::bound();
    let token = service.bound_token();
    let proof = service.device.proof("p1", &token, NOW, |payload| payload["iat"] = (NOW + 60).into());
    assert_eq!(service.get("DPoP", &token, &[&proof]).await.status, 200);
    for at in [NOW, NOW + 60, NOW + 120] {
        service.now.store(at, Ordering::SeqCst);
        let again = service.get("DPoP", &token, &[&proof]).await;
        assert_eq!((again.status, again.code.as_str()), (401, "invalid_dpop_proof"), "{}", at - NOW);
    }
    service.now.store(NOW + 121, Ordering::SeqCst);
    assert_eq!(service.get("DPoP", &token, &[&proof]).await.code, "use_dpop_nonce", "too old by its time");
    service.now.store(NOW, Ordering::SeqCst);
    assert_eq!(
        service.get("DPoP", &token, &[&proof]).await.code,
        "invalid_dpop_proof",
        "a clock that goes back"
    );
}

/// A client whose clock is an hour off recovers by itself, and keeps its nonce until that runs out.
#[tokio::test]
async fn a_client_with_a_wrong_clock_gets_a_nonce() {
    let service = Service::bound();
    let token = service.bound_token();
    for (offset, round) in [(-3600, "a"), (3600, "b")] {
        let proof = |jti: &str, nonce: Option<&str>| {
            service.device.proof(&format!("{round}{jti}"), &token, NOW, |payload| {
                payload["iat"] = (NOW + offset).into();
                if let Some(nonce) = nonce {
                    payload["nonce"] = nonce.into();
                }
            })
        };
        let asked = service.get("DPoP", &token, &[&proof("1", None)]).await;
        let challenge = r#"DPoP realm="api", error="use_dpop_nonce", error_description="The proof needs a nonce", algs="ES256 EdDSA""#;
        assert_eq!((asked.status, asked.code.as_str()), (401, "use_dpop_nonce"));
        assert_eq!(asked.challenges, [challenge]);
        let nonce = asked.nonce.unwrap();
        for jti in ["2", "3"] {
            assert_eq!(
                service.get("DPoP", &token, &[&proof(jti, Some(&nonce))]).await.status,
                200,
                "{offset}"
            );
        }
        assert_eq!(
            service.get("DPoP", &token, &[&proof("3", Some(&nonce))]).await.code,
            "invalid_dpop_proof"
        );
        service.now.store(NOW + 300, Ordering::SeqCst);
        let late = service.get("DPoP", &token, &[&proof("4", Some(&nonce))]).await;
        assert_eq!((late.status, late.code.as_str()), (401, "use_dpop_nonce"));
        assert_ne!(late.nonce, Some(nonce));
        service.now.store(NOW, Ordering::SeqCst);
    }
}

/// Two nodes with one secret take each other's nonces; without, they do not.
#[tokio::test]
async fn nodes_with_one_secret_share_their_nonces() {
    let options = || DpopOptions::new("https://api.example").unwrap();
    let shared = || options().nonce_secret(&[7; 32]).unwrap();
    for (one, other, status) in [(shared(), shared(), 200), (options(), options(), 401)] {
        let (one, other) = (Service::new(Some(one)), Service::new(Some(other)));
        let late = |service: &Service, token: &str, nonce: Option<&str>| {
            service.device.proof("p1", token, NOW, |payload| {
                payload["iat"] = (NOW - 3600).into();
                payload["nonce"] = nonce.into();
                if nonce.is_none() {
                    payload.as_object_mut().unwrap().remove("nonce");
                }
            })
        };
        let token = one.bound_token();
        let nonce = one.get("DPoP", &token, &[&late(&one, &token, None)]).await.nonce.unwrap();
        let token = other.bound_token();
        let answer = other.get("DPoP", &token, &[&late(&other, &token, Some(&nonce))]).await;
        assert_eq!(answer.status, status);
    }
}

/// A store that is full accepts nothing that it could not remember, and says that it is its own fault.
#[tokio::test]
async fn what_cannot_be_remembered_is_not_accepted() {
    let service = Service::new(Some(DpopOptions::new("https://api.example").unwrap().remembered_proofs(16)));
    let token = service.bound_token();
    let send = async |jti: &str| {
        service.get("DPoP", &token, &[&service.device.proof(jti, &token, NOW, |_| {})]).await
    };
    assert_eq!(send("p1").await.status, 200);
    assert_eq!(send("p2").await.status, 200);
    let full = send("p3").await;
    assert_eq!((full.status, full.code.as_str()), (503, "proofs_unavailable"));
    assert!(full.challenges.is_empty());
    assert_eq!(send("p1").await.code, "invalid_dpop_proof", "it forgets nothing");
    // Those in its way are checked as ever.
    assert_eq!(service.get("Bearer", &service.token(|_| {}), &[]).await.status, 200);
    let stats = service.guard.stats();
    assert_eq!((stats.accepted, stats.invalid, stats.undecided), (3, 1, 1));
}

/// What a token must be, it must be with a proof too; a good proof does not help a bad token.
#[tokio::test]
async fn a_bound_token_still_expires_and_ends_with_its_session() {
    let service = Service::bound();
    let token = service.bound_token();
    let proof =
        |jti: &str, at: i64| service.device.proof(jti, &token, NOW, |payload| payload["iat"] = at.into());
    assert_eq!(service.get("DPoP", &token, &[&proof("p1", NOW)]).await.status, 200);
    service.guard.revocations().revoke("s1", NOW + 900);
    let ended = service.get("DPoP", &token, &[&proof("p2", NOW)]).await;
    assert_eq!((ended.status, ended.code.as_str()), (401, "token_revoked"));
    assert_eq!(ended.challenges, [r#"DPoP realm="api", error="invalid_token", algs="ES256 EdDSA""#]);
    service.now.store(NOW + 930, Ordering::SeqCst);
    let expired = service.get("DPoP", &token, &[&proof("p3", NOW + 930)]).await;
    assert_eq!((expired.status, expired.code.as_str()), (401, "token_expired"));
    let nobody = service.send("GET", "/mine", &[]).await;
    assert_eq!(nobody.challenges, [r#"Bearer realm="api""#, DPOP]);
}

/// `cnf` that is no confirmation is an error and not absent; other kinds of binding are not ours to check.
#[tokio::test]
async fn a_malformed_binding_is_no_bearer_token() {
    let service = Service::new(None);
    for (cnf, status) in [
        (json!({"jkt": "x"}), 401),
        (json!({"jkt": null}), 401),
        (json!("x"), 401),
        (json!(null), 401),
        (json!({}), 200),
        (json!({"x5t#S256": "x"}), 200),
    ] {
        let token = service.token(|claims| claims["cnf"] = cnf.clone());
        assert_eq!(service.get("Bearer", &token, &[]).await.status, status, "{cnf}");
    }
}

/// The ways into a guard without a request: there a bound token is none.
#[test]
fn a_bound_token_alone_is_never_accepted() {
    let service = Service::bound();
    let token = service.bound_token();
    assert_eq!(service.guard.verify(&token).err(), Some(Refusal::TokenBound));
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    assert_eq!(service.guard.authenticate(&headers).err(), Some(Refusal::TokenBound));
    headers.insert(header::AUTHORIZATION, format!("DPoP {token}").parse().unwrap());
    assert_eq!(service.guard.authenticate(&headers).err(), Some(Refusal::Malformed));
    let of_other_audience = service.guard.with_policy(ClaimsPolicy::new(
        "https://auth.example",
        "api",
        TokenType::AccessToken,
        Duration::ZERO,
    ));
    assert_eq!(of_other_audience.verify(&token).err(), Some(Refusal::TokenBound));
    let refused = service.guard.refuse::<String>(Refusal::TokenBound, &headers);
    assert_eq!(refused.headers().get_all(header::WWW_AUTHENTICATE).iter().count(), 1);
}

#[test]
fn a_public_url_is_absolute() {
    for url in ["", "api.example", "/v1", "ftp://api.example", "https://", "https://u@api.example"] {
        assert!(DpopOptions::new(url).is_err(), "{url}");
    }
}

/// RFC 9470 §3: a sign-in that is too old or of another class is 401 with what would be enough.
#[tokio::test]
async fn a_route_demands_a_kind_of_sign_in() {
    let service = Service::new(None);
    let get = async |path: &str, change: &dyn Fn(&mut Value)| service.get_changed(path, change).await;
    for (auth_time, status) in [
        (json!(NOW), 200),
        (json!(NOW - 300), 200),
        (json!(NOW - 301), 401),
        (json!(NOW + 120), 200),
        (json!(NOW + 121), 401),
        (json!(0), 401),
    ] {
        let answer = get("/recent", &|claims| claims["auth_time"] = auth_time.clone()).await;
        assert_eq!(answer.status, status, "{auth_time}");
        if status == 401 {
            assert_eq!(answer.code, "insufficient_user_authentication");
            assert_eq!(answer.challenges, sign_in_challenge(r#"max_age="300""#));
        }
    }
    assert_eq!(get("/recent", &|_| {}).await.status, 401, "a token that does not say when");
    for (acr, status) in [
        (json!("strong"), 200),
        (json!("stronger"), 200),
        (json!("weak"), 401),
        (json!("strong stronger"), 401),
        (json!(""), 401),
    ] {
        let answer = get("/strong", &|claims| claims["acr"] = acr.clone()).await;
        assert_eq!(answer.status, status, "{acr}");
        if status == 401 {
            assert_eq!(answer.challenges, sign_in_challenge(r#"acr_values="strong stronger""#));
        }
    }
    assert_eq!(get("/strong", &|_| {}).await.status, 401, "a token that does not say how");
    for acr in [json!(""), json!("strong")] {
        assert_eq!(get("/none", &|claims| claims["acr"] = acr.clone()).await.status, 401, "none would do");
    }
}

/// Both, and first of all the role: whoever may not do it anyhow is not asked to sign in for it.
#[tokio::test]
async fn a_sign_in_is_demanded_after_the_role_and_of_cached_tokens_too() {
    let service = Service::new(None);
    let get = async |path: &str, change: &dyn Fn(&mut Value)| service.get_changed(path, change).await;
    let both = |claims: &mut Value, role: &str, acr: &str, at: i64| {
        claims["role"] = role.into();
        claims["acr"] = acr.into();
        claims["auth_time"] = at.into();
    };
    for (role, acr, at, status) in [
        ("admin", "strong", NOW, 200),
        ("admin", "a \"b\"", NOW, 200),
        ("admin", "weak", NOW, 401),
        ("admin", "strong", NOW - 301, 401),
        ("user", "weak", NOW - 301, 403),
    ] {
        let answer = get("/both", &|claims| both(claims, role, acr, at)).await;
        assert_eq!(answer.status, status, "{role} {acr} {at}");
        if status == 401 {
            assert_eq!(answer.challenges, sign_in_challenge(r#"acr_values="strong a \"b\"", max_age="300""#));
        }
    }
    // A cached token ages too.
    let token = service.token(|claims| claims["auth_time"] = NOW.into());
    for (at, status) in [(NOW + 300, 200), (NOW + 301, 401)] {
        service.now.store(at, Ordering::SeqCst);
        let authorization = format!("Bearer {token}");
        assert_eq!(service.send("GET", "/recent", &[("authorization", &authorization)]).await.status, status);
    }
}

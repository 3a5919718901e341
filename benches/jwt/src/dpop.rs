//! What a guard takes for an access token with its DPoP proof, neither of which it has seen before, against the two
//! signature verifications that are in it: the bare calls of the cryptographic library with keys that it has parsed
//! before. Reading the proof's key, both headers and claims, the thumbprint, the hash of the token and remembering the
//! proof are what comes on top, and so does the guard's cache.

use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_guard::{DpopOptions, Guard};
use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign};
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::{Value, json};

use crate::bars::Operation;
use crate::{AUDIENCE, Case, ISSUER, bare_verifier, claims, measure, now};

/// So many requests are made before, each with a token of its own: each passes once, then there is another guard. The
/// round with that is not the one with the smallest time.
const REQUESTS: usize = 4096;

pub(crate) fn bench(algorithm: Algorithm) -> Vec<String> {
    let (issuer, device) =
        (SigningKey::generate(algorithm).unwrap(), SigningKey::generate(algorithm).unwrap());
    let now = now();
    let requests: Vec<(String, HeaderMap)> =
        (0..REQUESTS).map(|number| request(&issuer, &device, number, now)).collect();
    let (token, headers) = &requests[0];
    let proof = headers["dpop"].to_str().unwrap();
    println!("-- DPoP {algorithm}: token of {} bytes, proof of {}", token.len(), proof.len());

    let mut bare = [bare_verifier(algorithm, &issuer, token), bare_verifier(algorithm, &device, proof)];
    let keys = JwkSet::new(vec![issuer.verifying_key()]).unwrap();
    let policy = ClaimsPolicy::new(ISSUER, AUDIENCE, TokenType::AccessToken, Duration::from_secs(30));
    let fresh = || {
        let options = DpopOptions::new("https://api.example").unwrap().remembered_proofs(8 * REQUESTS);
        Guard::with_clock(keys.clone(), policy.clone(), move || now).dpop(options)
    };
    let mut guard = fresh();
    let mut next = 0;
    let uri = Uri::from_static("/books?page=2");
    let cases = vec![
        Case::new("bare x 2", move || bare.iter_mut().for_each(|verify| verify())),
        Case::new("guard", || {
            if next == REQUESTS {
                (guard, next) = (fresh(), 0);
            }
            let (_, headers) = &requests[next];
            next += 1;
            drop(black_box(guard.authenticate_request(&Method::GET, &uri, black_box(headers)).unwrap()));
        }),
    ];
    measure(algorithm, Operation::Prove, cases)
}

fn request(issuer: &SigningKey, device: &SigningKey, number: usize, now: i64) -> (String, HeaderMap) {
    let jwk = device.verifying_key();
    let mut claims = claims();
    claims["jti"] = format!("01890a5d-ac96-774b-bcce-{number:012}").into();
    claims["cnf"] = json!({ "jkt": jwk.thumbprint().unwrap() });
    let token = sign(&claims, issuer, "at+jwt").unwrap();
    let payload = json!({
        "jti": format!("01890a5d-ac96-774b-bcce-{number:012}"), "htm": "GET", "htu": "https://api.example/books",
        "iat": now, "ath": URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())),
    });
    let proof = proof(device, &payload);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::try_from(format!("DPoP {token}")).unwrap());
    headers.insert("dpop", HeaderValue::try_from(proof).unwrap());
    (token, headers)
}

/// The key is in the header as clients put it there: its own members and nothing else.
fn proof(device: &SigningKey, payload: &Value) -> String {
    let mut jwk: Value = serde_json::from_str(&device.verifying_key().to_jwk().unwrap()).unwrap();
    jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
    let header = json!({ "typ": "dpop+jwt", "alg": device.algorithm().name(), "jwk": jwk });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&header), encode(payload));
    let der = device.to_pkcs8_der().unwrap();
    let signature = if device.algorithm() == Algorithm::Es256 {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
        pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap().as_ref().to_vec()
    } else {
        Ed25519KeyPair::from_pkcs8(&der).unwrap().sign(input.as_bytes()).as_ref().to_vec()
    };
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

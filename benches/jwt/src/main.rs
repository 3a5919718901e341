//! Time to sign and to verify, against the bare call of the same cryptographic library and against other JWT
//! libraries, in one run: `cargo run --profile dist -p countersign-bench-jwt`, or with `-- HS256 ES256` for some algorithms.
//! Says for each row whether it meets its bars (see `bars.rs`), and fails if one does not.
//!
//! All rounds are interleaved and begin with another case each time, so that a busy moment of the machine hits all
//! alike. What takes the same time every time is reported by its smallest time: noise only ever adds. A signature of
//! ML-DSA is drawn until one fits, so its time is chance: there, the mean of thousands of single signatures.
//! Every verification checks issuer, audience and expiry and gives the claims. `dpop.rs` measures a guard with tokens that are bound to a key.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to report")]

mod bars;
mod dpop;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{hmac, signature};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::{
    Algorithm, ClaimsPolicy, DpopPolicy, JwkSet, Limits, SigningKey, TokenType, sign, verify_access_token,
};
use jwt_simple::prelude as simple;
use jwt_simple::prelude::{
    ECDSAP256KeyPairLike as _, ECDSAP256PublicKeyLike as _, EdDSAKeyPairLike as _, EdDSAPublicKeyLike as _,
    MACLike as _, MLDSAKeyPairLike as _, MLDSAPublicKeyLike as _, RSAKeyPairLike as _, RSAPublicKeyLike as _,
};
use serde::Deserialize;
use serde_json::{Value, json};

use bars::Operation;

const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "api";
const SECRET: [u8; 64] = [7; 64];
const ROUNDS: usize = 600;
const ROUND: Duration = Duration::from_micros(500);
/// So many that the mean of each case is known to about 1 %: one signature varies by four fifths of its mean.
const SIGNATURES: usize = 6_000;

/// One thing to measure.
struct Case<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    /// How often it runs in one round.
    count: u32,
    /// How long each round took.
    times: Vec<Duration>,
}

impl<'a> Case<'a> {
    fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self::boxed(name, Box::new(run))
    }

    fn boxed(name: &'static str, run: Box<dyn FnMut() + 'a>) -> Self {
        Self { name, run, count: 1, times: Vec::new() }
    }

    fn round(&mut self) -> Duration {
        let start = Instant::now();
        for _ in 0..self.count {
            (self.run)();
        }
        start.elapsed()
    }

    /// The smallest time of all rounds, in microseconds for one run.
    fn smallest(&self) -> f64 {
        self.times.iter().min().unwrap().as_secs_f64() * 1e6 / f64::from(self.count)
    }

    /// The mean in microseconds, without the slowest hundredth, which is the machine's doing.
    fn mean(&mut self) -> f64 {
        self.times.sort_unstable();
        self.times.truncate(self.times.len() * 99 / 100);
        let count = u32::try_from(self.times.len()).unwrap();
        self.times.iter().sum::<Duration>().as_secs_f64() * 1e6 / f64::from(count)
    }
}

/// Measures all `cases` in turns, the bare one first, prints a row and gives the bars that it misses.
fn measure(algorithm: Algorithm, operation: Operation, mut cases: Vec<Case<'_>>) -> Vec<String> {
    let is_chance = operation == Operation::Sign && algorithm.is_post_quantum();
    let rounds = if is_chance { SIGNATURES } else { ROUNDS };
    for case in &mut cases {
        let once = case.round().max(Duration::from_nanos(100));
        if !is_chance {
            case.count = (ROUND.as_nanos() / once.as_nanos()).clamp(1, 5_000) as u32;
        }
    }
    let number = cases.len();
    for round in 0..rounds {
        for turn in 0..number {
            let case = &mut cases[(round + turn) % number];
            let time = case.round();
            case.times.push(time);
        }
    }
    let figures: Vec<(&str, f64)> = cases
        .iter_mut()
        .map(|case| (case.name, if is_chance { case.mean() } else { case.smallest() }))
        .collect();
    let bare = figures[0].1;
    let row: Vec<String> =
        figures.iter().map(|(name, time)| format!("{name} {time:.2} us ({:.2}x)", time / bare)).collect();
    let missed = bars::missed(algorithm, operation, &figures);
    let verdict = if missed.is_empty() { "ok".to_owned() } else { format!("MISSED: {}", missed.join("; ")) };
    let how = if is_chance { format!(" (mean of {rounds})") } else { String::new() };
    println!("{:<7} {} | {verdict}{how}", operation.name(), row.join(" | "));
    missed.into_iter().map(|bar| format!("{algorithm} {}: {bar}", operation.name())).collect()
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// What a caller of jsonwebtoken would ask for; the rest is skipped, which is in its favour.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read from the token and then dropped, as part of what is measured")]
struct Claims {
    sub: String,
    iss: String,
    exp: u64,
}

fn jwt_simple_options() -> simple::VerificationOptions {
    simple::VerificationOptions {
        allowed_issuers: Some([ISSUER.to_owned()].into()),
        allowed_audiences: Some([AUDIENCE.to_owned()].into()),
        required_signature_type: Some("at+jwt".to_owned()),
        ..simple::VerificationOptions::default()
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "01890a5d-ac96-774b-bcce-b302099a8057", "jti": "01890a5d-ac96-774b-bcce-b302",
        "iat": now(), "exp": now() + 900, "sid": "01890a5d-ac96-774b-bcce", "auth_time": now(), "username": "alice", "role": "user",
    })
}

fn key(algorithm: Algorithm) -> SigningKey {
    if algorithm.is_symmetric() {
        return SigningKey::hmac(algorithm, &SECRET).unwrap();
    }
    if ["RS", "PS"].iter().any(|family| algorithm.name().starts_with(family)) {
        let der = include_bytes!("../../../crates/countersign-jwt/tests/data/rsa2048_test_key.der");
        let der = base64::engine::general_purpose::STANDARD.encode(der);
        let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{der}\n-----END RSA PRIVATE KEY-----\n");
        return SigningKey::from_pem(&pem, algorithm).unwrap();
    }
    SigningKey::generate(algorithm).unwrap()
}

fn main() -> ExitCode {
    println!("smallest of {ROUNDS} rounds of about {ROUND:?}; (x) is the ratio to the bare aws-lc-rs call");
    let mut missed = Vec::new();
    let wanted: Vec<Algorithm> = std::env::args().filter_map(|name| Algorithm::from_name(&name)).collect();
    for algorithm in Algorithm::ALL.into_iter().filter(|one| wanted.is_empty() || wanted.contains(one)) {
        let key = key(algorithm);
        let token = sign(&claims(), &key, "at+jwt").unwrap();
        println!("-- {algorithm}: token of {} bytes", token.len());
        missed.extend(bench_sign(algorithm, &key, &token));
        missed.extend(bench_verify(algorithm, &key, &token));
    }
    let is_wanted = |algorithm: &Algorithm| wanted.is_empty() || wanted.contains(algorithm);
    missed.extend(DpopPolicy::ALGORITHMS.into_iter().filter(is_wanted).flat_map(dpop::bench));
    if missed.is_empty() {
        println!("every bar is met");
        return ExitCode::SUCCESS;
    }
    println!("bars that were missed:\n{}", missed.join("\n"));
    ExitCode::FAILURE
}

fn bench_sign(algorithm: Algorithm, key: &SigningKey, token: &str) -> Vec<String> {
    let claims = claims();
    let (input, _) = token.rsplit_once('.').unwrap();
    let mut cases = vec![Case::new("bare", bare_signer(algorithm, key, input.as_bytes()))];
    cases.push(Case::new("countersign", || {
        drop(black_box(sign(black_box(&claims), key, "at+jwt").unwrap()));
    }));
    if let Some((theirs, encoding)) = jsonwebtoken_encoding(algorithm, key) {
        let mut header = jsonwebtoken::Header::new(theirs);
        header.typ = Some("at+jwt".into());
        header.kid = Some(key.key_id().into());
        let claims = &claims;
        cases.push(Case::new("jsonwebtoken", move || {
            drop(black_box(jsonwebtoken::encode(&header, black_box(claims), &encoding).unwrap()));
        }));
    }
    if let Some(run) = jwt_simple_signer(algorithm, key, &claims) {
        cases.push(Case::boxed("jwt-simple", run));
    }
    measure(algorithm, Operation::Sign, cases)
}

fn bench_verify(algorithm: Algorithm, key: &SigningKey, token: &str) -> Vec<String> {
    let keys = JwkSet::new(vec![key.verifying_key()]).unwrap();
    let policy = ClaimsPolicy::new(ISSUER, AUDIENCE, TokenType::AccessToken, Duration::from_secs(30))
        .with_limits(Limits::ML_DSA);
    let now = now();
    let mut cases = vec![Case::new("bare", bare_verifier(algorithm, key, token))];
    cases.push(Case::new("countersign", || {
        drop(black_box(verify_access_token(black_box(token), &keys, &policy, now).unwrap()));
    }));
    if let Some((theirs, decoding)) = jsonwebtoken_decoding(algorithm, key) {
        let mut validation = jsonwebtoken::Validation::new(theirs);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        cases.push(Case::new("jsonwebtoken", move || {
            drop(black_box(
                jsonwebtoken::decode::<Claims>(black_box(token), &decoding, &validation).unwrap(),
            ));
        }));
    }
    if let Some(run) = jwt_simple_verifier(algorithm, key, token) {
        cases.push(Case::boxed("jwt-simple", run));
    }
    measure(algorithm, Operation::Verify, cases)
}

fn bare_signer<'a>(algorithm: Algorithm, key: &SigningKey, input: &'a [u8]) -> Box<dyn FnMut() + 'a> {
    let random = SystemRandom::new();
    let der = || key.to_pkcs8_der().unwrap();
    let rsa = |encoding: &'static dyn signature::RsaEncoding| -> Box<dyn FnMut() + 'a> {
        let pair = signature::RsaKeyPair::from_pkcs8(&der()).unwrap();
        let random = SystemRandom::new();
        let mut out = vec![0; pair.public_modulus_len()];
        Box::new(move || pair.sign(encoding, &random, black_box(input), &mut out).unwrap())
    };
    let ml_dsa = |algorithm| -> Box<dyn FnMut() + 'a> {
        let pair = signature::PqdsaKeyPair::from_pkcs8(algorithm, &der()).unwrap();
        let mut out = vec![0; pair.algorithm().signature_len()];
        Box::new(move || {
            black_box(pair.sign(black_box(input), &mut out).unwrap());
        })
    };
    let ecdsa = |algorithm| -> Box<dyn FnMut() + 'a> {
        let pair = signature::EcdsaKeyPair::from_pkcs8(algorithm, &der()).unwrap();
        Box::new(move || {
            black_box(pair.sign(&random, black_box(input)).unwrap());
        })
    };
    let mac = |algorithm| -> Box<dyn FnMut() + 'a> {
        let key = hmac::Key::new(algorithm, &SECRET);
        Box::new(move || {
            black_box(hmac::sign(&key, black_box(input)));
        })
    };
    match algorithm {
        Algorithm::Hs256 => mac(hmac::HMAC_SHA256),
        Algorithm::Hs384 => mac(hmac::HMAC_SHA384),
        Algorithm::Hs512 => mac(hmac::HMAC_SHA512),
        Algorithm::Rs256 => rsa(&signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => rsa(&signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => rsa(&signature::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => rsa(&signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => rsa(&signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => rsa(&signature::RSA_PSS_SHA512),
        Algorithm::Es256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Es512 => ecdsa(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
        Algorithm::MlDsa44 => ml_dsa(&signature::ML_DSA_44_SIGNING),
        Algorithm::MlDsa65 => ml_dsa(&signature::ML_DSA_65_SIGNING),
        Algorithm::MlDsa87 => ml_dsa(&signature::ML_DSA_87_SIGNING),
        _ => {
            let pair = signature::Ed25519KeyPair::from_pkcs8(&der()).unwrap();
            Box::new(move || {
                black_box(pair.sign(black_box(input)));
            })
        }
    }
}

fn bare_verifier<'a>(algorithm: Algorithm, key: &SigningKey, token: &'a str) -> Box<dyn FnMut() + 'a> {
    let (input, encoded) = token.rsplit_once('.').unwrap();
    let tag = URL_SAFE_NO_PAD.decode(encoded).unwrap();
    let verification: &'static dyn signature::VerificationAlgorithm = match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        Algorithm::EdDsa => &signature::ED25519,
        Algorithm::MlDsa44 => &signature::ML_DSA_44,
        Algorithm::MlDsa65 => &signature::ML_DSA_65,
        Algorithm::MlDsa87 => &signature::ML_DSA_87,
        symmetric => {
            let hash = match symmetric {
                Algorithm::Hs384 => hmac::HMAC_SHA384,
                Algorithm::Hs512 => hmac::HMAC_SHA512,
                _ => hmac::HMAC_SHA256,
            };
            let key = hmac::Key::new(hash, &SECRET);
            return Box::new(move || hmac::verify(&key, black_box(input).as_bytes(), &tag).unwrap());
        }
    };
    let pem = key.verifying_key().to_pem().unwrap();
    let spki: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = base64::engine::general_purpose::STANDARD.decode(spki).unwrap();
    let key = signature::ParsedPublicKey::new(verification, spki).unwrap();
    Box::new(move || key.verify_sig(black_box(input).as_bytes(), &tag).unwrap())
}

fn jsonwebtoken_algorithm(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    use jsonwebtoken::Algorithm as Theirs;
    Some(match algorithm {
        Algorithm::Hs256 => Theirs::HS256,
        Algorithm::Hs384 => Theirs::HS384,
        Algorithm::Hs512 => Theirs::HS512,
        Algorithm::Rs256 => Theirs::RS256,
        Algorithm::Rs384 => Theirs::RS384,
        Algorithm::Rs512 => Theirs::RS512,
        Algorithm::Ps256 => Theirs::PS256,
        Algorithm::Ps384 => Theirs::PS384,
        Algorithm::Ps512 => Theirs::PS512,
        Algorithm::Es256 => Theirs::ES256,
        Algorithm::Es384 => Theirs::ES384,
        Algorithm::EdDsa => Theirs::EdDSA,
        _ => return None,
    })
}

fn jsonwebtoken_encoding(
    algorithm: Algorithm,
    key: &SigningKey,
) -> Option<(jsonwebtoken::Algorithm, jsonwebtoken::EncodingKey)> {
    use jsonwebtoken::EncodingKey;
    let theirs = jsonwebtoken_algorithm(algorithm)?;
    if algorithm.is_symmetric() {
        return Some((theirs, EncodingKey::from_secret(&SECRET)));
    }
    let pem = key.to_pkcs8_pem().unwrap();
    let encoding = match algorithm.name().get(..2) {
        Some("RS" | "PS") => EncodingKey::from_rsa_pem(pem.as_bytes()),
        Some("ES") => EncodingKey::from_ec_pem(pem.as_bytes()),
        _ => EncodingKey::from_ed_pem(pem.as_bytes()),
    };
    Some((theirs, encoding.unwrap()))
}

fn jsonwebtoken_decoding(
    algorithm: Algorithm,
    key: &SigningKey,
) -> Option<(jsonwebtoken::Algorithm, jsonwebtoken::DecodingKey)> {
    use jsonwebtoken::DecodingKey;
    let theirs = jsonwebtoken_algorithm(algorithm)?;
    if algorithm.is_symmetric() {
        return Some((theirs, DecodingKey::from_secret(&SECRET)));
    }
    let pem = key.verifying_key().to_pem().unwrap();
    let decoding = match algorithm.name().get(..2) {
        Some("RS" | "PS") => DecodingKey::from_rsa_pem(pem.as_bytes()),
        Some("ES") => DecodingKey::from_ec_pem(pem.as_bytes()),
        _ => DecodingKey::from_ed_pem(pem.as_bytes()),
    };
    Some((theirs, decoding.unwrap()))
}

fn simple_claims(claims: &Value) -> simple::JWTClaims<Value> {
    let custom = json!({ "sid": claims["sid"], "auth_time": claims["auth_time"], "username": "alice", "role": "user" });
    simple::Claims::with_custom_claims(custom, simple::Duration::from_mins(15))
        .with_issuer(ISSUER)
        .with_audience(AUDIENCE)
        .with_subject("01890a5d-ac96-774b-bcce-b302099a8057")
        .with_jwt_id("01890a5d-ac96-774b-bcce-b302")
}

/// jwt-simple takes its claims by value, so each signature also pays for making them; so does its user.
fn jwt_simple_signer<'a>(
    algorithm: Algorithm,
    key: &SigningKey,
    claims: &'a Value,
) -> Option<Box<dyn FnMut() + 'a>> {
    let pem = || key.to_pkcs8_pem().unwrap();
    macro_rules! signer {
        ($key:expr) => {{
            let key = $key;
            Some(Box::new(move || drop(black_box(key.sign(simple_claims(claims)).unwrap()))))
        }};
        ($key:expr, authenticate) => {{
            let key = $key;
            Some(Box::new(move || drop(black_box(key.authenticate(simple_claims(claims)).unwrap()))))
        }};
    }
    match algorithm {
        Algorithm::Hs256 => signer!(simple::HS256Key::from_bytes(&SECRET), authenticate),
        Algorithm::Rs256 => signer!(simple::RS256KeyPair::from_pem(&pem()).unwrap()),
        Algorithm::Es256 => signer!(simple::ES256KeyPair::from_pem(&pem()).unwrap()),
        Algorithm::EdDsa => signer!(simple::Ed25519KeyPair::from_pem(&pem()).unwrap()),
        Algorithm::MlDsa44 => signer!(simple::MLDSA44KeyPair::generate()),
        Algorithm::MlDsa65 => signer!(simple::MLDSA65KeyPair::generate()),
        _ => None,
    }
}

fn jwt_simple_verifier<'a>(
    algorithm: Algorithm,
    key: &SigningKey,
    token: &'a str,
) -> Option<Box<dyn FnMut() + 'a>> {
    let verifying_key = key.verifying_key();
    let pem = || verifying_key.to_pem().unwrap();
    let jwk = || verifying_key.to_jwk().unwrap();
    let options = jwt_simple_options();
    macro_rules! verifier {
        ($key:expr) => {{
            let key = $key;
            Some(Box::new(move || {
                let verified =
                    key.verify_token::<simple::NoCustomClaims>(black_box(token), Some(options.clone()));
                drop(black_box(verified.unwrap()));
            }))
        }};
    }
    match algorithm {
        Algorithm::Hs256 => verifier!(simple::HS256Key::from_bytes(&SECRET)),
        Algorithm::Rs256 => verifier!(simple::RS256PublicKey::from_pem(&pem()).unwrap()),
        Algorithm::Es256 => verifier!(simple::ES256PublicKey::from_pem(&pem()).unwrap()),
        Algorithm::EdDsa => verifier!(simple::Ed25519PublicKey::from_pem(&pem()).unwrap()),
        Algorithm::MlDsa44 => verifier!(simple::MLDSA44PublicKey::from_jwk(&jwk()).unwrap()),
        Algorithm::MlDsa65 => verifier!(simple::MLDSA65PublicKey::from_jwk(&jwk()).unwrap()),
        _ => None,
    }
}

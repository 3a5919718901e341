//! Any text as a proof, a URI, a header of a proof: nothing panics, nothing unsigned is a proof, one URI has one spelling.

#![no_main]

use countersign_jwt::{
    DpopNonces, DpopPolicy, DpopRequest, JwkThumbprint, NonceCheck, TargetUri, VerifyingKey, dbsc_proof_of_header,
    verify_dbsc_refresh, verify_dbsc_registration, verify_dpop_proof,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static NONCES: LazyLock<DpopNonces> = LazyLock::new(|| DpopNonces::new(&[0x5a; 32]).unwrap());
static KEY: LazyLock<VerifyingKey> = LazyLock::new(|| {
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    VerifyingKey::from_jwk(jwk).unwrap()
});

fuzz_target!(|text: &str| {
    let now = 1_800_000_000;
    let base = TargetUri::parse("https://api.example/v1").unwrap();
    for target in [TargetUri::parse(text), base.at_path(text)].into_iter().flatten() {
        assert_eq!(TargetUri::parse(target.as_str()), Ok(target.clone()));
    }
    assert!(base.at_path(text).map_or(true, |target| target.as_str().starts_with("https://api.example/v1/")));
    if let Ok(thumbprint) = text.parse::<JwkThumbprint>() {
        assert_eq!(thumbprint.to_string(), text);
    }
    let request = DpopRequest::new("GET", &base).with_nonce(NonceCheck::MadeBy(&NONCES));
    // The seeds are of other times and targets, so a proof that passes would be a forgery.
    assert!(verify_dpop_proof(text, &request, &DpopPolicy::default(), now).is_err());
    assert!(NONCES.good_until(text, now).is_none());
    let proof = dbsc_proof_of_header(text).unwrap_or(text);
    // Anybody can register a key, so only a refresh is a forgery.
    let _ = verify_dbsc_registration(proof, |challenge| challenge.len() < 100);
    assert!(verify_dbsc_refresh(proof, &KEY, |_| true).is_err());
});

//! Proofs that other people's clients have made, with the keys and requests they were for: `dpop` and `oauth4webapi` of
//! npm, the latter also with a clock an hour late, before and after it was given a nonce.

use countersign_jwt::{
    DpopError, DpopPolicy, DpopRequest, JwkThumbprint, NonceCheck, TargetUri, verify_dpop_proof,
};
use serde_json::Value;

#[test]
fn the_proofs_of_other_clients_are_read() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../data/dpop_clients.json")).unwrap();
    assert_eq!(cases.len(), 12);
    for case in &cases {
        let text = |name: &str| case[name].as_str();
        let (proof, method) = (text("proof").unwrap(), text("method").unwrap());
        let target = TargetUri::parse(text("uri").unwrap()).unwrap();
        let key: JwkThumbprint = text("jkt").unwrap().parse().unwrap();
        let mut request = DpopRequest::new(method, &target).with_key(key);
        if let Some(token) = text("accessToken") {
            request = request.with_access_token(token, key);
        }
        let made_at = case["iat"].as_i64().unwrap();
        let verdict = |request: &DpopRequest<'_>, now| {
            verify_dpop_proof(proof, request, &DpopPolicy::default(), now).map(|proof| proof.thumbprint())
        };
        assert_eq!(verdict(&request, made_at), Ok(key), "{case}");
        assert_eq!(verdict(&request, made_at + 3600), Err(DpopError::TooOld), "{case}");
        let nonce = text("nonce");
        let with_nonce =
            request.with_nonce(NonceCheck::Exactly { nonce: nonce.unwrap_or("x"), until: i64::MAX });
        let expected = if nonce.is_some() { Ok(key) } else { Err(DpopError::UseNonce) };
        assert_eq!(verdict(&with_nonce, made_at + 3600), expected, "{case}");
        let other = DpopRequest::new("DELETE", &target).with_key(key);
        assert_eq!(verdict(&other, made_at), Err(DpopError::WrongMethod), "{case}");
    }
}

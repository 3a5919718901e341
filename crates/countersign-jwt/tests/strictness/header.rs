//! What the protected header may say.

use countersign_jwt::VerifyError::{
    AlgorithmMismatch, AlgorithmNone, BadSignature, CriticalHeader, HeaderParameterType, MissingAlgorithm,
    UnencodedPayload, UnknownKeyId, UnsupportedAlgorithm, WrongType,
};

use crate::fixture::{Corpus, HEADER, b64, claims, sign, sign_encoded};

/// VF-1, RFC 8725 §3.1 and §3.2.
pub(crate) fn algorithm_none_and_odd_names(corpus: &mut Corpus) {
    const CLASS: &str = "alg none and odd names";
    for name in ["none", "None", "NONE", "nOnE"] {
        let header = format!(r#"{{"alg":"{name}","typ":"at+jwt","kid":"k1"}}"#);
        let unsigned = format!("{}.{}.", b64(&header), b64(claims()));
        corpus.token(CLASS, &format!("{name}, no signature"), &unsigned, Some(AlgorithmNone));
        corpus.token(CLASS, &format!("{name}, signed"), &sign(&header, claims()), Some(AlgorithmNone));
    }
    for name in [
        "",
        " ",
        "hs256",
        "Hs256",
        "HS256 ",
        " HS256",
        "HS256\\u0000",
        "HS2560",
        "HS1",
        "HS",
        "ES256K",
        "RS1",
        "Ed448",
        "dir",
        "A256GCM",
        "RSA-OAEP",
        "none ",
        "HMAC",
        "HS256,none",
    ] {
        let header = format!(r#"{{"alg":"{name}","typ":"at+jwt","kid":"k1"}}"#);
        corpus.token(CLASS, &format!("{name:?}"), &sign(header, claims()), Some(UnsupportedAlgorithm));
    }
    for value in ["null", "5", "true", "[]", r#"["HS256"]"#, "{}", r#"{"HS256":1}"#] {
        let header = format!(r#"{{"alg":{value},"typ":"at+jwt","kid":"k1"}}"#);
        corpus.token(CLASS, value, &sign(header, claims()), Some(HeaderParameterType { name: "alg" }));
    }
    for header in ["{}", r#"{"typ":"at+jwt","kid":"k1"}"#, r#"{"Alg":"HS256","ALG":"HS256"}"#] {
        corpus.token(CLASS, header, &sign(header, claims()), Some(MissingAlgorithm));
    }
    for name in ["HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "Ed25519", "ML-DSA-44"] {
        let header = format!(r#"{{"alg":"{name}","typ":"at+jwt","kid":"k1"}}"#);
        corpus.token(CLASS, name, &sign(header, claims()), Some(AlgorithmMismatch));
    }
}

/// VF-5, RFC 7515 §4.1.11, RFC 7797.
pub(crate) fn critical_extensions(corpus: &mut Corpus) {
    const CLASS: &str = "crit and b64";
    for member in [
        r#""crit":["exp"]"#,
        r#""crit":["unknown"],"unknown":1"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":["b64"],"b64":true"#,
        r#""crit":["alg"]"#,
        r#""crit":["exp","exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":"exp""#,
        r#""crit":{}"#,
        r#""crit":[1]"#,
        r#""crit":false"#,
        r#""cr\u0069t":["exp"]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"k1",{member}}}"#);
        corpus.token(CLASS, member, &sign(header, claims()), Some(CriticalHeader));
    }
    for member in [r#""b64":false"#, r#""b64":true"#, r#""b64":null"#, r#""b64":"false""#] {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"k1",{member}}}"#);
        corpus.token(CLASS, member, &sign(header, claims()), Some(UnencodedPayload));
    }
}

pub(crate) fn parameter_types(corpus: &mut Corpus) {
    const CLASS: &str = "header parameters of the wrong type";
    for value in ["null", "5", "true", "[]", r#"["at+jwt"]"#, "{}"] {
        for (name, others) in
            [("typ", r#""kid":"k1""#), ("kid", r#""typ":"at+jwt""#), ("cty", r#""kid":"k1""#)]
        {
            let header = format!(r#"{{"alg":"HS256",{others},"{name}":{value}}}"#);
            corpus.token(
                CLASS,
                &format!("{name} {value}"),
                &sign(header, claims()),
                Some(HeaderParameterType { name }),
            );
        }
    }
}

/// VF-6, RFC 9068 §4.
pub(crate) fn token_types(corpus: &mut Corpus) {
    const CLASS: &str = "typ";
    let header = |typ: &str| format!(r#"{{"alg":"HS256","kid":"k1","typ":"{typ}"}}"#);
    for typ in ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "APPLICATION/at+JWT"] {
        corpus.token(CLASS, typ, &sign(header(typ), claims()), None);
    }
    for typ in [
        "JWT",
        "jwt",
        "",
        "at",
        "jwt+at",
        "at+jwt ",
        " at+jwt",
        "at+jwt;charset=utf-8",
        "text/at+jwt",
        "application/",
        "application/application/at+jwt",
        "dpop+jwt",
        "logout+jwt",
        "JOSE",
        "at+jwt\\u0000",
        "\\u212Aat+jwt",
    ] {
        corpus.token(CLASS, typ, &sign(header(typ), claims()), Some(WrongType));
    }
    corpus.token(CLASS, "absent", &sign(r#"{"alg":"HS256","kid":"k1"}"#, claims()), Some(WrongType));
    let id_token = r#"{"alg":"HS256","kid":"k1","typ":"JWT"}"#;
    corpus.token(CLASS, "an ID token", &sign(id_token, claims()), Some(WrongType));
}

/// VF-3, RFC 8725 §3.10: keys come from our set and from nowhere else.
pub(crate) fn key_injection(corpus: &mut Corpus) {
    const CLASS: &str = "header key injection";
    for kid in [
        "../../dev/null",
        "/etc/passwd",
        "k1' OR '1'='1",
        "https://evil.example/keys",
        "k1\\u0000",
        "K1",
        " k1",
        "k1 ",
        "",
        "..%2f..%2fk1",
        "|id",
        "k1\\n",
        "*",
        "k2",
        "constructor",
        "__proto__",
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{kid}"}}"#);
        corpus.token(CLASS, &format!("kid {kid:?}"), &sign(header, claims()), Some(UnknownKeyId));
    }
    let forged = format!("{}.{}", b64(HEADER), b64("{}"));
    for member in [
        r#""jwk":{"kty":"oct","k":"ZXZpbGV2aWxldmlsZXZpbGV2aWxldmlsZXZpbA"}"#,
        r#""jku":"https://evil.example/jwks.json""#,
        r#""x5u":"https://evil.example/cert.pem""#,
        r#""x5c":["MIIB"]"#,
        r#""x5t":"AAAA""#,
        r#""x5t#S256":"AAAA""#,
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"k1",{member}}}"#);
        corpus.token(CLASS, &format!("{member}, signed by us"), &sign(&header, claims()), None);
        let token = format!("{}.{}.{}", b64(&header), b64(claims()), b64([0x66; 32]));
        corpus.token(CLASS, &format!("{member}, signed by another"), &token, Some(BadSignature));
    }
    let token = sign_encoded(&b64(HEADER), &b64(claims()));
    let (_, signature) = token.rsplit_once('.').unwrap();
    corpus.token(
        CLASS,
        "the signature of another token",
        &format!("{forged}.{signature}"),
        Some(BadSignature),
    );
}

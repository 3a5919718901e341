//! What the claims must be.

use countersign_jwt::VerifyError::{
    ClaimType, Expired, IssuedInTheFuture, MissingClaim, NotYetValid, PayloadJson, TimeOutOfRange,
    WrongAudience, WrongIssuer,
};
use countersign_jwt::{JsonError, VerifyError, verify_access_token};

use crate::fixture::{Corpus, HEADER, NOW, claims, claims_with, keys, policy, sign};

fn with(name: &str, value: &str) -> String {
    sign(HEADER, claims_with(&[(name, Some(value))]))
}

pub(crate) fn control(corpus: &mut Corpus) {
    const CLASS: &str = "control";
    corpus.token(CLASS, "plain", &sign(HEADER, claims()), None);
    corpus.token(CLASS, "whitespace", &sign(format!(" {HEADER}\n"), format!("\t{}\r\n", claims())), None);
    corpus.token(
        CLASS,
        "members in any order",
        &sign(r#"{"kid":"k1","typ":"at+jwt","alg":"HS256"}"#, claims()),
        None,
    );
    corpus.token(CLASS, "no kid, one key", &sign(r#"{"typ":"at+jwt","alg":"HS256"}"#, claims()), None);
    corpus.token(
        CLASS,
        "cty",
        &sign(r#"{"kid":"k1","typ":"at+jwt","alg":"HS256","cty":"x"}"#, claims()),
        None,
    );
    corpus.token(
        CLASS,
        "escapes",
        &sign(HEADER, claims_with(&[("iss", Some(r#""https:\/\/auth.ex\u0061mple""#))])),
        None,
    );
    for (name, value) in [
        ("aud", r#"["api"]"#),
        ("aud", r#"["other","api"]"#),
        ("nbf", "1800000000"),
        ("exp", "1800000000.5e0"),
        ("exp", "1.8000009e9"),
        ("exp", "253402300799"),
        ("iat", "0"),
        ("auth_time", "1799999000"),
        ("role", r#"["admin"]"#),
        ("username", "5"),
        ("custom", r#"{"deep":[1,2,{"x":null}]}"#),
        ("sub", r#""\ud83d\ude00""#),
    ] {
        // A fraction of a second counts against the token, so this one has expired at its whole second.
        let expected = (value == "1800000000.5e0").then_some(Expired);
        corpus.token(CLASS, &format!("{name} {value}"), &with(name, value), expected);
    }
}

/// VF-2: a time of the wrong type, or out of range, is never "absent".
pub(crate) fn times(corpus: &mut Corpus) {
    const CLASS: &str = "times";
    for claim in ["exp", "nbf", "iat", "auth_time"] {
        for value in ["null", "true", "\"1800000000\"", "\"\"", "[]", "[1800000900]", "{}", "{\"$date\":1}"] {
            corpus.token(CLASS, &format!("{claim} {value}"), &with(claim, value), Some(ClaimType { claim }));
        }
        for value in [
            "-1",
            "-1800000900",
            "-0.5",
            "253402300800",
            "1800000900000",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1e20",
            "1e308",
            "253402300799.5",
        ] {
            corpus.token(
                CLASS,
                &format!("{claim} {value}"),
                &with(claim, value),
                Some(TimeOutOfRange { claim }),
            );
        }
        let expected = Some(PayloadJson(JsonError::NumberOutOfRange));
        corpus.token(CLASS, &format!("{claim} 1e400"), &with(claim, "1e400"), expected);
    }
    for claim in ["exp", "iat"] {
        let token = sign(HEADER, claims_with(&[(claim, None)]));
        corpus.token(CLASS, &format!("no {claim}"), &token, Some(MissingClaim { claim }));
    }
    corpus.token(CLASS, "exp 0", &with("exp", "0"), Some(Expired));
    corpus.token(CLASS, "exp -0", &with("exp", "-0"), Some(Expired));
    corpus.token(CLASS, "exp 1e-300", &with("exp", "1e-300"), Some(Expired));
    corpus.token(
        CLASS,
        "Exp instead of exp",
        &sign(HEADER, claims_with(&[("exp", None), ("Exp", Some("1900000000"))])),
        Some(MissingClaim { claim: "exp" }),
    );
}

/// RFC 7519 §4.1.4: valid while `now < exp`; VF-10.
pub(crate) fn time_boundaries(corpus: &mut Corpus) {
    const CLASS: &str = "time boundaries";
    for (name, value, expected) in [
        ("exp", "1800000001", None),
        ("exp", "1800000000", Some(Expired)),
        ("exp", "1799999999", Some(Expired)),
        ("exp", "1800000000.999", Some(Expired)),
        ("exp", "1800000001.5", None),
        ("nbf", "1799999999", None),
        ("nbf", "1800000000", None),
        ("nbf", "1800000000.001", Some(NotYetValid)),
        ("nbf", "1800000001", Some(NotYetValid)),
        ("iat", "1800000000", None),
        ("iat", "1800000000.001", Some(IssuedInTheFuture)),
        ("iat", "1800000001", Some(IssuedInTheFuture)),
    ] {
        corpus.token(CLASS, &format!("{name} {value}"), &with(name, value), expected);
    }
    let token = sign(HEADER, claims());
    for (now, expected) in [
        (i64::MIN, Some(IssuedInTheFuture)),
        (-1, Some(IssuedInTheFuture)),
        (0, Some(IssuedInTheFuture)),
        (NOW - 1, Some(IssuedInTheFuture)),
        (NOW, None),
        (NOW + 899, None),
        (NOW + 900, Some(Expired)),
        (i64::MAX, Some(Expired)),
    ] {
        let met = verify_access_token(&token, &keys(), &policy(), now).err();
        corpus.case(CLASS, &format!("now {now}"), met, expected);
    }
}

/// VF-2, VF-6, LB-1, RFC 7519 §4.1.1 to §4.1.3.
pub(crate) fn issuer_audience_subject(corpus: &mut Corpus) {
    const CLASS: &str = "iss, aud, sub";
    for claim in ["iss", "aud", "sub"] {
        let missing = sign(HEADER, claims_with(&[(claim, None)]));
        corpus.token(CLASS, &format!("no {claim}"), &missing, Some(MissingClaim { claim }));
        for value in ["null", "5", "true", "{}", r#"{"api":1}"#] {
            corpus.token(CLASS, &format!("{claim} {value}"), &with(claim, value), Some(ClaimType { claim }));
        }
    }
    for value in [r#"["https://auth.example"]"#, r#"["https://evil.example","https://auth.example"]"#, "[]"] {
        corpus.token(CLASS, &format!("iss {value}"), &with("iss", value), Some(ClaimType { claim: "iss" }));
        corpus.token(CLASS, &format!("sub {value}"), &with("sub", value), Some(ClaimType { claim: "sub" }));
    }
    for value in [
        r#""""#,
        r#""https://auth.example/""#,
        r#""https://auth.exampl""#,
        r#""HTTPS://auth.example""#,
        r#""https://auth.example ""#,
        r#""https://auth.example\u0000""#,
        r#""https://auth.example.evil.example""#,
        r#""https://аuth.example""#,
    ] {
        corpus.token(CLASS, &format!("iss {value}"), &with("iss", value), Some(WrongIssuer));
    }
    for value in [r#"["api",5]"#, r#"[["api"]]"#, r#"["api",null]"#, r#"[{"aud":"api"}]"#, r#"["x",["api"]]"#]
    {
        corpus.token(CLASS, &format!("aud {value}"), &with("aud", value), Some(ClaimType { claim: "aud" }));
    }
    for value in [
        "[]",
        r#""""#,
        r#""API""#,
        r#""api ""#,
        r#""api,x""#,
        r#""x api""#,
        r#""ap""#,
        r#""api2""#,
        r#""*""#,
        r#"["x"]"#,
        r#"["x","API"]"#,
        r#""\u0430pi""#,
    ] {
        corpus.token(CLASS, &format!("aud {value}"), &with("aud", value), Some(WrongAudience));
    }
    corpus.token(CLASS, "empty sub", &with("sub", r#""""#), Some(ClaimType { claim: "sub" }));
}

pub(crate) fn optional_claims(corpus: &mut Corpus) {
    const CLASS: &str = "other claims";
    for claim in ["jti", "sid", "client_id", "scope"] {
        for value in ["null", "5", "true", "[]", r#"["x"]"#, "{}"] {
            corpus.token(CLASS, &format!("{claim} {value}"), &with(claim, value), Some(ClaimType { claim }));
        }
    }
    for (claim, values) in [
        ("acr", ["null", "5", "[]", r#"["x"]"#, "{}", "true"]),
        ("amr", ["null", "5", r#""pwd""#, r#"["pwd",5]"#, r#"[["pwd"]]"#, "{}"]),
    ] {
        for value in values {
            corpus.token(CLASS, &format!("{claim} {value}"), &with(claim, value), Some(ClaimType { claim }));
        }
    }
    for (claim, value) in [("acr", r#""urn:mfa""#), ("amr", r#"["pwd","otp"]"#), ("amr", "[]")] {
        corpus.token(CLASS, &format!("{claim} {value}"), &with(claim, value), None);
    }
    let thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    for value in [
        "null",
        "5",
        r#""x""#,
        "[]",
        r#"{"jkt":null}"#,
        r#"{"jkt":5}"#,
        r#"{"jkt":""}"#,
        r#"{"jkt":"x"}"#,
        r#"{"jkt":["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]}"#,
        r#"{"jkt":"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs="}"#,
        r#"{"jkt":"NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs"}"#,
    ] {
        corpus.token(CLASS, &format!("cnf {value}"), &with("cnf", value), Some(ClaimType { claim: "cnf" }));
    }
    for value in ["{}", r#"{"x5t#S256":"x"}"#, &format!(r#"{{"jkt":"{thumbprint}"}}"#)] {
        corpus.token(CLASS, &format!("cnf {value}"), &with("cnf", value), None);
    }
    let missing: Option<VerifyError> = Some(MissingClaim { claim: "jti" });
    corpus.token(CLASS, "no jti in an at+jwt", &sign(HEADER, claims_with(&[("jti", None)])), missing);
}

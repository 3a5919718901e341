//! Policies for tokens of other issuers: what each way to demand less lets through, and what it still
//! refuses.

use std::time::Duration;

use countersign_jwt::VerifyError::{
    ClaimType, Expired, IssuedInTheFuture, MissingClaim, MissingRole, MissingScope, NotYetValid,
    TimeOutOfRange, WrongAudience, WrongClaimValue, WrongIssuer, WrongType,
};
use countersign_jwt::{ClaimsPolicy, TokenType, VerifyError, verify_access_token};

use crate::fixture::{Corpus, HEADER, NOW, claims_with, keys, policy, sign};

/// No `typ`, as many issuers write it.
const UNTYPED: &str = r#"{"alg":"HS256","kid":"k1"}"#;
const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example";

fn relaxed() -> ClaimsPolicy {
    ClaimsPolicy::new("https://auth.example", "api", TokenType::JwtOrAbsent, Duration::ZERO)
}

fn cognito() -> ClaimsPolicy {
    ClaimsPolicy::new(POOL, "https://api.example", TokenType::JwtOrAbsent, Duration::ZERO)
        .dangerous_accept_missing_audience()
        .require_claim("token_use", ["access"])
        .require_claim("client_id", ["web-client", "mobile-client"])
}

/// The claims of an access token of Amazon Cognito, with some members replaced.
fn cognito_claims(changes: &[(&str, Option<&str>)]) -> String {
    let pool = format!("\"{POOL}\"");
    let mut all = vec![
        ("aud", None),
        ("iss", Some(pool.as_str())),
        ("client_id", Some(r#""mobile-client""#)),
        ("origin_jti", Some(r#""o1""#)),
        ("token_use", Some(r#""access""#)),
        ("scope", Some(r#""aws.cognito.signin.user.admin openid""#)),
        ("auth_time", Some("1800000000")),
        ("username", Some(r#""alice""#)),
        ("cognito:groups", Some(r#"["readers","admins"]"#)),
    ];
    all.extend(changes);
    claims_with(&all)
}

pub(crate) fn without_audience(corpus: &mut Corpus) {
    const CLASS: &str = "without an audience";
    let mut case = |policy: &ClaimsPolicy, name: &str, changes: &[(&str, Option<&str>)], expected| {
        corpus.under(policy, (CLASS, name), &sign(UNTYPED, cognito_claims(changes)), expected);
    };
    let id_token = [("token_use", Some(r#""id""#)), ("aud", Some(r#""mobile-client""#)), ("client_id", None)];
    case(&cognito(), "Cognito access token", &[], None);
    case(&cognito(), "Cognito ID token", &id_token, Some(WrongAudience));
    // What only `token_use` still refuses.
    case(&cognito(), "ID token without aud", &[("token_use", Some(r#""id""#))], Some(wrong("token_use")));
    case(&cognito(), "no token_use", &[("token_use", None)], Some(MissingClaim { claim: "token_use" }));
    case(&cognito(), "another client", &[("client_id", Some(r#""evil""#))], Some(wrong("client_id")));
    case(&cognito(), "no client", &[("client_id", None)], Some(MissingClaim { claim: "client_id" }));
    case(&cognito(), "prefix", &[("client_id", Some(r#""mobile-client2""#))], Some(wrong("client_id")));
    let grouped = cognito().require_claim("cognito:groups", ["admins"]);
    case(&grouped, "a group of several", &[], None);
    case(&grouped, "another group", &[("cognito:groups", Some(r#"["x"]"#))], Some(wrong("cognito:groups")));

    let strict = ClaimsPolicy::new(POOL, "https://api.example", TokenType::JwtOrAbsent, Duration::ZERO);
    case(&strict, "the strict policy", &[], Some(MissingClaim { claim: "aud" }));
    // RFC 7519 §4.1.3: an audience that is there must be ours.
    for (value, expected) in [
        (r#""https://api.example""#, None),
        (r#"["other","https://api.example"]"#, None),
        (r#""other""#, Some(WrongAudience)),
        (r#"["other"]"#, Some(WrongAudience)),
        ("[]", Some(WrongAudience)),
        (r#""""#, Some(WrongAudience)),
        ("null", Some(ClaimType { claim: "aud" })),
        (r#"["https://api.example",5]"#, Some(ClaimType { claim: "aud" })),
    ] {
        case(&cognito(), &format!("aud {value}"), &[("aud", Some(value))], expected);
    }
    // It is a matter of the audience alone.
    case(&cognito(), "no exp", &[("exp", None)], Some(MissingClaim { claim: "exp" }));
    case(&cognito(), "another pool", &[("iss", Some(r#""https://evil.example""#))], Some(WrongIssuer));
    let typed = policy().dangerous_accept_missing_audience();
    corpus.under(&typed, (CLASS, "at+jwt"), &sign(HEADER, claims_with(&[("aud", None)])), None);
    corpus.under(&typed, (CLASS, "type confusion"), &sign(UNTYPED, claims_with(&[])), Some(WrongType));
}

fn wrong(claim: &'static str) -> VerifyError {
    WrongClaimValue { claim }
}

pub(crate) fn without_issued_at(corpus: &mut Corpus) {
    const CLASS: &str = "without iat";
    let lenient = relaxed().dangerous_accept_missing_issued_at();
    let missing = Some(MissingClaim { claim: "iat" });
    let token = sign(UNTYPED, claims_with(&[("iat", None)]));
    corpus.under(&lenient, (CLASS, "absent"), &token, None);
    corpus.under(&relaxed(), (CLASS, "the strict policy"), &token, missing);
    let accepted = verify_access_token(&token, &keys(), &lenient, NOW).unwrap();
    corpus.case(CLASS, "no time is made up", accepted.issued_at(), None);
    for (value, expected) in [
        ("1800000000", None),
        ("1800000001", Some(IssuedInTheFuture)),
        ("null", Some(ClaimType { claim: "iat" })),
        ("\"1800000000\"", Some(ClaimType { claim: "iat" })),
        ("1800000000000", Some(TimeOutOfRange { claim: "iat" })),
    ] {
        let token = sign(UNTYPED, claims_with(&[("iat", Some(value))]));
        corpus.under(&lenient, (CLASS, &format!("iat {value}")), &token, expected);
    }
    for (name, value, expected) in [("exp", "1800000000", Expired), ("nbf", "1800000001", NotYetValid)] {
        let token = sign(UNTYPED, claims_with(&[("iat", None), (name, Some(value))]));
        corpus.under(&lenient, (CLASS, &format!("{name} {value}")), &token, Some(expected));
    }
    // RFC 9068 §2.2 demands it of access tokens, however the type is spelled.
    let token = sign(HEADER, claims_with(&[("iat", None)]));
    for token_type in [
        TokenType::AccessToken,
        TokenType::Exactly("at+jwt".into()),
        TokenType::Exactly("application/AT+JWT".into()),
    ] {
        let policy = ClaimsPolicy::new("https://auth.example", "api", token_type.clone(), Duration::ZERO)
            .dangerous_accept_missing_issued_at();
        corpus.under(&policy, (CLASS, &format!("{token_type:?}")), &token, missing);
        let no_id = sign(HEADER, claims_with(&[("jti", None)]));
        let missing = Some(MissingClaim { claim: "jti" });
        corpus.under(&policy, (CLASS, &format!("{token_type:?}, no jti")), &no_id, missing);
    }
    let exactly =
        ClaimsPolicy::new("https://auth.example", "api", TokenType::Exactly("x".into()), Duration::ZERO)
            .dangerous_accept_missing_issued_at();
    let token = sign(r#"{"alg":"HS256","typ":"x"}"#, claims_with(&[("iat", None), ("jti", None)]));
    corpus.under(&exactly, (CLASS, "another type"), &token, None);
}

pub(crate) fn several_issuers_and_audiences(corpus: &mut Corpus) {
    const CLASS: &str = "several issuers, several audiences";
    let policy = policy()
        .or_issuer("https://old.example")
        .or_issuer("https://older.example")
        .or_audience("https://api.example")
        .or_audience("legacy");
    for (iss, expected) in [
        (r#""https://auth.example""#, None),
        (r#""https://old.example""#, None),
        (r#""https://older.example""#, None),
        (r#""https://oldest.example""#, Some(WrongIssuer)),
        (r#""https://old.example/""#, Some(WrongIssuer)),
        (r#""https://auth.examplehttps://old.example""#, Some(WrongIssuer)),
        (r#""""#, Some(WrongIssuer)),
        (r#"["https://auth.example","https://old.example"]"#, Some(ClaimType { claim: "iss" })),
    ] {
        let token = sign(HEADER, claims_with(&[("iss", Some(iss))]));
        corpus.under(&policy, (CLASS, &format!("iss {iss}")), &token, expected);
        if expected.is_none() {
            let accepted = verify_access_token(&token, &keys(), &policy, NOW).unwrap();
            let differs = (format!("\"{}\"", accepted.issuer()) != iss).then(|| accepted.issuer().to_owned());
            corpus.case(CLASS, "the issuer of the token, and no other, is reported", differs, None);
        }
    }
    for (aud, expected) in [
        (r#""api""#, None),
        (r#""legacy""#, None),
        (r#"["x","https://api.example"]"#, None),
        (r#"["api","legacy","x"]"#, None),
        (r#"["x","y"]"#, Some(WrongAudience)),
        ("[]", Some(WrongAudience)),
        (r#""api legacy""#, Some(WrongAudience)),
        (r#"["legacy",null]"#, Some(ClaimType { claim: "aud" })),
    ] {
        let token = sign(HEADER, claims_with(&[("aud", Some(aud))]));
        corpus.under(&policy, (CLASS, &format!("aud {aud}")), &token, expected);
    }
    let missing = sign(HEADER, claims_with(&[("aud", None)]));
    corpus.under(&policy, (CLASS, "no aud"), &missing, Some(MissingClaim { claim: "aud" }));
}

pub(crate) fn scopes(corpus: &mut Corpus) {
    const CLASS: &str = "required scopes";
    let one = policy().require_scope("read");
    let two = policy().require_scope("read").require_scope("write");
    let mut case = |policy: &ClaimsPolicy, name: &str, value: &str, expected| {
        let token = sign(HEADER, claims_with(&[(name, Some(value))]));
        corpus.under(policy, (CLASS, &format!("{name} {value}")), &token, expected);
    };
    for name in ["scope", "scp"] {
        for value in [r#""read""#, r#""x read write""#, r#""write read""#, r#""  read  ""#] {
            case(&one, name, value, None);
        }
        for value in [
            r#""""#,
            r#"" ""#,
            r#""Read""#,
            r#""reader""#,
            r#""read:all""#,
            r#""read,write""#,
            r#""read\twrite""#,
            r#""read\nwrite""#,
        ] {
            case(&one, name, value, Some(MissingScope));
        }
        case(&two, name, r#""write read""#, None);
        case(&two, name, r#""read""#, Some(MissingScope));
        case(&two, name, r#""write write""#, Some(MissingScope));
    }
    // `scp` may be an array; then each element is one name.
    case(&two, "scp", r#"["write","read"]"#, None);
    for value in ["[]", r#"[""]"#, r#"["read write"]"#, r#"["write"]"#] {
        case(&two, "scp", value, Some(MissingScope));
    }
    for value in ["null", "5", "true", "{}", r#"["read","write",5]"#, r#"[["read","write"]]"#] {
        case(&two, "scp", value, Some(ClaimType { claim: "scp" }));
        // A policy that asks for no scope does not read a claim that is not registered.
        case(&policy(), "scp", value, None);
    }
    case(&one, "scope", r#"["read"]"#, Some(ClaimType { claim: "scope" }));
    case(&policy().require_scope(""), "scope", r#""  read ""#, Some(MissingScope));

    // The registered claim decides alone.
    for (scope, scp, expected) in [
        (r#""openid""#, r#"["read"]"#, Some(MissingScope)),
        (r#""""#, r#""read""#, Some(MissingScope)),
        (r#""read""#, r#"["x"]"#, None),
        (r#""read""#, "5", None),
    ] {
        let token = sign(HEADER, claims_with(&[("scope", Some(scope)), ("scp", Some(scp))]));
        corpus.under(&one, (CLASS, &format!("scope {scope}, scp {scp}")), &token, expected);
    }
    corpus.under(&one, (CLASS, "neither"), &sign(HEADER, claims_with(&[])), Some(MissingScope));
    // That scopes are missing is said of a token that is otherwise good.
    let expired = sign(HEADER, claims_with(&[("exp", Some("1800000000"))]));
    corpus.under(&one, (CLASS, "an expired token"), &expired, Some(Expired));
}

pub(crate) fn roles(corpus: &mut Corpus) {
    const CLASS: &str = "required roles";
    let one = policy().require_role("admin");
    let two = policy().require_role("admin").require_role("auditor");
    let mut case = |policy: &ClaimsPolicy, name: &str, value: &str, expected| {
        let token = sign(HEADER, claims_with(&[(name, Some(value))]));
        corpus.under(policy, (CLASS, &format!("{name} {value}")), &token, expected);
    };
    for name in ["role", "roles"] {
        for value in [r#""admin""#, r#"["admin"]"#, r#"["x","admin"]"#] {
            case(&one, name, value, None);
        }
        for value in [r#""""#, "[]", r#""Admin""#, r#""admin user""#, r#""administrator""#, r#"["user"]"#] {
            case(&one, name, value, Some(MissingRole));
        }
        let claim = if name == "role" { "role" } else { "roles" };
        for value in ["null", "5", "{}", r#"{"admin":true}"#, r#"["admin",1]"#, r#"[{"value":"admin"}]"#] {
            case(&one, name, value, Some(ClaimType { claim }));
            case(&policy(), name, value, None);
        }
        case(&two, name, r#"["auditor","admin"]"#, None);
        case(&two, name, r#"["admin","admin"]"#, Some(MissingRole));
    }
    for (role, roles, expected) in
        [(r#""user""#, r#"["admin"]"#, Some(MissingRole)), (r#""admin""#, "5", None)]
    {
        let token = sign(HEADER, claims_with(&[("role", Some(role)), ("roles", Some(roles))]));
        corpus.under(&one, (CLASS, &format!("role {role}, roles {roles}")), &token, expected);
    }
    corpus.under(&one, (CLASS, "neither"), &sign(HEADER, claims_with(&[])), Some(MissingRole));
}

pub(crate) fn required_claims(corpus: &mut Corpus) {
    const CLASS: &str = "required claims";
    let policy = policy().require_claim("tenant", ["blue", "green"]);
    for (value, expected) in [
        (r#""blue""#, None),
        (r#""green""#, None),
        (r#"["red","green"]"#, None),
        (r#""red""#, Some(wrong("tenant"))),
        (r#""""#, Some(wrong("tenant"))),
        (r#""Blue""#, Some(wrong("tenant"))),
        (r#""blue green""#, Some(wrong("tenant"))),
        ("[]", Some(wrong("tenant"))),
        ("null", Some(ClaimType { claim: "tenant" })),
        ("true", Some(ClaimType { claim: "tenant" })),
        (r#"{"blue":1}"#, Some(ClaimType { claim: "tenant" })),
        (r#"["blue",5]"#, Some(ClaimType { claim: "tenant" })),
    ] {
        let token = sign(HEADER, claims_with(&[("tenant", Some(value))]));
        corpus.under(&policy, (CLASS, value), &token, expected);
    }
    let absent = sign(HEADER, claims_with(&[]));
    corpus.under(&policy, (CLASS, "absent"), &absent, Some(MissingClaim { claim: "tenant" }));
    let nothing = crate::fixture::policy().require_claim("tenant", Vec::<String>::new());
    for value in [r#""blue""#, r#""""#, "[]"] {
        let token = sign(HEADER, claims_with(&[("tenant", Some(value))]));
        corpus.under(&nothing, (CLASS, &format!("no value, {value}")), &token, Some(wrong("tenant")));
    }
}

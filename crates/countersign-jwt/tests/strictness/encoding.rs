//! How the three parts are written: base64url, JSON, sizes.

use countersign_jwt::VerifyError::{
    self, BadSignature, HeaderEncoding, HeaderJson, HeaderTooLong, KeyIdTooLong, PartCount, PayloadEncoding,
    PayloadJson, SignatureEncoding, TokenTooLong,
};
use countersign_jwt::{JsonError, UnverifiedJws};

use crate::fixture::{Corpus, HEADER, b64, claims, claims_with, sign, sign_encoded};

/// VF-4, RFC 7515 §2. Every token but those of the signature's class is signed as it stands.
pub(crate) fn base64url(corpus: &mut Corpus) {
    const CLASS: &str = "base64url";
    let (header, payload) = (b64(HEADER), b64(claims()));
    let variants = |part: &str| {
        let (start, end) = part.split_at(4);
        [
            ("one =", format!("{part}=")),
            ("two =", format!("{part}==")),
            ("= inside", format!("{start}={end}")),
            ("percent-encoded padding", format!("{part}%3D")),
            ("space before", format!(" {part}")),
            ("space after", format!("{part} ")),
            ("newline inside", format!("{start}\n{end}")),
            ("CRLF inside", format!("{start}\r\n{end}")),
            ("tab inside", format!("{start}\t{end}")),
            ("NUL inside", format!("{start}\0{end}")),
            ("plus sign", format!("{start}+{end}")),
            ("slash", format!("{start}/{end}")),
            ("not ASCII", format!("{start}é{end}")),
            ("full-width letter", format!("{start}Ａ{end}")),
            ("impossible length", format!("{part}{}", &"AAAA"[..(5 - part.len() % 4) % 4])),
        ]
    };
    for (case, header) in variants(&header) {
        corpus.token(
            CLASS,
            &format!("header: {case}"),
            &sign_encoded(&header, &payload),
            Some(HeaderEncoding),
        );
    }
    for (case, payload) in variants(&payload) {
        corpus.token(
            CLASS,
            &format!("payload: {case}"),
            &sign_encoded(&header, &payload),
            Some(PayloadEncoding),
        );
    }
    let token = sign_encoded(&header, &payload);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for (case, signature) in variants(signature) {
        corpus.token(
            CLASS,
            &format!("signature: {case}"),
            &format!("{signed}.{signature}"),
            Some(SignatureEncoding),
        );
    }
    for (case, json, expected) in
        [("header", HEADER.to_owned(), HeaderEncoding), ("payload", claims(), PayloadEncoding)]
    {
        let part = non_canonical(&json);
        let token =
            if case == "header" { sign_encoded(&part, &payload) } else { sign_encoded(&header, &part) };
        corpus.token(CLASS, &format!("{case}: trailing bits"), &token, Some(expected));
    }
    let last = signature.chars().last().unwrap();
    let next = char::from(u8::try_from(last).unwrap() + 1);
    let other = format!("{signed}.{}{next}", &signature[..signature.len() - 1]);
    corpus.token(CLASS, "signature: trailing bits", &other, Some(SignatureEncoding));
}

/// The same bytes with a bit set that encodes nothing: whitespace brings the text to the length that has one.
fn non_canonical(json: &str) -> String {
    let mut json = json.to_owned();
    while json.len() % 3 != 1 {
        json.push(' ');
    }
    let canonical = b64(&json);
    let last = canonical.chars().last().unwrap();
    format!("{}{}", &canonical[..canonical.len() - 1], char::from(u8::try_from(last).unwrap() + 1))
}

/// VF-4: three parts, and no other serialisation.
pub(crate) fn parts(corpus: &mut Corpus) {
    const CLASS: &str = "parts";
    let (header, payload) = (b64(HEADER), b64(claims()));
    let token = sign(HEADER, claims());
    let json = format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"AAAA"}}"#);
    for (case, text, expected) in [
        ("empty", String::new(), PartCount),
        ("one dot", ".".into(), PartCount),
        ("two dots", "..".into(), HeaderJson(JsonError::NotAnObject)),
        ("three dots", "...".into(), PartCount),
        ("four dots", "....".into(), PartCount),
        ("header only", header.clone(), PartCount),
        ("no signature part", format!("{header}.{payload}"), PartCount),
        ("empty signature", format!("{header}.{payload}."), BadSignature),
        ("a fourth part", format!("{token}.AAAA"), PartCount),
        ("dot at the end", format!("{token}."), PartCount),
        ("dot at the start", format!(".{token}"), PartCount),
        ("five parts: encrypted", format!("{token}.AAAA.AAAA"), PartCount),
        ("empty header", format!(".{payload}.AAAA"), HeaderJson(JsonError::NotAnObject)),
        ("JSON serialisation", json.clone(), PartCount),
        ("two tokens", format!("{token} {token}"), PartCount),
        ("Bearer in front", format!("Bearer {token}"), HeaderEncoding),
        ("quotes around", format!("\"{token}\""), HeaderEncoding),
        ("7000 dots", ".".repeat(7000), PartCount),
    ] {
        corpus.token(CLASS, case, &text, Some(expected));
    }
    corpus.token(
        CLASS,
        "empty payload, signed",
        &sign(HEADER, ""),
        Some(PayloadJson(JsonError::NotAnObject)),
    );
    corpus.token(
        CLASS,
        "a nested token, signed",
        &sign(HEADER, &token),
        Some(PayloadJson(JsonError::NotAnObject)),
    );
}

/// VF-5, RFC 8259.
pub(crate) fn json_forms(corpus: &mut Corpus) {
    const CLASS: &str = "JSON forms";
    let payload = claims();
    let members = &payload[1..payload.len() - 1];
    for (case, text, error) in [
        ("array", format!("[{payload}]"), JsonError::NotAnObject),
        ("array of pairs", r#"["HS256"]"#.into(), JsonError::NotAnObject),
        ("string", r#""x""#.into(), JsonError::NotAnObject),
        ("number", "5".into(), JsonError::NotAnObject),
        ("null", "null".into(), JsonError::NotAnObject),
        ("nothing", " ".into(), JsonError::NotAnObject),
        ("byte-order mark", format!("\u{feff}{payload}"), JsonError::NotAnObject),
        ("two objects", format!("{payload}{payload}"), JsonError::Syntax),
        ("text after", format!("{payload}x"), JsonError::Syntax),
        ("NUL after", format!("{payload}\0"), JsonError::Syntax),
        ("cut off", payload[..payload.len() - 1].to_owned(), JsonError::Syntax),
        ("trailing comma", format!("{{{members},}}"), JsonError::Syntax),
        ("comment", format!("{{/**/{members}}}"), JsonError::Syntax),
        ("single quotes", payload.replace('"', "'"), JsonError::Syntax),
        ("bare name", format!("{{x:1,{members}}}"), JsonError::Syntax),
        ("NaN", format!("{{\"x\":NaN,{members}}}"), JsonError::Syntax),
        ("Infinity", format!("{{\"x\":Infinity,{members}}}"), JsonError::Syntax),
        ("hexadecimal", format!("{{\"x\":0x10,{members}}}"), JsonError::Syntax),
        ("leading zero", format!("{{\"x\":01,{members}}}"), JsonError::Syntax),
        ("plus sign", format!("{{\"x\":+1,{members}}}"), JsonError::Syntax),
        ("no fraction", format!("{{\"x\":1.,{members}}}"), JsonError::Syntax),
        ("control character", format!("{{\"x\":\"\u{1}\",{members}}}"), JsonError::Syntax),
        ("newline in string", format!("{{\"x\":\"\n\",{members}}}"), JsonError::Syntax),
        ("unknown escape", format!("{{\"x\":\"\\x41\",{members}}}"), JsonError::Syntax),
        ("no-break space", format!("{{\u{a0}{members}}}"), JsonError::Syntax),
        ("lone surrogate", format!("{{\"x\":\"\\ud800\",{members}}}"), JsonError::LoneSurrogate),
        ("lone low surrogate", format!("{{\"x\":\"\\udc00\",{members}}}"), JsonError::LoneSurrogate),
        ("surrogate in a name", format!("{{\"\\ud83d\":1,{members}}}"), JsonError::LoneSurrogate),
        ("1e400", format!("{{\"x\":1e400,{members}}}"), JsonError::NumberOutOfRange),
        ("-1e400", format!("{{\"x\":-1e400,{members}}}"), JsonError::NumberOutOfRange),
    ] {
        corpus.token(CLASS, &format!("payload: {case}"), &sign(HEADER, &text), Some(PayloadJson(error)));
        corpus.token(CLASS, &format!("header: {case}"), &sign(&text, &payload), Some(HeaderJson(error)));
    }
    for bytes in
        [&b"{\"x\":\"\xff\"}"[..], b"{\"x\":\"\xc0\xaf\"}", b"{\"x\":\"\xed\xa0\x80\"}", b"\xff\xfe{\0}\0"]
    {
        let (payload_error, header_error) = (PayloadJson(JsonError::NotUtf8), HeaderJson(JsonError::NotUtf8));
        corpus.token(CLASS, "payload: not UTF-8", &sign(HEADER, bytes), Some(payload_error));
        corpus.token(CLASS, "header: not UTF-8", &sign(bytes, &payload), Some(header_error));
    }
}

/// VF-5, RFC 7515 §4, RFC 7519 §4.
pub(crate) fn duplicate_names(corpus: &mut Corpus) {
    const CLASS: &str = "duplicate names";
    let header_error = HeaderJson(JsonError::DuplicateName);
    for member in [
        r#""alg":"HS256""#,
        r#""alg":"none""#,
        r#""\u0061lg":"none""#,
        r#""typ":"at+jwt""#,
        r#""kid":"k2""#,
        r#""x":1,"x":1"#,
        r#""jwk":{"kty":"oct","kty":"RSA"}"#,
        r#""x":[{"a":1},{"b":[{"c":1,"c":2}]}]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"k1",{member}}}"#);
        corpus.token(CLASS, &format!("header: {member}"), &sign(header, claims()), Some(header_error));
    }
    let payload = claims();
    let members = &payload[1..payload.len() - 1];
    for member in [
        r#""exp":1800000900"#,
        r#""exp":9999999999"#,
        r#""\u0065xp":9999999999"#,
        r#""aud":"api""#,
        r#""iss":"https://evil.example""#,
        r#""sub":"bob""#,
        r#""jti":"j2""#,
        r#""custom":1,"custom":2"#,
        r#""":1,"":2"#,
        r#""role":{"admin":false,"admin":true}"#,
        r#""a":[[[{"b":{"c":[{"d":1,"e":2,"d":3}]}}]]]"#,
    ] {
        for text in [format!("{{{members},{member}}}"), format!("{{{member},{members}}}")] {
            let expected = Some(PayloadJson(JsonError::DuplicateName));
            corpus.token(CLASS, &format!("payload: {member}"), &sign(HEADER, text), expected);
        }
    }
    let siblings = claims_with(&[("a", Some(r#"[{"x":1},{"x":1}]"#)), ("x", Some(r#"{"exp":1}"#))]);
    corpus.token(CLASS, "the same name in different objects", &sign(HEADER, siblings), None);
}

/// VF-5 and VF-11.
pub(crate) fn size_and_depth(corpus: &mut Corpus) {
    const CLASS: &str = "size and depth";
    let padded = |length: usize| {
        // One character more of claims is 4/3 characters more of token; spaces bring it to the exact length.
        let base = sign(HEADER, claims()).len();
        let wanted = length - base;
        let token = sign(HEADER, format!("{}{}", claims(), " ".repeat(wanted * 3 / 4)));
        assert!(token.len() >= length - 1, "{} {length}", token.len());
        token
    };
    corpus.token(CLASS, "just under 8 KiB", &padded(8190), None);
    corpus.token(CLASS, "just over 8 KiB", &padded(8195), Some(TokenTooLong));
    corpus.token(CLASS, "1 MB of dots", &".".repeat(1_000_000), Some(TokenTooLong));
    corpus.token(CLASS, "1 MB of A", &"A".repeat(1_000_000), Some(TokenTooLong));

    let header = |pad: usize| format!("{HEADER}{}", " ".repeat(pad));
    corpus.token(CLASS, "header of 4096", &sign(header(3072 - HEADER.len()), claims()), None);
    corpus.token(CLASS, "header of 4098", &sign(header(3073 - HEADER.len()), claims()), Some(HeaderTooLong));

    let kid = |length: usize| format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#, "k".repeat(length));
    corpus.token(CLASS, "kid of 128", &sign(kid(128), claims()), Some(VerifyError::UnknownKeyId));
    corpus.token(CLASS, "kid of 129", &sign(kid(129), claims()), Some(KeyIdTooLong));
    let wide = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"{}"}}"#, "é".repeat(65));
    corpus.token(CLASS, "kid of 65 letters and 130 bytes", &sign(wide, claims()), Some(KeyIdTooLong));

    let array = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let object = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for (case, value, fits) in [
        ("arrays to depth 32", array(31), true),
        ("arrays to depth 33", array(32), false),
        ("objects to depth 32", object(31), true),
        ("objects to depth 33", object(32), false),
        ("arrays to depth 1000", array(1000), false),
    ] {
        let payload = claims_with(&[("x", Some(&value))]);
        let expected = (!fits).then_some(PayloadJson(JsonError::TooDeep));
        corpus.token(CLASS, &format!("payload: {case}"), &sign(HEADER, payload), expected);
        let header = format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"k1","x":{value}}}"#);
        let expected = (!fits).then_some(HeaderJson(JsonError::TooDeep));
        corpus.token(CLASS, &format!("header: {case}"), &sign(header, claims()), expected);
    }
    let open = format!("{{\"x\":{}", "[".repeat(3000));
    let verdict = UnverifiedJws::parse(&format!("{}.e30.AAAA", b64(open))).err();
    corpus.case(CLASS, "3000 open brackets", verdict, Some(HeaderJson(JsonError::TooDeep)));
}

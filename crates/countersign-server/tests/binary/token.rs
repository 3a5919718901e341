//! `countersign token` and the key files: without a server, against the texts that people have.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::harness::{PASSWORD, Place, Ran};

/// RFC 7515 A.1's token without its last character's worth of trust: signed with a key that everybody knows, expired 2011.
const RFC_7515_A1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn outcome(ran: &Ran, rule: &str) -> String {
    let checks = ran.json()["checks"].as_array().unwrap().clone();
    let check = checks
        .iter()
        .find(|check| check["rule"] == rule)
        .unwrap_or_else(|| panic!("{rule}: {ran:?}"))
        .clone();
    check["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_is_decoded_from_an_argument_or_standard_input() {
    let place = Place::new();
    let bearer = format!("  Bearer {RFC_7515_A1}\n");
    for ran in [
        place.run(&["token", "decode", RFC_7515_A1]),
        place.run(&["token", "decode", &bearer]),
        place.run_with(&["token", "decode"], &bearer),
        place.run_with(&["token", "decode", "-"], RFC_7515_A1),
        place.run_with(&["token", "decode"], &format!("authorization:{bearer}")),
    ] {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        for said in ["NOT VERIFIED", "\"iss\": \"joe\"", "exp        2011-03-22 18:43:00", "days ago"] {
            assert!(ran.out.contains(said), "{said}: {ran:?}");
        }
    }
    let json = place.run(&["token", "decode", RFC_7515_A1, "--json"]).json();
    assert_eq!((json["verified"].as_bool(), json["payload"]["iss"].as_str()), (Some(false), Some("joe")));
    let ran = place.run(&["token", "decode", "a.b"]);
    assert!(ran.code == Some(1) && ran.out.contains("This is no token"), "{ran:?}");
}

/// The tests of `countersign-jwt` and of the debugger page read the same list.
#[test]
fn the_command_line_gives_the_same_warnings_as_the_debugger_page() {
    let place = Place::new();
    let list = include_str!("../../../countersign-jwt/tests/data/warnings.json");
    let cases: Vec<serde_json::Value> = serde_json::from_str(list).unwrap();
    assert!(cases.len() > 15);
    for case in &cases {
        let part = |name: &str| URL_SAFE_NO_PAD.encode(case[name].to_string());
        let token = format!("{}.{}.AAAA", part("header"), part("payload"));
        let json = place.run_with(&["token", "decode", "--json"], &token).json();
        assert_eq!(json["warnings"], case["warnings"], "{}", case["header"]);
    }
    let token = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","x5c":[]}"#));
    let text = place.run(&["token", "decode", &token]).out;
    for said in ["- It is not signed", "- Its header has `x5c`", "- It has no `exp`"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// Copied from a header, from JSON, from a shell, from a terminal or a mail that breaks lines. A verifier would refuse a
/// token with a line break in it, so that is said.
#[test]
fn a_token_is_taken_as_people_paste_it() {
    let place = Place::new();
    let token = RFC_7515_A1;
    let (start, end) = token.split_at(70);
    for text in [
        format!("\"{token}\","),
        format!("'{token}';"),
        format!("Authorization:Bearer {token}"),
        format!("'Authorization: Bearer {token}'"),
        format!("bearer\t{token}"),
        format!("\u{feff}{token}\r\n"),
    ] {
        let ran = place.run_with(&["token", "decode"], &text);
        assert!(
            ran.code == Some(0) && ran.out.contains("\"iss\": \"joe\"") && ran.err.is_empty(),
            "{text}: {ran:?}"
        );
    }
    let ran = place.run(&["token", "decode", &format!("Bearer {start}\n  {end}")]);
    assert!(ran.code == Some(0) && ran.err.contains("verifiers would refuse it with them"), "{ran:?}");
    let ran = place.run_with(&["token", "decode"], &format!("{token}\n{token}\n"));
    assert!(ran.code == Some(1) && ran.out.contains("three parts"), "two tokens are none: {ran:?}");
    std::fs::write(place.path("noise"), [0xff, 0xfe]).unwrap();
    let noise = std::fs::File::open(place.path("noise")).unwrap();
    let ran = place.command(&["token", "decode"]).stdin(noise).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.code() == Some(1) && said.contains("standard input: it is not text"), "{said}");
}

/// The exit code is the answer: whoever cuts the text off with `| head -1` gets it all the same.
#[test]
fn the_answer_is_the_same_when_nobody_reads_it() {
    let place = Place::new();
    place.run(&["key", "generate", "--out", "key.pem"]);
    let good = place.run(&["token", "sign", "--key", "key.pem"]).out;
    for (arguments, code) in [
        (&["token", "verify", "--key", "key.pem", good.trim_end()][..], 0),
        (&["token", "verify", "--key", "key.pem", RFC_7515_A1], 1),
        (&["token", "verify", "--key", "key.pem", RFC_7515_A1, "--json"], 1),
        (&["token", "decode", "a.b"], 1),
        (&["completions", "bash"], 0),
        (&["token", "verify", "--key", "nothing", "a.b.c"], 2),
    ] {
        let nobody = || std::io::pipe().unwrap().1;
        let ended = place.command(arguments).stdout(nobody()).stderr(nobody()).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{arguments:?}");
    }
}

/// LG-3: a token is a stranger's text.
#[test]
fn a_token_cannot_act_on_the_terminal() {
    // {"alg":"none"} . {"a":"\u001b]0;x\u202e"} with the characters themselves in the JSON
    let ran = Place::new().run(&["token", "decode", "eyJhbGciOiJub25lIn0.eyJhIjoi4oCuIn0."]);
    assert!(ran.out.contains("\\u202e") && !ran.out.contains('\u{202e}'), "{ran:?}");
}

/// LG-3: nor can its text be taken for that of the tool.
#[test]
fn no_token_and_no_key_can_write_a_line_of_the_answer() {
    let place = Place::new();
    let public = place.run(&["key", "generate", "--out", "key.pem"]).out;
    place.write("set.json", &format!("{{\"keys\":[{public},{{\"kty\":\"x\",\"kid\":\"a\\nValid.\"}}]}}"));
    place.write("unfit.json", r#"{"keys":[{"kty":"x","kid":"a\nValid."}]}"#);
    // {"alg":"ES256","kid":"a\nValid."} . {}
    let token = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImFcblZhbGlkLiJ9.e30.AAAA";
    for key in ["key.pem", "set.json", "unfit.json"] {
        for arguments in [&["token", "verify", token, "--key", key][..], &["key", "thumbprint", key]] {
            let ran = place.run(arguments);
            assert!(
                !ran.out.lines().chain(ran.err.lines()).any(|line| line.starts_with("Valid.")),
                "{ran:?}"
            );
        }
    }
    let ran = place.run(&["token", "verify", token, "--key", "set.json"]);
    assert!(ran.code == Some(1) && ran.out.contains(r"ES256 a\u000aValid."), "{ran:?}");
}

#[test]
fn what_is_signed_verifies_and_each_broken_rule_is_named_with_its_remedy() {
    let place = Place::new();
    let made = place.run(&["key", "generate", "--out", "key.pem"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    place.write("public.jwk", &made.out);
    let sign = |extra: &[&str]| {
        let mut arguments = vec![
            "token", "sign", "--key", "key.pem", "--claim", "iss=me", "--claim", "aud=you", "--claim",
            "sub=ann",
        ];
        arguments.extend(extra);
        let ran = place.run(&arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out.trim_end().to_owned()
    };
    let verify = |token: &str, extra: &[&str]| {
        let mut arguments = vec!["token", "verify", token, "--json", "--key", "public.jwk"];
        arguments.extend(extra);
        place.run(&arguments)
    };
    let good = sign(&[]);
    let asked = ["--issuer", "me", "--audience", "you", "--type", "JWT"];
    let ran = verify(&good, &asked);
    assert!(ran.code == Some(0) && ran.json()["valid"] == true, "{ran:?}");
    assert_eq!(outcome(&verify(&good, &[]), "issuer"), "not_asked");
    for (token, extra, rule) in [
        (good.as_str(), &["--issuer", "other"][..], "issuer"),
        (good.as_str(), &["--audience", "other"], "audience"),
        (good.as_str(), &["--type", "at+jwt"], "type"),
        (sign(&["--claim", "exp=1000000000"]).as_str(), &[], "expiry"),
        (sign(&["--claim", "nbf=4000000000"]).as_str(), &[], "not_before"),
        (RFC_7515_A1, &[], "key"),
    ] {
        let ran = verify(token, extra);
        assert_eq!((ran.code, outcome(&ran, rule).as_str()), (Some(1), "failed"), "{rule}: {ran:?}");
    }
    let other = place.run(&["key", "generate", "--out", "other.pem"]).out;
    place.write("public.jwk", &other);
    assert_eq!(outcome(&verify(&good, &asked), "signature"), "failed");
    let text = place.run(&["token", "verify", &good, "--key", "public.jwk"]).out;
    assert!(
        text.contains("NOT valid") && text.contains("x signature") && text.contains("Verify with the key"),
        "{text}"
    );
    assert!(text.contains("over header and payload; found 64 bytes"), "{text}");
    place.write("set.json", &format!("{{\"keys\":[{other}]}}"));
    let text = place.run(&["token", "verify", &good, "--key", "set.json"]).out;
    let there = format!(
        "expected one of ES256 {}; found ES256 ",
        place.run(&["key", "thumbprint", "set.json"]).out.trim_end()
    );
    assert!(text.contains(&there), "{text}");
    assert_eq!(place.run(&["token", "verify", &good]).code, Some(2), "a key is needed");
}

/// RFC 9068 §2.2: an access token is more than its `typ`.
#[test]
fn a_token_that_should_be_an_access_token_must_have_what_they_have() {
    let place = Place::new();
    place.run(&["key", "generate", "--out", "key.pem"]);
    let sign = |claims: &[&str]| {
        let basic = ["token", "sign", "--key", "key.pem", "--type", "at+jwt", "--claim"];
        place.run(&[&basic, claims].concat()).out
    };
    let verify = |token: &str, extra: &[&str]| {
        place.run(&[&["token", "verify", "--key", "key.pem", "--json", token.trim_end()], extra].concat())
    };
    let without = sign(&["sub=ann"]);
    assert_eq!(verify(&without, &[]).code, Some(0));
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let ran = verify(&without, &["--type", typ]);
        assert_eq!((ran.code, outcome(&ran, "token_id").as_str()), (Some(1), "failed"), "{typ}");
        assert_eq!(verify(&sign(&["sub=ann", "--claim", "jti=x"]), &["--type", typ]).code, Some(0), "{typ}");
    }
}

#[test]
fn times_are_said_as_people_say_them() {
    let place = Place::new();
    place.run(&["key", "generate", "--out", "key.pem"]);
    let sign = |claim: &str| place.run(&["token", "sign", "--key", "key.pem", "--claim", claim]).out;
    let verify = |token: &str| place.run(&["token", "verify", "--key", "key.pem", token.trim_end()]).out;
    let past = verify(&sign("exp=1300819380"));
    assert!(past.contains("1300819380 is 2011-03-22 18:43:00") && past.contains("days ago"), "{past}");
    let milliseconds = verify(&sign("exp=1300819380000"));
    assert!(milliseconds.contains("is it in milliseconds?"), "{milliseconds}");
    let never = place.run(&["token", "decode", sign("exp=253402300799").trim_end()]).out;
    assert!(never.contains("exp        the end of 9999   in 2"), "{never}");
    let ran = place.run(&["token", "sign", "--key", "key.pem", "--expires-in", "9999999d"]);
    assert!(ran.code == Some(2) && ran.out.is_empty() && ran.err.contains("after the year 9999"), "{ran:?}");
}

#[test]
fn a_text_that_is_no_key_is_named_for_what_it_is() {
    let place = Place::new();
    place.run(&["key", "generate", "--alg", "RS256", "--out", "rsa.pem"]);
    let pair = place.run(&["key", "generate", "--out", "-"]).out;
    place.write("pair.pem", &pair);
    place.write("public.pem", &place.run(&["key", "convert", "pair.pem", "--form", "pem"]).out);
    let block = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
    let refused = |arguments: &[&str], said: &str| {
        let ran = place.run(arguments);
        assert!(ran.code == Some(1) && ran.out.is_empty() && ran.err.contains(said), "{said}: {ran:?}");
    };
    for (text, said) in [
        (block("CERTIFICATE"), "a certificate"),
        (block("ENCRYPTED PRIVATE KEY"), "decrypt it first"),
        (block("OPENSSH PRIVATE KEY"), "\"OPENSSH PRIVATE KEY\" is not supported"),
        (block("EC PRIVATE KEY"), "P-256, P-384, P-521"),
        (block("PRIVATE KEY"), "P-256, P-384, P-521"),
        (format!("{pair}{pair}"), "exactly one complete PEM block"),
        ("ssh-ed25519 AAAA".to_owned(), "neither PEM nor JSON"),
        ("#".repeat(128 * 1024 + 1), "longer than 128 KiB"),
    ] {
        place.write("text", &text);
        refused(&["key", "convert", "text"], said);
        refused(&["token", "sign", "--key", "text"], said);
    }
    std::fs::write(place.path("der"), [0x30, 0x80, 0xff]).unwrap();
    refused(&["key", "convert", "der"], "openssl pkey -inform der");
    refused(&["token", "sign", "--key", "public.pem"], "a private key is needed");
    place.write("public.jwk", &place.run(&["key", "convert", "pair.pem"]).out);
    refused(&["token", "sign", "--key", "public.jwk"], "a private key is needed");
    refused(&["token", "sign", "--key", "pair.pem", "--alg", "ES384"], "the key is for ES256");
    refused(&["token", "sign", "--key", "rsa.pem", "--alg", "ES256"], "RSA algorithms");
    place.write("set.json", &format!("{{\"keys\":[{}]}}", place.run(&["key", "convert", "pair.pem"]).out));
    refused(&["token", "sign", "--key", "set.json"], "a JWK Set");
}

/// Neither is guessed at when both a token and a key should come from there.
#[test]
fn standard_input_is_one_thing_only() {
    let place = Place::new();
    let pair = place.run(&["key", "generate", "--out", "-"]).out;
    for arguments in
        [&["token", "verify", "--key", "-", "-"][..], &["token", "sign", "--key", "-", "--claims-file", "-"]]
    {
        let ran = place.run_with(arguments, "{}");
        assert!(ran.code == Some(2) && ran.err.contains("only one thing"), "{ran:?}");
    }
    let token = place.run_with(&["token", "sign", "--key", "-"], &pair).out;
    let ran = place.run_with(&["token", "verify", "--key", "-", token.trim_end()], &pair);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn keys_are_read_in_every_form_and_written_privately() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    for alg in ["ES256", "RS256", "EdDSA", "PS384"] {
        let file = format!("{alg}.pem");
        let public = place.run(&["key", "generate", "--alg", alg, "--out", &file]).out;
        let mode = std::fs::metadata(place.path(&file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(public.contains(alg) && !public.contains("\"d\""), "{public}");
        place.write("public.jwk", &public);
        assert_eq!(place.run(&["key", "convert", &file, "--alg", alg]).out, public);
        for form in ["jwk", "pem"] {
            let ran = place.run(&["key", "convert", &file, "--alg", alg, "--form", form]);
            place.write("public", &ran.out);
            let from_public = place.run(&["key", "convert", "public", "--alg", alg]);
            assert_eq!(from_public.out, public, "{form}: {ran:?}");
            assert!(!ran.out.contains("PRIVATE"), "{form}: {ran:?}");
        }
        let thumbprint = place.run(&["key", "thumbprint", "public.jwk"]).out;
        assert!(public.contains(&format!("\"kid\":\"{}\"", thumbprint.trim_end())), "{thumbprint} {public}");
        assert_eq!(
            place.run(&["key", "generate", "--alg", alg, "--out", &file]).code,
            Some(1),
            "not overwritten"
        );
    }
    let pem = std::fs::read_to_string(place.path("ES256.pem")).unwrap();
    for text in [pem.replace('\n', "\r\n"), format!("\u{feff}{pem}")] {
        place.write("windows.pem", &text);
        assert_eq!(place.run(&["key", "thumbprint", "windows.pem"]).code, Some(0), "{text:?}");
    }
    let ran = place.run(&["key", "convert", "RS256.pem"]);
    assert!(ran.code == Some(2) && ran.err.contains("--alg"), "{ran:?}");
    let thumbprint = |extra: &[&str]| place.run(&[&["key", "thumbprint", "RS256.pem"], extra].concat()).out;
    assert_eq!((thumbprint(&[]), thumbprint(&[]).len()), (thumbprint(&["--alg", "PS512"]), 44));
    let ran = place.run(&["key", "generate", "--alg", "HS256", "--out", "x"]);
    assert!(ran.code == Some(2) && ran.err.contains("countersign secret"), "{ran:?}");
}

/// A file that may not grow is what a full disk is: it is not there by half, and the next try is not in its way.
#[test]
fn what_does_not_fit_on_the_disk_leaves_no_file() {
    // In blocks of 512 bytes: of what `init` makes, the key has room; the database has not, nor the configuration.
    for (room, has_database, arguments, file, why) in [
        ("0", false, &["key", "generate", "--out", "key.pem"][..], "key.pem", "cannot write key.pem"),
        ("1", false, &["init"], "countersign.toml", "countersign.db"),
        ("1", true, &["init"], "countersign.toml", "cannot write countersign.toml"),
    ] {
        let place = Place::new();
        if has_database {
            place.make_database();
            std::fs::remove_file(place.path("countersign.toml")).unwrap();
        }
        let command = place.command(arguments);
        let full = std::process::Command::new("sh")
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {room}; exec \"$0\" \"$@\"")])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(place.path(""))
            .output()
            .unwrap();
        let said = String::from_utf8(full.stderr).unwrap();
        assert!(full.status.code() == Some(1) && said.contains(why), "{said}");
        assert!(full.stdout.is_empty() && !place.path(file).exists());
        assert_eq!(place.run(arguments).code, Some(0));
    }
}

/// KM-9: a private key is written where it was asked to go, in the form that was asked for.
#[test]
fn private_keys_go_from_pem_to_jwk_and_back() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    for alg in ["ES256", "ES384", "ES512", "EdDSA", "RS256", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] {
        let (pem, jwk, again) = (format!("{alg}.pem"), format!("{alg}.jwk"), format!("{alg}.again.pem"));
        let public = place.run(&["key", "generate", "--alg", alg, "--out", &pem]).out;
        let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
        // Only an RSA key is for several algorithms.
        let said: &[&str] = if alg == "RS256" { &["--alg", alg] } else { &[] };
        let ran =
            place.run(&[&["key", "convert", &pem, "--form", "jwk", "--private-out", &jwk], said].concat());
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), public.as_str()), "{ran:?}");
        assert_eq!(std::fs::metadata(place.path(&jwk)).unwrap().permissions().mode() & 0o777, 0o600);
        let ran = place.run(&["key", "convert", &jwk, "--private-out", &again]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), public.as_str()), "{ran:?}");
        assert_eq!(read(&again), read(&pem), "{alg}");
        let printed =
            place.run(&["key", "convert", &pem, "--alg", alg, "--form", "jwk", "--private-out", "-"]).out;
        assert_eq!(printed.trim_end(), read(&jwk));
        assert_eq!(place.run(&["key", "convert", &jwk]).out, public, "nothing private unless asked for");
        let ran = place.run(&["key", "convert", &pem, "--alg", alg, "--private-out", &jwk]);
        assert!(ran.code == Some(1) && ran.err.contains("cannot write"), "never over another file: {ran:?}");
    }
}

/// A key that does not say its algorithm: a token can choose among those that the key can be for, and no others (VF-1).
#[test]
fn an_rsa_key_without_alg_is_for_the_algorithm_said_or_for_that_of_the_token() {
    let place = Place::new();
    let public = place.run(&["key", "generate", "--alg", "RS256", "--out", "key.pem"]).out;
    place.write("public.jwk", &public.replace(r#""alg":"RS256","#, ""));
    place.write(
        "public.pem",
        &place.run(&["key", "convert", "key.pem", "--alg", "RS256", "--form", "pem"]).out,
    );
    let private =
        place.run(&["key", "convert", "key.pem", "--alg", "RS256", "--form", "jwk", "--private-out", "-"]);
    place.write("private.jwk", &private.out.replace(r#""alg":"RS256","#, ""));
    let sign = |extra: &[&str]| place.run(&[&["token", "sign", "--claim", "sub=ann"], extra].concat());
    let token = sign(&["--key", "private.jwk", "--alg", "PS256"]).out;
    assert_eq!(sign(&["--key", "private.jwk"]).code, Some(2), "which of six?");
    let ran = sign(&["--key", "key.pem", "--alg", "ES256"]);
    assert!(ran.code == Some(1) && ran.out.is_empty(), "{ran:?}");
    for file in ["public.jwk", "public.pem", "private.jwk", "key.pem"] {
        let verify = |token: &str, extra: &[&str]| {
            place.run(&[&["token", "verify", token.trim_end(), "--key", file, "--json"], extra].concat())
        };
        assert_eq!(verify(&token, &[]).code, Some(0), "{file}");
        assert_eq!(outcome(&verify(&token, &["--alg", "RS256"]), "key"), "failed", "{file}");
        assert_eq!(outcome(&verify(RFC_7515_A1, &[]), "key"), "failed", "{file}: HS256 with an RSA key");
        assert_eq!(outcome(&verify("a.b.c", &[]), "form"), "failed", "{file}");
        assert_eq!(verify(&token, &["--alg", "ES256"]).code, Some(2), "{file} is no such key");
    }
}

/// RFC 7515 A.1.1: the key of the RFC's own example does not say its algorithm either.
#[test]
fn a_secret_in_a_jwk_without_alg_is_for_the_algorithm_said_or_for_that_of_the_token() {
    let place = Place::new();
    place.write(
        "secret.jwk",
        r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
    );
    let verify = |token: &str, extra: &[&str]| {
        place.run(&[&["token", "verify", token, "--key", "secret.jwk", "--json"], extra].concat())
    };
    let ran = verify(RFC_7515_A1, &[]);
    assert_eq!((outcome(&ran, "signature"), outcome(&ran, "expiry")), ("passed".into(), "failed".into()));
    assert_eq!(outcome(&verify(RFC_7515_A1, &["--alg", "HS512"]), "key"), "failed");
    // {"alg":"ES256"} . {}
    assert_eq!(outcome(&verify("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", &[]), "key"), "failed");
    let sign = |extra: &[&str]| place.run(&[&["token", "sign", "--key", "secret.jwk"], extra].concat());
    let ran = sign(&[]);
    assert!(ran.code == Some(2) && ran.err.contains("--alg"), "which of three? {ran:?}");
    assert_eq!(verify(sign(&["--alg", "HS384"]).out.trim_end(), &[]).code, Some(0));
    assert_eq!(sign(&["--alg", "ES256"]).code, Some(1));
}

/// The server's own tokens, with its own published keys, and with a shared secret.
#[test]
fn tokens_of_the_server_verify_with_its_keys_or_secret() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&["--set", "audience=api"]);
    let token = server.login("ann", PASSWORD).token();
    place.write("jwks.json", &server.request("GET", "/.well-known/jwks.json", "", "").body);
    let issuer = format!("http://localhost:{}", server.address.port());
    let asked = ["--issuer", &issuer, "--audience", "api", "--type", "at+jwt"];
    let mut arguments = vec!["token", "verify", &token, "--key", "jwks.json"];
    arguments.extend(asked);
    let ran = place.run(&arguments);
    assert!(
        ran.code == Some(0) && ran.out.contains("Valid.") && ran.out.contains("Checked with the key"),
        "{ran:?}"
    );
    drop(server);

    let mut place = Place::new();
    place.set("JWT_SECRET", place.run(&["secret"]).out.trim_end());
    let token = place.run(&["token", "sign", "--secret", "--claim", "sub=ann"]).out;
    let ran = place.run(&["token", "verify", "--secret", token.trim_end()]);
    assert!(ran.code == Some(0), "{ran:?}");
    place.set("JWT_SECRET", place.run(&["secret"]).out.trim_end());
    assert_eq!(place.run(&["token", "verify", "--secret", token.trim_end()]).code, Some(1));
}

/// Which of the two a reader of the token would see is not ours to choose.
#[test]
fn claims_with_two_members_of_one_name_are_not_signed() {
    let place = Place::new();
    place.run(&["key", "generate", "--out", "key.pem"]);
    place.write("claims.json", r#"{"sub":"ann","role":"user","role":"admin"}"#);
    let ran = place.run(&["token", "sign", "--key", "key.pem", "--claims-file", "claims.json"]);
    assert!(ran.code == Some(1) && ran.err.contains("two members are named \"role\""), "{ran:?}");
    assert!(ran.out.is_empty(), "{ran:?}");
}

/// With the keys of the database and no server: what it has signed passes, and the session is looked at.
#[test]
fn a_token_is_verified_with_the_servers_own_keys_and_its_session() {
    let place = Place::new();
    place.add_user("ann", "user");
    let own =
        |token: &str, more: &[&str]| place.run(&[&["token", "verify", token, "--own-keys"], more].concat());
    let ran = own(RFC_7515_A1, &["--json"]);
    assert!(ran.code == Some(2) && ran.err.contains("no signing key yet"), "{ran:?}");
    let server = place.serve(&["--set", "audience=api"]);
    let token = server.login("ann", PASSWORD).token();
    server.stop();

    let ran = own(&token, &["--json", "--audience", "api"]);
    let session = &ran.json()["session"];
    assert_eq!(
        (ran.code, &session["state"], outcome(&ran, "signature")),
        (Some(0), &"open".into(), "passed".into()),
        "{ran:?}"
    );
    let ran = own(&token, &[]);
    assert!(ran.out.starts_with("Valid.\n") && ran.out.ends_with("  + session: open\n"), "{ran:?}");
    assert_eq!(own(&token, &["--audience", "other"]).code, Some(1));

    // Nothing is said of a session that anybody could have named.
    let (content, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{content}.{}{signature}", if signature.starts_with('A') { "B" } else { "A" });
    let forged = &forged[..forged.len() - 1];
    let ran = own(forged, &["--json"]);
    assert_eq!((ran.code, &ran.json()["session"]), (Some(1), &serde_json::Value::Null), "{ran:?}");

    let id = session["id"].as_str().unwrap();
    assert_eq!(place.run(&["session", "revoke", id]).code, Some(0));
    let ran = own(&token, &["--json"]);
    let (json, signature) = (ran.json(), outcome(&ran, "signature"));
    assert_eq!((ran.code, &json["valid"], signature.as_str()), (Some(1), &false.into(), "passed"));
    assert_eq!((&json["session"]["state"], &json["session"]["reason"]), (&"ended".into(), &"ended".into()));
    let ran = own(&token, &[]);
    assert!(ran.out.starts_with("NOT valid.") && ran.out.contains("  x session: over since 20"), "{ran:?}");

    assert_eq!(place.run(&["user", "delete", "ann", "--yes"]).code, Some(0));
    assert_eq!(own(&token, &["--json"]).json()["session"]["state"], "unknown");
    assert_eq!(own(&token, &["--secret"]).code, Some(2));
}

/// The secret of the configuration is its key.
#[test]
fn own_keys_are_the_shared_secret_where_there_is_one() {
    let mut place = Place::new();
    place.set("JWT_SECRET", "e19b4c07a5d83f62b8417c0d95fa2e36d7183c4b60fe95a2417bd08c3e6f92a5");
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let token = server.login("ann", PASSWORD).token();
    server.stop();
    let ran = place.run(&["token", "verify", &token, "--own-keys", "--json"]);
    assert_eq!((ran.code, &ran.json()["session"]["state"]), (Some(0), &"open".into()), "{ran:?}");
}

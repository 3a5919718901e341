//! `[hooks]`: the application's own server is asked before somebody signs in, and about the claims of tokens, over HTTP.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::{Timestamp, WebhookSecret};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, Place};
use crate::support::{self, ok, status};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEWER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD+c2cVzjcaRU=";
const ALLOW: &str = r#"{"decision":"allow"}"#;

type Requests = Arc<Mutex<Vec<String>>>;

/// Notes every request, and answers it as the closure says.
fn noting(answer: impl Fn(&Value) -> Vec<u8> + Send + Sync + 'static) -> (Requests, impl support::Answer) {
    let requests = Requests::default();
    let noted = Arc::clone(&requests);
    let answer = move |request: &str| {
        noted.lock().unwrap().push(request.to_owned());
        answer(&body(request))
    };
    (requests, answer)
}

pub(crate) fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

pub(crate) fn field<'a>(request: &'a str, name: &str) -> &'a str {
    let (head, _) = request.split_once("\r\n\r\n").unwrap();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).unwrap().1
}

/// Whether one of its signatures is of this secret, over what has arrived.
pub(crate) fn is_signed(request: &str, secret: &str) -> bool {
    let sent_at: i64 = field(request, "webhook-timestamp").parse().unwrap();
    let sent_at = Timestamp::from_unix_millis(sent_at * 1_000);
    let content = request.split_once("\r\n\r\n").unwrap().1;
    let secret = WebhookSecret::parse(secret).unwrap();
    let signature = secret.sign(field(request, "webhook-id"), sent_at, content.as_bytes());
    field(request, "webhook-signature").split(' ').any(|found| found == signature)
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn configure(place: &Place, origin: &str, more: &str) {
    place.write("secret", &format!("{SECRET}\n"));
    place.write(
        "countersign.toml",
        &format!("[hooks]\nurl = \"{origin}/hook?x=1\"\nsecret_file = \"secret\"\n{more}"),
    );
}

/// IN-2, IN-5.
#[test]
fn a_sign_in_is_asked_over_https_with_a_signature_and_can_be_denied() {
    let mut place = Place::new();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    place.write("ca.pem", &certified.cert.pem());
    let (requests, answer) = noting(|asked| {
        let is_ann = asked["data"]["account"]["username"] == "ann";
        let denied = r#"{"decision":"deny","code":"not_paid","text":"The bill of März is open"}"#;
        ok("Set-Cookie: canary=1\r\n", if is_ann { ALLOW } else { denied })
    });
    let server = support::Server::tls(&certified, answer);
    place.set("COUNTERSIGN_LOG__LEVEL", "trace");
    configure(&place, &server.origin, "ca_file = \"ca.pem\"\n");
    place.write("secret", &format!("{NEWER}\n{SECRET}\n"));
    for name in ["ann", "bob"] {
        place.add_user(name, "user");
    }
    let countersign = place.serve(&[]);
    assert_eq!(countersign.login("ann", "wrong").status, 401);
    assert_eq!(countersign.login("nobody", PASSWORD).status, 401);
    assert!(requests.lock().unwrap().is_empty(), "only somebody with the right password learns anything");
    assert_eq!(countersign.login("ann", PASSWORD).status, 200);
    let denied = countersign.login("bob", PASSWORD);
    assert_eq!(denied.status, 403, "{denied:?}");
    assert_eq!(denied.json(), json!({ "code": "not_paid", "error": "The bill of März is open" }));
    assert!(!denied.head.to_lowercase().contains("set-cookie"), "{denied:?}");
    let requests = requests.lock().unwrap();
    let request = &requests[0];
    assert!(request.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{request}");
    assert_eq!(field(request, "content-type"), "application/json");
    assert!(is_signed(request, SECRET) && is_signed(request, NEWER), "both are valid while one is changed");
    assert_ne!(field(request, "webhook-id"), field(&requests[1], "webhook-id"));
    let asked = body(request);
    assert_eq!((&asked["type"], &asked["data"]["amr"]), (&json!("before_sign_in"), &json!(["pwd"])));
    assert_eq!(asked["data"]["address"], "127.0.0.1");
    assert_eq!(asked["data"]["account"]["role"], "user");
    assert!(asked["data"]["requestId"].is_string() && asked["data"]["sessionId"].is_string(), "{asked}");
    let audit = place.run(&["audit", "--json", "--kind", "login_failed"]).out;
    assert!(audit.contains("not_paid") && !audit.contains("bill"), "{audit}");
    let (_, said) = countersign.stop();
    for text in [&said, request] {
        let secrets = [SECRET, NEWER, PASSWORD, "canary"];
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
}

/// IN-3.
#[test]
fn claims_are_asked_for_each_token() {
    let place = Place::new();
    let (requests, answer) = noting(|asked| {
        let said = asked["type"] == "claims" && asked["data"]["audience"].is_string();
        ok("", if said { r#"{"claims":{"plan":"gold","team":"blue"}}"# } else { ALLOW })
    });
    let server = support::Server::plain(answer);
    configure(
        &place,
        &server.origin,
        "ask = [\"before_sign_in\", \"claims\"]\n[session]\nmin_age = \"0s\"\ngrace = \"0s\"\n",
    );
    place.add_user("ann", "user");
    let countersign = place.serve(&[]);
    let signed_in = countersign.login("ann", PASSWORD);
    assert_eq!(
        (&claims(&signed_in.token())["plan"], &claims(&signed_in.token())["team"]),
        (&json!("gold"), &json!("blue"))
    );
    let refreshed = countersign.refresh(&signed_in.cookie().unwrap()).unwrap();
    assert_eq!((refreshed.status, &claims(&refreshed.token())["plan"]), (200, &json!("gold")));
    let kinds: Vec<_> =
        requests.lock().unwrap().iter().map(|request| body(request)["type"].clone()).collect();
    assert_eq!(kinds, ["before_sign_in", "claims", "claims"]);
}

/// IN-4, IN-5: whatever comes instead of an answer, the configuration says what happens, and one line why.
#[test]
fn without_a_clear_answer_the_policy_decides() {
    // What has to arrive has a long time for it; what never comes is not waited for.
    const LONG: &str = "5s";
    for (answer, within, why) in [
        (status("500 Internal Server Error", ""), LONG, "500 Internal Server Error, not 200"),
        (status("204 No Content", ""), LONG, "204 No Content, not 200"),
        (status("302 Found", "Location: /canary\r\n"), LONG, "302 Found, not 200"),
        (ok("", "<html>canary"), LONG, "not what before_sign_in asks for"),
        (ok("", r#"{"decision":"allow","canary":true}"#), LONG, "not what before_sign_in asks for"),
        (ok("", r#"{"decision":"deny"}"#), LONG, "a code and a text go with a denial"),
        (ok("", &" ".repeat(17 * 1024)), LONG, "longer than 16 KiB"),
        (Vec::new(), "300ms", "within 300ms"),
    ] {
        let server = support::Server::plain(move |_| answer.clone());
        for (policy, expected) in [("deny", 503), ("allow", 200)] {
            let place = Place::new();
            configure(
                &place,
                &server.origin,
                &format!("timeout = \"{within}\"\non_failure = \"{policy}\"\n"),
            );
            place.add_user("ann", "user");
            let countersign = place.serve(&[]);
            let answered = countersign.login("ann", PASSWORD);
            assert_eq!(answered.status, expected, "{why}: {answered:?}");
            assert_eq!(countersign.login("ann", "wrong").status, 401, "{why}");
            let (_, said) = countersign.stop();
            assert!(said.contains(why) && !said.contains("canary"), "{why}: {said}");
        }
    }
}

/// EN-4, IN-4: the server is asked before a mail, with what the request carries, and nobody's address is looked up for it.
#[test]
fn a_mail_is_asked_for_with_a_captcha_and_can_be_denied() {
    let (requests, answer) = noting(|asked| match asked["data"]["captcha"].as_str() {
        Some("7 bicycles") => ok("", ALLOW),
        Some("down") => status("500 Internal Server Error", ""),
        _ => ok("", r#"{"decision":"deny","code":"captcha_failed","text":"Solve the captcha again"}"#),
    });
    let server = support::Server::plain(answer);
    for (policy, without) in [("deny", 503), ("allow", 202)] {
        let place = Place::new();
        configure(&place, &server.origin, &format!("ask = \"before_mail\"\non_failure = \"{policy}\"\n"));
        place.add_user("ann", "user");
        let countersign =
            place.serve(&["--set", "mail.url=file:mails", "--set", "mail.from=no-reply@auth.example.com"]);
        let start = |captcha: Value| {
            let body = json!({ "purpose": "reset", "address": "ann@example.com", "captcha": captcha });
            let json = "Content-Type: application/json\r\n";
            countersign.request("POST", "/api/email/start", json, &body.to_string())
        };
        assert_eq!(start(json!("7 bicycles")).status, 202);
        let denied = start(Value::Null);
        assert_eq!((denied.status, denied.code().as_str()), (403, "captcha_failed"));
        assert_eq!(denied.json()["error"], "Solve the captcha again");
        assert_eq!(start(json!("down")).status, without);
        assert_eq!(countersign.login("ann", PASSWORD).status, 200, "nobody asked about the sign-in");
    }
    let requests = requests.lock().unwrap();
    let asked = body(&requests[0]);
    assert_eq!((requests.len(), &asked["type"]), (6, &json!("before_mail")));
    let data = &asked["data"];
    assert_eq!((&data["purpose"], &data["to"]), (&json!("reset"), &json!("ann@example.com")));
    assert_eq!((&data["address"], &data["captcha"]), (&json!("127.0.0.1"), &json!("7 bicycles")));
    assert!(data["requestId"].is_string() && is_signed(&requests[0], SECRET), "{asked}");
}

#[test]
fn what_could_not_be_meant_is_refused_at_the_start() {
    let url = "url = \"http://127.0.0.1:1/\"\n";
    for (section, why) in [
        (url.to_owned(), "hooks.url needs hooks.secret_file"),
        ("timeout = \"1s\"\n".to_owned(), "hooks.timeout: hooks.url is not set"),
        ("url = \"http://app.example.com/\"\n".to_owned(), "use the https address"),
        (format!("{url}secret_file = \"none\"\n"), "hooks.secret_file: "),
        (format!("{url}secret_file = \"short\"\n"), "a secret for webhooks is whsec_"),
        (format!("{url}secret = \"{SECRET}\"\n"), "hooks.secret"),
        (format!("{url}secret_file = \"secret\"\nask = \"after_sign_in\"\n"), "before_sign_in, claims"),
        (format!("{url}secret_file = \"secret\"\nask = []\n"), "hooks.ask is empty"),
    ] {
        let place = Place::with_database();
        place.write("secret", SECRET);
        place.write("short", "whsec_c2hvcnQ=");
        place.write("countersign.toml", &format!("[hooks]\n{section}"));
        let ran = place.run(&["config", "check"]);
        assert!(ran.code != Some(0) && ran.err.contains(why), "{section}: {ran:?}");
        assert!(!ran.err.contains(SECRET), "{ran:?}");
    }
    let place = Place::new();
    let made = place.run(&["secret", "--webhook", "--json"]).json();
    assert!(WebhookSecret::parse(made["secret"].as_str().unwrap()).is_ok());
}

//! `[import.upstream]`: people sign in with the password that they have in another system, over HTTP as systems speak it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{PASSWORD, Place};
use crate::support::{self, ok, status};

/// The password of everybody in the old system.
const OLD: &str = "canary-sword & fish=ä";

/// The JSON body of a request.
fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Says no to everything but [`OLD`], which gets this answer.
fn old(yes: Vec<u8>) -> support::Server {
    support::Server::plain(move |request| {
        if body(request)["password"] == OLD { yes.clone() } else { status("401 Unauthorized", "") }
    })
}

fn configure(place: &Place, origin: &str, more: &str) {
    place.write("countersign.toml", &format!("[import.upstream]\nurl = \"{origin}/login?x=1\"\n{more}"));
}

#[test]
fn the_first_sign_in_is_asked_over_https_and_the_next_is_local() {
    let place = Place::new();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    place.write("ca.pem", &certified.cert.pem());
    place.write("key", "Bearer canary-key\n");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = support::Server::tls(&certified, move |request| {
        let asks = request.starts_with("POST /login?x=1 HTTP/1.1\r\n")
            && request.contains("content-type: application/json\r\n")
            && request.contains("authorization: Bearer canary-key\r\n");
        assert!(asks, "{request}");
        counted.fetch_add(1, Ordering::SeqCst);
        let said = body(request);
        if said == json!({ "login": "Zoë", "secret": OLD }) {
            ok("Set-Cookie: canary=1\r\n", "canary-page")
        } else {
            status("403 Forbidden", "")
        }
    });
    configure(
        &place,
        &server.origin,
        "username_field = \"login\"\npassword_field = \"secret\"\nca_file = \"ca.pem\"\nheader = \"Authorization\"\n\
         header_file = \"key\"\n[log]\nlevel = \"trace\"\n",
    );
    place.add_user("ann", "user");
    let check = place.run(&["config", "check"]);
    assert!(check.code == Some(0) && check.err.contains("says no to a name and a password"), "{check:?}");
    let countersign = place.serve(&[]);
    let before = asked.load(Ordering::SeqCst);
    assert_eq!(countersign.login("ann", PASSWORD).status, 200);
    assert_eq!(countersign.login("ann", "canary-wrong").status, 401);
    assert_eq!(asked.load(Ordering::SeqCst), before, "nobody with a password here is asked about");
    assert_eq!(countersign.login("Zoë", "canary-wrong").status, 401);
    assert_eq!(countersign.login("Zoë", OLD).status, 200);
    // One question more: whether it can still say no.
    assert_eq!(asked.load(Ordering::SeqCst), before + 3);
    assert_eq!(countersign.login("ZOË", OLD).status, 200);
    assert_eq!(asked.load(Ordering::SeqCst), before + 3);
    let (_, said) = countersign.stop();
    assert!(
        said.contains("taken over from https://localhost") && said.contains("password taken over"),
        "{said}"
    );
    let audit = place.run(&["audit", "--json"]).out;
    assert!(audit.contains("password_taken_over") && audit.contains("account_created"), "{audit}");
    for text in [&said, &audit, &check.err, &check.out] {
        assert!(!text.contains("canary"), "{text}");
    }
    let zoe = place.run(&["user", "list", "--json", "--search", "zo"]).json();
    assert_eq!((&zoe[0]["username"], &zoe[0]["role"]), (&json!("Zoë"), &json!("user")));
}

#[test]
fn a_form_is_asked_and_a_member_of_the_response_decides() {
    let place = Place::new();
    let server = support::Server::plain(|request| {
        let form = request.split_once("\r\n\r\n").unwrap().1;
        assert!(request.contains("content-type: application/x-www-form-urlencoded\r\n"), "{request}");
        let right = "username=zoe%40example.org&password=canary-sword+%26+fish%3D%C3%A4";
        let answer = if form == right { r#"{"data":{"token":"x"}}"# } else { r#"{"data":{"token":null}}"# };
        ok("", answer)
    });
    configure(&place, &server.origin, "format = \"form\"\nsuccess_member = \"data.token\"\n");
    let countersign = place.serve(&[]);
    assert_eq!(countersign.login("zoe@example.org", "wrong").status, 401);
    assert_eq!(countersign.login("zoe@example.org", OLD).status, 200);
}

/// Somebody who is deleted here still exists there.
#[test]
fn whoever_deletes_an_account_is_told_that_it_comes_back() {
    let place = Place::with_database();
    for name in ["ann", "bob"] {
        place.add_user(name, "user");
    }
    let delete = |name| place.run(&["user", "delete", name, "--yes", "--json"]);
    assert!(!delete("ann").err.contains("comes back"));
    let server = old(ok("", ""));
    configure(&place, &server.origin, "");
    let ran = delete("bob");
    assert!(
        ran.code == Some(0) && ran.err.contains("comes back") && ran.err.contains("user disable"),
        "{ran:?}"
    );
    assert_eq!(ran.json()["username"], "bob", "only the account is on standard output");
    let countersign = place.serve(&[]);
    assert_eq!(countersign.login("bob", OLD).status, 200, "as the warning says");
    assert_eq!(place.run(&["user", "disable", "bob"]).code, Some(0));
    assert_eq!(countersign.login("bob", OLD).status, 401);
}

/// Whatever it does instead of saying yes or no, nobody gets in, no failure is counted, and one line says why.
#[test]
fn an_old_system_that_does_not_answer_clearly_is_an_outage() {
    let never = Vec::new();
    let huge = ok("", &"x".repeat(64 * 1024 + 1));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(200_000)).into_bytes();
    for (yes, more, why) in [
        (status("302 Found", "Location: /canary\r\n"), "", "302 Found; redirects are not followed"),
        (status("500 Internal Server Error", ""), "", "its response is 500 Internal Server Error"),
        (status("404 Not Found", ""), "", "its response is 404 Not Found"),
        (status("429 Too Many Requests", ""), "", "its response is 429 Too Many Requests"),
        (ok("", "<html>"), "success_member = \"ok\"\n", "its response is not JSON"),
        (huge, "", "longer than 64 KiB"),
        (endless, "", "longer than 64 KiB"),
        (never, "timeout = \"300ms\"\n", "within 300ms"),
        (b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), "", "error="),
    ] {
        let place = Place::new();
        let server = old(yes);
        configure(&place, &server.origin, more);
        place.add_user("ann", "user");
        let countersign = place.serve(&[]);
        for _ in 0..7 {
            let refused = countersign.login("zoe", OLD);
            assert!(refused.status == 503 && refused.code() == "unavailable", "{why}: {refused:?}");
        }
        assert_eq!(countersign.login("ann", PASSWORD).status, 200, "{why}");
        assert_eq!(countersign.login("zoe", "wrong").status, 401, "{why}: none of the seven counts");
        let (_, said) = countersign.stop();
        let lines: Vec<&str> = said.lines().filter(|line| line.contains("gave no answer")).collect();
        assert!(matches!(&lines[..], [line] if line.contains(why)), "{why}: {lines:?}");
        assert!(said.contains("answers again") && !said.contains("canary"), "{why}: {said}");
        assert!(!said.contains("ERROR"), "{why}: {said}");
    }
}

/// A sign-in page with status 200 would let everybody in.
#[test]
fn an_old_system_that_says_yes_to_everybody_is_not_believed() {
    let place = Place::new();
    let answer = Arc::new(AtomicU16::new(200));
    let code = Arc::clone(&answer);
    let server = support::Server::plain(move |_| status(&format!("{} X", code.load(Ordering::SeqCst)), ""));
    configure(&place, &server.origin, "");
    let countersign = place.serve(&[]);
    assert_eq!(countersign.login("zoe", OLD).status, 503);
    let check = place.run(&["config", "check"]);
    assert!(
        check.code == Some(1) && check.err.contains("says yes to a name and a password that nobody has"),
        "{check:?}"
    );
    assert_eq!(place.run(&["user", "list", "--json"]).json(), json!([]));
    answer.store(401, Ordering::SeqCst);
    assert_eq!(countersign.login("zoe", OLD).status, 401);
    answer.store(200, Ordering::SeqCst); // a page about maintenance has taken its place
    assert_eq!(countersign.login("zoe", OLD).status, 503);
    assert_eq!(place.run(&["user", "list", "--json"]).json(), json!([]));
    assert!(countersign.stop().1.contains("says yes to a name and a password that nobody has"));
}

#[test]
fn what_does_not_fit_together_stops_the_start() {
    let place = Place::with_database();
    for (section, said) in [
        ("url = \"http://old.example.com/\"", "use the https address"),
        ("url = \"https://a@old.example.com/\"", "a name before the host"),
        ("format = \"xml\"\nurl = \"https://old.example.com/\"", "not one of json, form"),
        ("timeout = \"1s\"", "import.upstream.timeout: import.upstream.url is not set"),
        ("url = \"https://old.example.com/\"\ntimeout = \"11s\"", "not between 100ms and 10s"),
        ("url = \"https://old.example.com/\"\nheader = \"X-Key\"", "go together"),
        ("url = \"https://old.example.com/\"\nheader = \"X Key\"", "not the name of a header field"),
        ("url = \"https://old.example.com/\"\npassword_field = \"username\"", "are the same"),
        ("url = \"https://old.example.com/\"\nfailure_statuses = [\"429\"]", "other than 429"),
        ("url = \"https://old.example.com/\"\nfailure_statuses = [\"200\"]", "a status from 400 to 499"),
        (
            "url = \"https://old.example.com/\"\nheader = \"X-Key\"\nheader_file = \"nowhere\"",
            "import.upstream.header_file: ",
        ),
    ] {
        place.write("countersign.toml", &format!("[import.upstream]\n{section}\n"));
        let ran = place.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(ran.code != Some(0) && ran.err.contains(said), "{section}: {ran:?}");
    }
}

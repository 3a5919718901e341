//! `countersign dev`, as typed by somebody who has just found it. The port is not 3000 here, so that tests can run beside
//! each other and beside a real one.

use std::io::{Read as _, Write as _};

use crate::harness::{Answer, Place, Server, curl};

fn dev(place: &Place) -> Server {
    place.start(&["dev", "--listen", "127.0.0.1:0"])
}

const LOGIN: &str = r#"{"username":"admin","password":"password123"}"#;
const JSON: &str = "Content-Type: application/json";

#[test]
fn the_lines_that_it_prints_work_as_typed() {
    let place = Place::new();
    let folder = place.path("");
    let server = dev(&place);
    let origin = format!("http://localhost:{}", server.address.port());
    let url = |path: &str| format!("{origin}{path}");

    let login = curl(&folder, &["-X", "POST", &url("/api/login"), "-H", JSON, "-c", "jar.txt", "-d", LOGIN]);
    let login: serde_json::Value = serde_json::from_str(&login).unwrap();
    assert_eq!(login["token"], login["accessToken"]);
    let bearer = format!("Authorization: Bearer {}", login["token"].as_str().unwrap());
    let profile = curl(&folder, &[&url("/api/profile"), "-H", &bearer]);
    assert!(profile.contains(r#""username":"admin""#) && profile.contains(r#""role":"admin""#), "{profile}");
    let refresh = curl(&folder, &["-X", "POST", &url("/api/refresh"), "-b", "jar.txt", "-c", "jar.txt"]);
    assert!(refresh.contains("accessToken"), "{refresh}");
    let logout = curl(&folder, &["-X", "POST", &url("/api/logout"), "-b", "jar.txt", "-c", "jar.txt", "-i"]);
    assert!(logout.starts_with("HTTP/1.1 204"), "{logout}");
    let jar = std::fs::read_to_string(place.path("jar.txt")).unwrap();
    assert!(!jar.contains("csr_"), "the cookie is gone: {jar}");
    assert!(curl(&folder, &[&url("/api/profile"), "-H", &bearer]).contains("token_revoked"));
    assert!(curl(&folder, &[&url("/healthz")]).contains("development"));

    let (status, said) = server.stop();
    assert!(status.success());
    for page in ["/login", "/admin", "/debugger"] {
        assert!(said.contains(&format!("    {} ", url(page))), "{page}: {said}");
    }
    for printed in ["DEVELOPMENT MODE", &url("/api/login"), LOGIN, "password123    role user"] {
        assert!(said.contains(printed), "{printed}: {said}");
    }
}

#[test]
fn a_second_start_finds_its_data_again() {
    let place = Place::new();
    let server = dev(&place);
    let cookie = server.login("demo", "password123").cookie().unwrap();
    server.stop();
    let ran = place.run(&["user", "disable", "admin", "--data-dir", "countersign-dev"]);
    assert!(ran.err.contains("last administrator"), "{ran:?}");
    place.run(&["user", "delete", "demo", "--yes", "--data-dir", "countersign-dev"]);
    let server = dev(&place);
    assert_eq!(server.login("admin", "password123").status, 200);
    assert_eq!(server.login("demo", "password123").status, 401, "what was deleted is not made again");
    assert_eq!(server.refresh(&cookie).unwrap().status, 401);
}

/// OP-10.
#[test]
fn it_refuses_other_machines_and_real_secrets() {
    let place = Place::new();
    for (arguments, why) in [
        (&["dev", "--listen", "0.0.0.0:0"][..], "in clear"),
        (
            &[
                "dev",
                "--listen",
                "0.0.0.0:0",
                "--set",
                "behind_proxy=10.0.0.1",
                "--set",
                "public_origin=https://a.example",
            ],
            "loopback addresses only",
        ),
        (&["dev", "--set", "public_origin=https://a.example"], "no public origin"),
        (&["dev", "--set", "master_key_file=key"], "no master key"),
        (&["dev", "--config", "x.toml"], "reads no configuration file"),
    ] {
        let ran = place.run(arguments);
        assert!(ran.code == Some(2) && ran.err.contains(why), "{arguments:?}: {ran:?}");
    }
}

/// OP-10: both know the demo users' passwords, and only one of them tells.
#[test]
fn its_sign_in_page_shows_the_demo_users_and_no_other_servers_does() {
    let place = Place::new();
    let page = |server: &Server| server.request("GET", "/login", "", "").body;
    let shown = page(&dev(&place));
    assert!(shown.contains("data-demo-users=") && shown.matches("password123").count() == 2, "{shown}");
    let usual = page(&place.serve(&[]));
    assert!(!usual.contains("demo") && !usual.contains("password123"), "{usual}");
}

/// CS-5: a front end that is worked on has a port of this machine. Once one is named, it is the only one.
#[test]
fn pages_of_every_port_of_this_machine_may_use_it_until_one_is_named() {
    let places = [Place::new(), Place::new(), Place::new()];
    let named = ["dev", "--listen", "127.0.0.1:0", "--set", "cors_origins=http://localhost:5173"];
    for (server, others) in
        [(dev(&places[0]), true), (places[1].start(&named), false), (places[2].serve(&[]), false)]
    {
        let allowed = |origin: &str| {
            let headers = format!("Origin: {origin}\r\nSec-Fetch-Site: same-site\r\n{JSON}\r\n");
            let answer = server.request("POST", "/api/login", &headers, LOGIN);
            let back = server.request("GET", &format!("/login/return?to={origin}/cart"), "", "");
            let is_allowed = answer.status != 403;
            let readable = answer.head.contains(&format!("access-control-allow-origin: {origin}\r\n"));
            let leads_back = back.head.contains(&format!("location: {origin}/cart\r\n"));
            assert_eq!(
                (readable, leads_back),
                (is_allowed, is_allowed),
                "{origin}: {} {}",
                answer.head,
                back.head
            );
            is_allowed
        };
        for origin in ["http://localhost:4000", "http://127.0.0.1:5173", "http://[::1]:5173"] {
            assert_eq!(allowed(origin), others, "{origin}");
        }
        for origin in ["http://localhost.evil.example:5173", "https://app.example", "null"] {
            assert!(!allowed(origin), "{origin}");
        }
    }
}

/// OP-2, OP-10: demo accounts never get into production, nor real ones under demo rules.
#[test]
fn development_data_and_real_data_stay_apart() {
    let place = Place::new();
    dev(&place).stop();
    let ran = place.run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "countersign-dev"]);
    assert!(ran.code == Some(1) && ran.err.contains("made by `countersign dev`"), "{ran:?}");
    place.add_user("ann", "admin");
    let ran = place.run(&["dev", "--listen", "127.0.0.1:0", "--data-dir", "countersign-data"]);
    assert!(ran.code == Some(1) && ran.err.contains("was not made by `countersign dev`"), "{ran:?}");
}

/// A name that somebody else gave the address of this machine is not ours (DNS rebinding).
#[test]
fn it_answers_to_names_of_this_machine_only() {
    let place = Place::new();
    let server = dev(&place);
    let ask = |host: &str| {
        let mut stream = server.connect();
        stream
            .write_all(format!("GET /login HTTP/1.1\r\n{host}Connection: close\r\n\r\n").as_bytes())
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        Answer::parse(&text).unwrap()
    };
    let port = server.address.port();
    for host in ["localhost", "127.0.0.1", "[::1]", "LocalHost"] {
        assert_eq!(ask(&format!("Host: {host}:{port}\r\n")).status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "192.168.1.1"] {
        let answer = ask(&format!("Host: {host}:{port}\r\n"));
        assert_eq!((answer.status, answer.code().as_str()), (421, "wrong_host"), "{host}");
    }
    // User information has no place in `Host` (RFC 9110 §7.2), so this is no host at all (RFC 9112 §3.2).
    let answer = ask(&format!("Host: localhost@evil.example:{port}\r\n"));
    assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_request"));
}

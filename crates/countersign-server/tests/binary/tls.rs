//! TLS with files (TP-4).

use std::time::Duration;

use crate::harness::{Place, curl, eventually};

/// Writes a certificate for localhost and its key; the certificate vouches for itself.
fn new_certificate(place: &Place) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    place.write("cert.pem", &made.cert.pem());
    place.write("key.pem", &made.signing_key.serialize_pem());
}

/// The same with an end, in time since 1970.
pub(crate) fn certificate_until(place: &Place, end: Duration) {
    let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    wanted.not_after = rcgen::date_time_ymd(1970, 1, 1) + end;
    let key = rcgen::KeyPair::generate().unwrap();
    place.write("cert.pem", &wanted.self_signed(&key).unwrap().pem());
    place.write("key.pem", &key.serialize_pem());
}

pub(crate) const TLS: [&str; 6] = [
    "--set",
    "tls.cert_file=cert.pem",
    "--set",
    "tls.key_file=key.pem",
    "--set",
    "public_origin=https://localhost",
];

#[test]
fn https_with_hsts_and_a_host_cookie_and_a_new_certificate_without_a_restart() {
    let place = Place::new();
    new_certificate(&place);
    place.add_user("ann", "user");
    let server = place.serve(&TLS);
    let folder = place.path("");
    let url = |path: &str| format!("https://localhost:{}{path}", server.address.port());
    let resolve = format!("localhost:{}:127.0.0.1", server.address.port());
    let get = |path: &str| curl(&folder, &["--cacert", "cert.pem", "--resolve", &resolve, "-i", &url(path)]);
    for path in ["/healthz", "/nowhere"] {
        assert!(get(path).contains("strict-transport-security: max-age=63072000"), "{path}");
    }
    let login = serde_json::json!({ "username": "ann", "password": crate::harness::PASSWORD }).to_string();
    let login = curl(
        &folder,
        &[
            "--cacert",
            "cert.pem",
            "--resolve",
            &resolve,
            "-i",
            "-H",
            "Content-Type: application/json",
            "-d",
            &login,
            &url("/api/login"),
        ],
    );
    assert!(login.contains("set-cookie: __Host-refreshToken=csr_") && login.contains("; Secure;"), "{login}");

    // A file that is not good changes nothing.
    place.write("key.pem", "half of a key");
    server.signal("HUP");
    assert!(get("/healthz").starts_with("HTTP/1.1 200"));
    let old = std::fs::read(place.path("cert.pem")).unwrap();
    new_certificate(&place);
    assert_ne!(std::fs::read(place.path("cert.pem")).unwrap(), old);
    server.signal("HUP");
    let trusts_new = || {
        std::process::Command::new("curl")
            .args(["-sS", "--cacert", "cert.pem", "--resolve", &resolve, &url("/healthz")])
            .current_dir(&folder)
            .output()
            .unwrap()
            .status
            .success()
    };
    eventually(trusts_new);
    let (status, said) = server.stop();
    assert!(
        status.success()
            && said.contains("keeping the old one")
            && said.contains("using the new certificate"),
        "{said}"
    );
}

#[test]
fn files_that_do_not_fit_stop_the_start() {
    let place = Place::new();
    new_certificate(&place);
    let key = std::fs::read_to_string(place.path("key.pem")).unwrap();
    new_certificate(&place);
    let run = || {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
        arguments.extend(TLS);
        place.run(&arguments)
    };
    place.write("key.pem", &key);
    let ran = run();
    assert!(ran.code == Some(1) && ran.err.contains("does not belong to the certificate"), "{ran:?}");
    place.write("cert.pem", "");
    assert!(run().err.contains("contains no certificate"));
    std::fs::remove_file(place.path("key.pem")).unwrap();
    assert!(run().err.contains("cannot read key.pem"));
}

/// `healthcheck` finds the server by its configuration, with and without TLS.
#[test]
fn the_health_check_says_whether_the_server_is_well() {
    let place = Place::new();
    new_certificate(&place);
    let plain: &[&str] = &["--set", "path_prefix=/auth"];
    for settings in [plain, &TLS] {
        let server = place.serve(settings);
        let listen = format!("listen={}", server.address);
        let check = |more: &[&str]| place.run(&[&["healthcheck", "--set", &listen], settings, more].concat());
        for more in [&[][..], &["--ready"], &["--json"]] {
            let ran = check(more);
            assert_eq!(ran.code, Some(0), "{ran:?}");
        }
        server.stop();
        let ran = check(&[]);
        assert!(ran.code == Some(1) && ran.err.contains("does not respond"), "{ran:?}");
    }
    // Something else that answers there is not well.
    let other = place.serve(&[]);
    let listen = format!("listen={}", other.address);
    let ran = place.run(&["healthcheck", "--set", &listen, "--set", "path_prefix=/auth"]);
    assert!(ran.code == Some(1) && ran.err.contains("/auth/healthz responds with 404"), "{ran:?}");
}

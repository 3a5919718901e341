//! `JWT_SECRET`, passwords and master keys: from where they are taken and when they are refused (KM-4, KM-6, OP-1).

use crate::harness::{PASSWORD, Place};

fn header(token: &str) -> String {
    use std::io::Write as _;
    let encoded = token.split('.').next().unwrap().replace('-', "+").replace('_', "/");
    let padded = format!("{encoded}{}", "=".repeat((4 - encoded.len() % 4) % 4));
    let mut base64 = std::process::Command::new("base64")
        .arg("-d")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    base64.stdin.take().unwrap().write_all(padded.as_bytes()).unwrap();
    String::from_utf8(base64.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_jwt_secret_in_dotenv_selects_hs256_and_publishes_no_key() {
    let place = Place::new();
    let made = place.run(&["secret", "--env"]);
    assert_eq!(made.out.trim_end().len(), "JWT_SECRET=".len() + 64, "{made:?}");
    place.write(".env", &made.out);
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let token = server.login("ann", PASSWORD).token();
    assert!(header(&token).contains(r#""alg":"HS256""#));
    assert_eq!(server.profile(&token).status, 200);
    let published = server.request("GET", "/.well-known/jwks.json", "", "");
    assert_eq!(published.json()["keys"], serde_json::json!([]));
}

/// KM-6, OP-4, LG-1: refused with the reason and the remedy, and without the secret.
#[test]
fn a_weak_jwt_secret_stops_the_start() {
    for (secret, why) in [
        ("canary", "6 bytes"),
        ("your-256-bit-secret-your-256-bit-secret", "every attacker tries"),
        ("0123456789abcdef0123456789abcdef", "32 hex digits"),
    ] {
        let place = Place::new();
        place.write(".env", &format!("JWT_SECRET={secret}\n"));
        let ran = place.run(&["serve"]);
        assert!(ran.code == Some(2) && ran.err.contains(why), "{ran:?}");
        assert!(ran.err.contains(".env:1") && ran.err.contains("countersign secret"), "{ran:?}");
        assert!(!ran.err.contains(secret));
    }
    let place = Place::new();
    place.write("weak", "secretsecretsecretsecretsecretsecret\n");
    let ran = place.run(&["serve", "--listen", "127.0.0.1:0", "--set", "jwt_secret_file=weak"]);
    assert!(
        ran.code == Some(2)
            && ran.err.contains("jwt_secret_file: weak:")
            && !ran.err.contains("secretsecret"),
        "{ran:?}"
    );
}

/// OP-1.
#[test]
fn a_password_as_an_argument_is_refused_with_the_reason() {
    let place = Place::new();
    for arguments in [
        &["user", "add", "ann", "--password", "canary-password-1"][..],
        &["user", "add", "ann", "--password=canary-password-1"],
        &["user", "set-password", "ann", "--password", "canary-password-1"],
    ] {
        let ran = place.run(arguments);
        assert!(ran.code == Some(2) && ran.err.contains("never an argument"), "{ran:?}");
        assert!(!ran.err.contains("canary"));
    }
    let ran = place.run(&["serve", "--set", "jwt_secret=canary-canary-canary-canary-canary"]);
    assert!(
        ran.code == Some(2)
            && ran.err.contains("every user of this machine can see arguments")
            && !ran.err.contains("canary"),
        "{ran:?}"
    );
}

/// KM-4: a wrong or missing master key stops the start; put back, everything is as before.
#[test]
fn a_wrong_or_missing_master_key_stops_the_start_and_changes_nothing() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let published = server.request("GET", "/.well-known/jwks.json", "", "").body;
    let cookie = server.login("ann", PASSWORD).cookie().unwrap();
    server.stop();

    let key = place.path("countersign-data/master.key");
    let aside = place.path("aside");
    std::fs::rename(&key, &aside).unwrap();
    let missing = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(missing.code == Some(1) && missing.err.contains("is missing"), "{missing:?}");
    assert!(!key.exists(), "no new key was made");
    std::fs::write(&key, format!("1 {}\n", "5f".repeat(32))).unwrap();
    let wrong = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        wrong.code == Some(1) && wrong.err.contains("not the one that this database was made with"),
        "{wrong:?}"
    );
    std::fs::write(&key, "nonsense").unwrap();
    let malformed = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(malformed.code == Some(1) && !malformed.err.contains("nonsense"), "{malformed:?}");

    std::fs::rename(&aside, &key).unwrap();
    let server = place.serve(&[]);
    assert_eq!(server.request("GET", "/.well-known/jwks.json", "", "").body, published);
    assert_eq!(server.refresh(&cookie).unwrap().status, 200);
}

#[test]
fn the_master_key_can_come_from_the_environment() {
    let mut place = Place::new();
    place.set("COUNTERSIGN_MASTER_KEY", &"5f".repeat(32));
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    let (_, said) = server.stop();
    assert!(said.contains("COUNTERSIGN_MASTER_KEY is in the environment"), "{said}");
    assert!(!place.path("countersign-data/master.key").exists());
}

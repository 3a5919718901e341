//! The signing key of an old system comes in, so that its tokens pass; a key of ours goes to another server.

use std::os::unix::fs::PermissionsExt as _;

use countersign_guard::Refusal;
use countersign_guard::jwt::{Algorithm, SigningKey, VerifyError, sign};
use serde_json::json;

use crate::feed_guard::Issuing;
use crate::harness::{Place, eventually};

/// A token as another system has signed it, for its own issuer.
fn token(key: &SigningKey, issuer: &str) -> String {
    let now = countersign::Clock::system().now().as_unix_seconds();
    let claims = json!({
        "iss": issuer, "aud": issuer, "sub": "7", "jti": "j", "role": "user", "iat": now, "exp": now + 600,
    });
    sign(&claims, key, "at+jwt").unwrap()
}

/// KM-1, KM-3, LG-4: published at once under its own ID, a key like any other, and gone for good once it is withdrawn.
#[test]
fn tokens_of_an_old_system_pass_with_its_key() {
    let issuing = Issuing::new();
    let place = &issuing.place;
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_key_id("old/1");
    place.write("old.jwk", &key.to_private_jwk().unwrap());
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    let issuer = issuing.issuer();
    let (same, other) = (token(&key, &issuer), token(&key, "https://old.example"));
    let verify = |token: &str| {
        let bearer = format!("Authorization: Bearer {token}\r\n");
        server.request("GET", "/api/verify", &bearer, "").status
    };
    assert_eq!((verify(&same), guard.verify(&same).is_ok()), (401, false));

    let ran = place.run(&["key", "import", "old.jwk", "--json"]);
    assert!(ran.code == Some(0), "{ran:?}");
    assert_eq!((&ran.json()["kid"], &ran.json()["state"]), (&json!("old/1"), &json!("next")));
    eventually(|| guard.verify(&same).is_ok());
    assert_eq!(verify(&same), 204);
    assert_eq!(guard.verify(&other).unwrap_err(), Refusal::Invalid(VerifyError::WrongIssuer));
    assert_eq!(verify(&other), 401, "the key alone makes no token good");
    let again = place.run(&["key", "import", "old.jwk"]);
    assert!(again.code == Some(1) && again.err.contains("there is a signing key with this ID"), "{again:?}");

    assert_eq!(place.run(&["key", "withdraw", "old/1"]).code, Some(0));
    eventually(|| guard.verify(&same).is_err());
    let again = place.run(&["key", "import", "old.jwk"]);
    assert!(again.code == Some(1) && again.err.contains("was withdrawn"), "{again:?}");
    let renamed = place.run(&["key", "import", "old.jwk", "--kid", "old-2", "--now", "--json"]);
    assert_eq!(renamed.json()["state"], "active", "{renamed:?}");
}

/// KM-11: a public key of an old system verifies its tokens here and at guards until its time is over; it is not in the store.
#[test]
fn tokens_of_an_old_system_pass_with_its_public_key() {
    let mut issuing = Issuing::new();
    let key = SigningKey::generate(Algorithm::Es384).unwrap().with_key_id("old/1");
    let token = token(&key, &issuing.issuer());
    issuing.place.write("old.json", &key.verifying_key().to_jwk().unwrap());
    issuing.place.set("COUNTERSIGN_KEYS__VERIFY_ONLY_FILE", "old.json");
    let refused = issuing.place.run(&["serve"]);
    assert!(refused.code == Some(2) && refused.err.contains("go together"), "{refused:?}");
    let set = format!(r#"{{"keys":[{}]}}"#, key.verifying_key().to_jwk().unwrap());
    for (file, until, passes) in [
        (key.verifying_key().to_jwk().unwrap(), "2099-01-01T00:00:00Z", true),
        (set.clone(), "2099-01-01T00:00:00+01:00", true),
        (set, "2026-01-01T00:00:00Z", false),
    ] {
        issuing.place.write("old.json", &file);
        issuing.place.set("COUNTERSIGN_KEYS__VERIFY_ONLY_UNTIL", until);
        let server = issuing.serve();
        let guard = issuing.guard().start().blocking().unwrap();
        let verified =
            server.request("GET", "/api/verify", &format!("Authorization: Bearer {token}\r\n"), "").status;
        assert_eq!((verified == 204, guard.verify(&token).is_ok()), (passes, passes), "{until}");
        let listed = issuing.place.run(&["key", "list"]).out;
        assert!(!listed.contains("old/1"), "{listed}");
    }
    for bad in [key.to_private_jwk().unwrap().as_str(), "{}"] {
        issuing.place.write("old.json", bad);
        let refused = issuing.place.run(&["serve"]);
        assert!(refused.code == Some(1) && refused.err.contains("keys.verify_only_file"), "{refused:?}");
    }
}

/// KM-6: what could not be a key of ours is refused.
#[test]
fn secrets_and_keys_that_nothing_uses_are_not_imported() {
    let place = Place::with_database();
    let key = SigningKey::generate(Algorithm::Es384).unwrap();
    place.write("es384.pem", &key.to_pkcs8_pem().unwrap());
    place.write("public.pem", &key.verifying_key().to_pem().unwrap());
    let secret = json!({ "kty": "oct", "alg": "HS256", "k": format!("{}w", "x".repeat(42)) });
    place.write("secret.jwk", &secret.to_string());
    for (file, reason) in [
        ("es384.pem", "no audience is signed with ES384"),
        ("public.pem", "a private key is needed"),
        ("secret.jwk", "a shared secret cannot be imported"),
    ] {
        let ran = place.run(&["key", "import", file]);
        assert!(ran.code == Some(1) && ran.err.contains(reason), "{file}: {ran:?}");
    }
    let long = "k".repeat(129);
    place.write("es256.pem", &SigningKey::generate(Algorithm::Es256).unwrap().to_pkcs8_pem().unwrap());
    let ran = place.run(&["key", "import", "es256.pem", "--kid", &long]);
    assert!(ran.code == Some(1) && ran.err.contains("1 to 128 bytes"), "{ran:?}");
}

/// KM-9: a private key goes into a file for its owner alone, or to where it was asked for, and the audit log says so.
#[test]
fn a_key_goes_to_another_server() {
    let place = Place::with_database();
    let rotated = place.run(&["key", "rotate", "--now", "--json"]);
    let kid = rotated.json()["kid"].as_str().unwrap().to_owned();
    let public = place.run(&["key", "export", &kid]).json();
    assert_eq!((&public["kid"], public.get("d")), (&json!(kid), None));
    let nowhere = place.run(&["key", "export", &kid, "--private"]);
    assert!(
        nowhere.code == Some(2) && nowhere.out.is_empty() && nowhere.err.contains("--out"),
        "{nowhere:?}"
    );
    let ran = place.run(&["key", "export", &kid, "--private", "--out", "key.pem"]);
    assert!(ran.code == Some(0) && !ran.out.contains("PRIVATE"), "{ran:?}");
    let mode = std::fs::metadata(place.path("key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = std::fs::read_to_string(place.path("key.pem")).unwrap();
    let printed = place.run(&["key", "export", &kid, "--private", "--stdout"]);
    assert!(printed.out.trim() == file.trim() && file.contains("PRIVATE KEY"), "the same key");
    assert_eq!(place.run(&["key", "export", "unknown", "--private", "--stdout"]).code, Some(1));
    let exports = place.run(&["audit", "--json"]).out.matches("key_exported").count();
    assert_eq!(exports, 2);

    let other = Place::with_database();
    other.write("key.pem", &file);
    let imported = other.run(&["key", "import", "key.pem", "--now", "--json"]);
    assert_eq!((&imported.json()["kid"], &imported.json()["state"]), (&json!(kid), &json!("active")));
}

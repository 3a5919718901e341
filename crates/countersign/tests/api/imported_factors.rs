//! Authenticators of other systems: their owners sign in here with the password and the codes that they had there. The codes are
//! those of `oathtool`.

use std::process::Command;

use axum::http::StatusCode;
use countersign::import::{
    BetterAuthSecrets, Decisions, FactorFile, Import, ImportError, ImportSettings, Imported, export_line,
};
use countersign::internal::model::audit::AuditKind;
use countersign::{Account, Actor, Context, Timestamp, Username};
use serde_json::{Value, json};

use crate::app::{Reply, TestApp};

/// Of every account in the fixtures.
const THERE: &str = "correct horse bättery staple";
const ERIN: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const AUTHELIA: &str = "FAUSUKZMFUXC6MBRGIZTINJWG44DSOR3HQ6T4P2AIFBEGRCFIZDQ";

fn export(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/exports/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What an app would show. `oathtool` is a package of Debian.
fn oathtool(secret: &str, now: Timestamp) -> String {
    let mut oathtool = Command::new("oathtool");
    oathtool.args(["--totp", "--base32", "--now", &format!("@{}", now.as_unix_seconds()), secret]);
    let ran = oathtool.output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// The Base32 of a text whose bytes are the secret.
fn base32(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<u8> = text.bytes().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letter = |bits: &[u8]| {
        let padded = bits.iter().chain([0; 4].iter()).take(5);
        char::from(LETTERS[usize::from(padded.fold(0, |number, bit| number << 1 | bit))])
    };
    bits.chunks(5).map(letter).collect()
}

fn read(app: &TestApp, users: &str, factors: Option<&str>, allow_no_factor: bool) -> Import {
    let secrets = BetterAuthSecrets::parse(str::from_utf8(&export("better-auth-secret.txt")).unwrap());
    let factors = factors.map(|name| FactorFile::read(&export(name), &secrets).unwrap());
    let decisions = Decisions { factors, allow_no_factor, allow_no_password: true, ..Decisions::default() };
    Import::read(&export(users), &decisions, app.countersign.hasher(), app.clock.now()).unwrap()
}

async fn run(app: &TestApp, import: &Import) -> Result<Imported, ImportError> {
    let context = Context::local(Actor::CommandLine, app.clock.now());
    let (hasher, sealer) = (app.countersign.hasher(), app.countersign.factor_sealer());
    let settings = ImportSettings { batch: 2, skip_problems: true, hasher, sealer, context: &context };
    import.run(app.countersign.store(), &settings, |_| {}).await
}

async fn account(app: &TestApp, name: &str) -> Account {
    app.countersign.find_account_by_name(&Username::parse(name).unwrap()).await.unwrap().unwrap()
}

/// The names of what an account has.
async fn held(app: &TestApp, name: &str) -> Vec<String> {
    let held = app.countersign.second_factors(account(app, name).await.id).await.unwrap();
    held.factors.into_iter().map(|factor| factor.name).collect()
}

/// The second step of a sign-in with the password of the old system.
async fn second(app: &TestApp, name: &str, code: &str) -> Reply {
    let first = app.login(name, THERE).await;
    assert_eq!(first.status, StatusCode::FORBIDDEN, "{name}: {}", first.text);
    let body = first.json();
    assert_eq!((&body["code"], &body["methods"]), (&json!("second_factor_required"), &json!(["totp"])));
    let cookie = first.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let body = json!({ "ticket": body["ticket"], "code": code });
    app.post("/api/login/factor").header("cookie", &cookie).json(&body).send().await
}

/// MF-1, MF-2: with the password and the authenticator that they had; without a code nobody gets in, and each code is good once.
#[tokio::test]
async fn an_imported_account_signs_in_with_its_password_and_its_authenticator() {
    for (users, factors, name, secret, kept_as) in [
        ("keycloak-otp.json", None, "ada", base32("Yz6m3VqKp0sXcT8rLw2N"), "My phone"),
        ("keycloak-otp.json", None, "erin", ERIN.to_owned(), "Keycloak"),
        ("ldap.ldif", Some("authelia-totp.yml"), "ada", AUTHELIA.to_owned(), "auth.example.org"),
        ("ldap.ldif", Some("authelia-totp.csv"), "ada", AUTHELIA.to_owned(), "auth.example.org"),
        ("ldap.ldif", Some("authelia-totp.txt"), "ada", AUTHELIA.to_owned(), "auth.example.org"),
        ("supabase.csv", Some("supabase-mfa-factors.csv"), "ada@example.org", ERIN.to_owned(), "Work phone"),
        (
            "better-auth-with-factors.jsonl",
            Some("better-auth-two-factor.jsonl"),
            "ada@example.org",
            base32("w4ZtQm8LxRk2VbNc6YpHs1GdJf5TgAe3"),
            "better-auth",
        ),
        (
            "better-auth-with-factors.jsonl",
            Some("better-auth-two-factor.jsonl"),
            "bob@example.org",
            ERIN.to_owned(),
            "better-auth",
        ),
    ] {
        let app = TestApp::empty().await;
        let import = read(&app, users, factors, true);
        let imported = run(&app, &import).await.unwrap();
        assert_eq!(imported.made, import.report().fine, "{users}");
        assert_eq!(held(&app, name).await[0], kept_as);
        let wrong = second(&app, name, "000000").await;
        wrong.assert_error(401, "invalid_second_factor");
        let code = oathtool(&secret, app.clock.now());
        let reply = second(&app, name, &code).await;
        assert_eq!(reply.status, StatusCode::OK, "{users} {factors:?} {name}: {}", reply.text);
        second(&app, name, &code).await.assert_error(401, "invalid_second_factor");
        app.wait(30);
        let next = second(&app, name, &oathtool(&secret, app.clock.now())).await;
        assert_eq!(next.status, StatusCode::OK, "{}", next.text);
    }
}

/// Importing twice changes nothing; who has an authenticator by then keeps that one; and an account that came without gets its own.
#[tokio::test]
async fn a_second_import_changes_nothing() {
    let app = TestApp::empty().await;
    let (users, factors) = ("supabase.csv", Some("supabase-mfa-factors.csv"));
    let without = read(&app, users, None, false);
    assert_eq!(run(&app, &without).await.unwrap().factors, 0);
    assert_eq!(held(&app, "ada@example.org").await, [""; 0]);
    let import = read(&app, users, factors, true);
    for added in [1, 0] {
        let imported = run(&app, &import).await.unwrap();
        assert_eq!((imported.made, imported.already_there, imported.factors), (0, 2, added));
        assert_eq!(held(&app, "ada@example.org").await, ["Work phone"]);
    }
    assert_eq!(app.audit(AuditKind::FactorAdded).await.len(), 1);
    let id = account(&app, "ada@example.org").await.id;
    let before = app.countersign.second_factors(id).await.unwrap();
    let other = read(&app, users, Some("supabase-mfa-factors.csv"), true);
    run(&app, &other).await.unwrap();
    assert_eq!(app.countersign.second_factors(id).await.unwrap(), before, "sealed as it was");
}

/// Of one batch, some accounts may be there already: those that are not bring theirs.
#[tokio::test]
async fn an_account_that_was_deleted_comes_back_with_its_authenticator() {
    let app = TestApp::empty().await;
    let factors = Some("better-auth-two-factor.jsonl");
    let import = read(&app, "better-auth-with-factors.jsonl", factors, true);
    assert_eq!(run(&app, &import).await.unwrap().factors, 2, "ada's and bob's");
    let ada = account(&app, "ada@example.org").await.id;
    app.countersign.delete_account(ada, &app.operator()).await.unwrap();
    let imported = run(&app, &import).await.unwrap();
    assert_eq!((imported.made, imported.factors), (1, 1), "{imported:?}");
    assert_eq!(held(&app, "ada@example.org").await, ["better-auth"]);
}

/// What does not come over has to be accepted, and nothing else of the account is lost.
#[tokio::test]
async fn a_second_factor_that_cannot_come_over_is_not_dropped_silently() {
    let app = TestApp::empty().await;
    let refused = run(&app, &read(&app, "keycloak-otp.json", None, false)).await;
    assert!(matches!(refused, Err(ImportError::NoFactor { factors: 5 })), "{refused:?}");
    assert!(app.countersign.find_account_by_name(&Username::parse("ada").unwrap()).await.unwrap().is_none());
    let imported = run(&app, &read(&app, "keycloak-otp.json", None, true)).await.unwrap();
    assert_eq!(imported.factors, 3, "ada's, and two of erin's");
    for name in ["bob", "carol", "dave", "frank"] {
        assert_eq!(app.login(name, THERE).await.status, StatusCode::OK, "{name}");
    }
}

/// MF-1: what is exported says that there is an authenticator, and not its secret; the import there asks about it.
#[tokio::test]
async fn an_export_has_no_secret_of_an_authenticator() {
    let app = TestApp::empty().await;
    run(&app, &read(&app, "keycloak-otp.json", None, true)).await.unwrap();
    let id = account(&app, "ada").await.id;
    let held = app.countersign.second_factors(id).await.unwrap();
    let found = app.countersign.credentials(id).await.unwrap().unwrap();
    let line = export_line(&found, &held, app.countersign.hasher());
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["secondFactors"], 1);
    assert!(!line.contains("Yz6m3VqKp0sXcT8rLw2N") && !line.contains(&base32("Yz6m3VqKp0sXcT8rLw2N")));
    let decisions = Decisions::default();
    let there = Import::read(line.as_bytes(), &decisions, app.countersign.hasher(), app.clock.now()).unwrap();
    assert_eq!(there.report().factors_lost(), 1, "{}", there.report());
    let code = oathtool(&base32("Yz6m3VqKp0sXcT8rLw2N"), app.clock.now());
    let session = second(&app, "ada", &code).await.json();
    let own = app.get("/api/account/export").bearer(session["accessToken"].as_str().unwrap()).send().await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.text);
    assert!(own.text.contains("My phone") && !own.text.contains("Yz6m3VqKp0sXcT8rLw2N"), "{}", own.text);
}

use super::*;
use crate::base::clock::{Clock, Timestamp};
use crate::base::random::Random;
use crate::flows::import::{Decisions, Import, ImportReport};
use crate::hashing::{HashingOptions, PasswordHasher};

macro_rules! export {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fixtures/exports/", $name)).as_slice()
    };
}

const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

fn read(users: &[u8], factors: Option<(&[u8], &[u8])>) -> Import {
    let hasher = PasswordHasher::new(&HashingOptions::default(), Clock::system(), Random::insecure_seeded(1));
    let factors = factors.map(|(file, secrets)| {
        let secrets = BetterAuthSecrets::parse(str::from_utf8(secrets).unwrap());
        FactorFile::read(file, &secrets).unwrap()
    });
    let decisions = Decisions { factors, ..Decisions::default() };
    Import::read(users, &decisions, &hasher.unwrap(), NOW).unwrap()
}

/// What the report says of second factors.
fn said(report: &ImportReport) -> String {
    let text = report.to_string();
    let lines = text.lines().filter(|line| {
        line.contains("factor") || line.contains("authenticator") || line.contains("recovery")
    });
    lines.map(str::trim).collect::<Vec<_>>().join("\n")
}

/// Every second factor comes over or is in the report, by line and by name.
#[test]
fn what_does_not_come_over_is_reported_by_row() {
    let keycloak = read(export!("keycloak-otp.json"), None);
    insta::assert_snapshot!(said(keycloak.report()), @r"
    of them 2 with an authenticator: lines 1, 5
    1 authenticators with HmacSHA256, where SHA-1 is taken: line 2 (bob)
    1 authenticators with 8 digits, where six are taken: line 3 (carol)
    1 second factors of another kind (hotp): line 4 (dave)
    1 second factors of another kind (webauthn): line 5 (erin)
    1 second factors that are not in the file: line 6 (frank)
    1 sets of recovery codes, which have another form here: their owners make new ones on the account page: line 3 (carol)
    ");
    assert_eq!(keycloak.report().factors_lost(), 5);
    let (first, fifth) = (&keycloak.factors[&1], &keycloak.factors[&5]);
    let name = |factor: &ImportedFactor| factor.name.clone();
    assert_eq!(first.iter().map(name).collect::<Vec<_>>(), ["My phone"]);
    assert_eq!(first[0].secret.as_bytes(), b"Yz6m3VqKp0sXcT8rLw2N", "the bytes of the text");
    assert_eq!(fifth.iter().map(name).collect::<Vec<_>>(), ["Keycloak", "tablet"]);
    assert_eq!(fifth[0].secret.to_secret_text().as_str(), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    let supabase = read(export!("supabase.csv"), Some((export!("supabase-mfa-factors.csv"), b"")));
    insta::assert_snapshot!(said(supabase.report()), @r"
    of them 1 with an authenticator: line 2
    1 second factors of another kind (phone): line 3 (bob@example.org)
    1 authenticators whose secret Supabase has encrypted: it is to be exported decrypted: line 3 (bob@example.org)
    1 authenticators that were never set up to the end, and are left out: line 2 (ada@example.org)
    ");
    assert_eq!(supabase.factors[&2][0].name, "Work phone");
}

/// The three forms of one export say the same.
#[test]
fn every_form_of_authelia_is_read() {
    for (file, strange) in [
        (export!("authelia-totp.yml"), 20),
        (export!("authelia-totp.csv"), 4),
        (export!("authelia-totp.txt"), 3),
    ] {
        let import = read(export!("ldap.ldif"), Some((file, b"")));
        let report = import.report();
        assert_eq!((report.with_factors.len(), &report.strange_factors), (1, &vec![strange]), "{report}");
        let factors: Vec<_> = import.factors.values().flatten().collect();
        assert_eq!(factors[0].name, "auth.example.org");
        let secret = factors[0].secret.to_secret_text();
        assert_eq!(secret.as_str(), "FAUSUKZMFUXC6MBRGIZTINJWG44DSOR3HQ6T4P2AIFBEGRCFIZDQ");
        let lost: Vec<_> = report.lost_factors.iter().collect();
        let algorithm = FactorProblem::Algorithm("SHA512".to_owned());
        assert_eq!((lost.len(), lost[0].0, lost[0].1[0].username.as_str()), (1, &algorithm, "bob"));
        assert_eq!(report.factors_lost(), 2);
    }
}

/// better-auth's secrets are encrypted: without the key that is said plainly, and with it they come over.
#[test]
fn the_secrets_of_better_auth_need_its_key() {
    let (users, factors) =
        (export!("better-auth-with-factors.jsonl"), export!("better-auth-two-factor.jsonl"));
    let without = read(users, Some((factors, b"")));
    insta::assert_snapshot!(said(without.report()), @r"
    3 authenticators whose secret is encrypted with better-auth's secret (--factor-key FILE has it): lines 1 (ada@example.org), 2 (bob@example.org), 3 (carol@example.org)
    1 second factors that are not in the file: line 5 (erin@example.org)
    3 sets of recovery codes, which have another form here: their owners make new ones on the account page: lines 1 (ada@example.org), 2 (bob@example.org), 3 (carol@example.org)
    1 authenticators that were never set up to the end, and are left out: line 4 (dave@example.org)
    ");
    assert!(without.factors.is_empty());
    let with = read(users, Some((factors, export!("better-auth-secret.txt"))));
    insta::assert_snapshot!(said(with.report()), @r"
    of them 2 with an authenticator: lines 1, 2
    1 authenticators whose secret is encrypted with another secret than those of --factor-key: line 3 (carol@example.org)
    1 second factors that are not in the file: line 5 (erin@example.org)
    3 sets of recovery codes, which have another form here: their owners make new ones on the account page: lines 1 (ada@example.org), 2 (bob@example.org), 3 (carol@example.org)
    1 authenticators that were never set up to the end, and are left out: line 4 (dave@example.org)
    ");
    let secret = |line: u64| with.factors[&line][0].secret.as_bytes().to_vec();
    assert_eq!(secret(1), b"w4ZtQm8LxRk2VbNc6YpHs1GdJf5TgAe3");
    assert_eq!(secret(2), base32_secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").unwrap().as_bytes());
    let none = read(users, None);
    let lost = &none.report().lost_factors;
    assert_eq!(lost.keys().collect::<Vec<_>>(), [&FactorProblem::NotInFile]);
    assert_eq!(lost[&FactorProblem::NotInFile].len(), 4, "those of whom the file says that they have one");
}

#[test]
fn a_file_without_second_factors_is_refused() {
    for file in [&b"username,password\nada,x\n"[..], b"", b"{}", b"user_id,colour\n1,red\n"] {
        let refused = FactorFile::read(file, &BetterAuthSecrets::default());
        assert!(matches!(refused, Err(FactorFileError::NoFactors)), "{refused:?}");
    }
}

/// An account has ten authenticators at most, and says so of the others; no secret is in what is printed.
#[test]
fn the_eleventh_is_reported_and_nothing_is_printed() {
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let rows = (0..11)
        .fold("username,secret,issuer\n".to_owned(), |rows, n| format!("{rows}Ada,{secret},app {n}\n"));
    let file = FactorFile::read(rows.as_bytes(), &BetterAuthSecrets::parse("geheim")).unwrap();
    let (factors, problems) = bounded(file.of(&Owner::named(" ada ")).collect());
    assert_eq!((factors.len(), problems), (10, vec![FactorProblem::TooMany]));
    let printed = format!("{file:?} {factors:?} {:?}", BetterAuthSecrets::parse("geheim"));
    assert!(!printed.contains(secret) && !printed.contains("geheim"), "{printed}");
}

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// What a file has for this owner: the name of an authenticator, or why it does not come over.
fn of(file: &str, owner: &Owner) -> Vec<Result<String, FactorProblem>> {
    let file = FactorFile::read(file.as_bytes(), &BetterAuthSecrets::parse(" \n\n")).unwrap();
    file.of(owner).map(|found| found.map(|factor| factor.name)).collect()
}

/// Databases write numbers as IDs, and nothing, `null` or `\N` for what is not there.
#[test]
fn a_field_is_read_however_a_database_writes_it() {
    let seven = Owner::Id("7".to_owned());
    for (verified, is_set_up) in
        [("", true), ("t", true), ("1", true), ("TRUE", true), ("f", false), ("0", false), ("false", false)]
    {
        let found = of(&format!("userId,secret,backupCodes,verified\n7,00ff,\\N,{verified}\n"), &seven);
        let problem = if is_set_up { FactorProblem::Encrypted } else { FactorProblem::Unfinished };
        assert_eq!(found, [Err(problem)], "{verified:?}");
    }
    for (verified, is_set_up) in
        [("null", true), ("true", true), ("1", true), ("0", false), ("false", false), ("[]", false)]
    {
        let found = of(&format!(r#"[{{"userId": 7, "secret": "00ff", "verified": {verified}}}]"#), &seven);
        let problem = if is_set_up { FactorProblem::Encrypted } else { FactorProblem::Unfinished };
        assert_eq!(found, [Err(problem)], "{verified}");
    }
    let ada = Owner::named("ada");
    for (shape, problem) in [
        (r#""digits": null, "period": null"#, None),
        (r#""digits": "", "period": " ""#, None),
        (r#""digits": 6, "period": "30""#, None),
        (r#""digits": 8"#, Some(FactorProblem::Digits(8))),
        (r#""period": 60"#, Some(FactorProblem::Period(60))),
        (r#""period": -30"#, Some(FactorProblem::Malformed)),
        (r#""period": true"#, Some(FactorProblem::Malformed)),
    ] {
        let found = of(&format!(r#"[{{"username": "ada", "secret": "{SECRET}", {shape}}}]"#), &ada);
        assert_eq!(found, [problem.map_or(Ok("Authenticator".to_owned()), Err)], "{shape}");
    }
    let uri = format!("otpauth://totp/My%20App:ada?secret={SECRET}&issuer=My+App\n");
    assert_eq!(of(&uri, &ada), [Ok("My App".to_owned())]);
    let both = serde_json::json!({ "id": 1, "user_id": 2 });
    assert_eq!(Owner::of_user(both.as_object().unwrap()), Some(Owner::Id("2".to_owned())), "in a join");
}

/// Keycloak's parts of a credential are texts that have JSON in them.
#[test]
fn a_credential_of_keycloak_is_taken_as_it_says() {
    let of = |data: &str| {
        let secret = format!(r#"{{"value":"{SECRET}"}}"#);
        let all = serde_json::json!({
            "credentials": [{ "type": "otp", "credentialData": data, "secretData": secret, "userLabel": " " }],
        });
        let row = all.as_object().unwrap();
        assert!(in_row(System::Countersign, row).is_empty(), "of no other system");
        in_row(System::Keycloak, row).pop().unwrap().map(|factor| factor.secret.as_bytes().to_vec())
    };
    let text = SECRET.as_bytes().to_vec();
    let bytes = base32_secret(SECRET).unwrap().as_bytes().to_vec();
    for (data, expected) in [
        (r#"{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}"#, Ok(text)),
        (r#"{"subType":"totp","secretEncoding":"BASE32"}"#, Ok(bytes)),
        (r#"{"subType":"totp","secretEncoding":"HEX"}"#, Err(FactorProblem::Malformed)),
        (r#"{"subType":"totp","period":60}"#, Err(FactorProblem::Period(60))),
        ("{", Err(FactorProblem::Malformed)),
    ] {
        assert_eq!(of(data), expected, "{data}");
    }
}

/// A line that nobody can be found for is said, whether it names nobody or somebody else.
#[test]
fn a_line_of_nobody_is_strange() {
    let file = format!("username,secret\nada,{SECRET}\n,{SECRET}\neve,{SECRET}\n");
    let file = FactorFile::read(file.as_bytes(), &BetterAuthSecrets::default()).unwrap();
    assert_eq!(file.strangers(&HashSet::from([Owner::named("ada")])), [3, 4]);
}

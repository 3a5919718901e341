//! What the gate decides in every case.

use std::time::Duration;

use super::*;
use crate::model::account::Role;
use crate::model::proof::OutsideProof;
use crate::model::second_factor::change::testing::{answered, factor, held, passkey, trusted};
use crate::model::session::testing::{T, account};

const PASSWORD: Proof = Proof::Password { version: 5 };
const MAIL: Proof = Proof::Mail { version: 5 };

fn outcome(
    first: Proof,
    (account, held): (&Account, &AccountFactors),
    step: &SecondStep,
    showing: Showing,
) -> Result<String, Missing> {
    pass(first, (account, held), step, showing, T).map(|passed| passed.methods.to_stored())
}

/// MF-2: every combination of what was shown first, what the policy asks for, what the account has, and what was shown then.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_is_missing_in_every_case() {
    let shown = |shown| SecondStep { shown, ..SecondStep::default() };
    let totp = |step| shown(ShownFactor::Totp { factor: factor(1).id, step });
    let code = |byte| shown(ShownFactor::RecoveryCode(RecoveryCodeHash([byte; 32])));
    let new = |seed| shown(ShownFactor::New(Box::new(NewFactor { factor: factor(seed), codes: Vec::new() })));
    let device = |byte| SecondStep { device: Some([byte; 32]), ..SecondStep::default() };
    let both = || Ok("pwd otp mfa".to_owned());
    let ask = || Err(Missing::Factor(vec![FactorMethod::Totp, FactorMethod::RecoveryCode]));
    let (none, one) = (AccountFactors::default(), held());
    let without_codes = AccountFactors { codes: Vec::new(), ..held() };
    let later = SecondFactor { last_step: 8, ..factor(2) };
    let two = AccountFactors { factors: vec![factor(1), later], ..held() };
    let trusting = |until| AccountFactors { devices: vec![trusted(until)], ..held() };
    let (until_late, until_now) = (trusting(T.plus(Duration::from_millis(1))), trusting(T));
    let outside = AuthMethods::of(AuthMethod::Password).and(AuthMethod::HardwareKey);
    let outside = Proof::Outside(OutsideProof::new("own", outside.and(AuthMethod::MultipleFactors)));
    let key = |edit: fn(&mut ShownPasskey)| {
        let mut answer = answered(5);
        edit(&mut answer);
        shown(ShownFactor::Passkey(answer))
    };
    let new_key = shown(ShownFactor::New(Box::new(NewFactor { factor: passkey(5, 1), codes: Vec::new() })));
    let keys = AccountFactors { factors: vec![passkey(5, 1)], ..held() };
    let taken = AccountFactors { is_taken: true, ..AccountFactors::default() };
    let used = AccountFactors { answered: vec![[4; 32]], ..keys.clone() };
    let mut second_only = keys.clone();
    second_only.factors[0].passkey.as_mut().unwrap().signs_in = false;
    let mut synced = keys.clone();
    synced.factors[0].passkey.as_mut().unwrap().backup_eligible = true;
    let all = AccountFactors { factors: vec![factor(1), passkey(5, 1)], ..held() };
    let trusting_keys =
        AccountFactors { devices: vec![trusted(T.plus(Duration::from_secs(1)))], ..keys.clone() };
    let ask_key = || Err(Missing::Factor(vec![FactorMethod::Passkey, FactorMethod::RecoveryCode]));
    let ask_all = vec![FactorMethod::Totp, FactorMethod::Passkey, FactorMethod::RecoveryCode];
    let (again, unverified) = (Err(Missing::AnotherCode), key(|answer| answer.is_verified = false));
    let (sign_in, change) = (Showing::SignIn, Showing::Change);
    let cases = [
        (
            "a passkey that is somebody's",
            PASSWORD,
            &taken,
            new_key.clone(),
            true,
            sign_in,
            Err(Missing::AnotherPasskey),
        ),
        ("nothing asked", PASSWORD, &none, SecondStep::default(), false, sign_in, Ok("pwd".into())),
        ("by mail, nothing asked", MAIL, &none, SecondStep::default(), false, sign_in, Ok(String::new())),
        (
            "asked by policy, none there",
            PASSWORD,
            &none,
            SecondStep::default(),
            true,
            sign_in,
            Err(Missing::Authenticator),
        ),
        (
            "by mail, asked by policy",
            MAIL,
            &none,
            SecondStep::default(),
            true,
            sign_in,
            Err(Missing::Authenticator),
        ),
        ("a first one may be added", PASSWORD, &none, SecondStep::default(), true, change, Ok("pwd".into())),
        ("there", PASSWORD, &one, SecondStep::default(), false, sign_in, ask()),
        ("there, by mail", MAIL, &one, SecondStep::default(), false, sign_in, ask()),
        (
            "no codes left",
            PASSWORD,
            &without_codes,
            SecondStep::default(),
            true,
            sign_in,
            Err(Missing::Factor(vec![FactorMethod::Totp])),
        ),
        ("a new code", PASSWORD, &one, totp(8), true, sign_in, both()),
        ("by mail and a code", MAIL, &one, totp(8), true, sign_in, Ok("otp mfa".into())),
        (
            "the code of the last step again",
            PASSWORD,
            &one,
            totp(7),
            false,
            sign_in,
            Err(Missing::AnotherCode),
        ),
        (
            "the step of another authenticator's last code",
            PASSWORD,
            &two,
            totp(8),
            false,
            sign_in,
            Err(Missing::AnotherCode),
        ),
        ("an older code", PASSWORD, &one, totp(6), false, sign_in, Err(Missing::AnotherCode)),
        (
            "of an authenticator that is gone",
            PASSWORD,
            &none,
            totp(8),
            false,
            sign_in,
            Err(Missing::AnotherCode),
        ),
        ("a recovery code", PASSWORD, &one, code(1), true, sign_in, both()),
        ("a used recovery code", PASSWORD, &one, code(3), false, sign_in, Err(Missing::AnotherCode)),
        ("set up on the way in", PASSWORD, &none, new(2), true, sign_in, both()),
        ("set up where there is one", PASSWORD, &one, new(2), true, sign_in, ask()),
        ("trusted device", PASSWORD, &until_late, device(9), true, sign_in, Ok("pwd rba".into())),
        ("another device", PASSWORD, &until_late, device(8), true, sign_in, ask()),
        ("trusted until now", PASSWORD, &until_now, device(9), true, sign_in, ask()),
        ("a change on a trusted device", PASSWORD, &until_late, device(9), false, change, ask()),
        ("a change with a code", PASSWORD, &one, totp(8), false, change, both()),
        (
            "the application asked for more",
            outside,
            &one,
            SecondStep::default(),
            true,
            sign_in,
            Ok("pwd hwk mfa".into()),
        ),
        ("a passkey alone", Proof::Passkey, &keys, key(|_| ()), true, sign_in, Ok("hwk user mfa uv".into())),
        (
            "a synchronised one",
            Proof::Passkey,
            &synced,
            key(|_| ()),
            true,
            sign_in,
            Ok("swk user mfa uv".into()),
        ),
        (
            "alone, beside an authenticator",
            Proof::Passkey,
            &all,
            key(|_| ()),
            false,
            sign_in,
            Ok("hwk user mfa uv".into()),
        ),
        (
            "alone, and nobody was verified",
            Proof::Passkey,
            &keys,
            unverified.clone(),
            false,
            sign_in,
            again.clone(),
        ),
        (
            "one for the second step, alone",
            Proof::Passkey,
            &second_only,
            key(|_| ()),
            false,
            sign_in,
            again.clone(),
        ),
        (
            "one for the second step",
            PASSWORD,
            &second_only,
            key(|_| ()),
            false,
            sign_in,
            Ok("pwd hwk user mfa".into()),
        ),
        ("alone, and gone", Proof::Passkey, &one, key(|_| ()), false, sign_in, again.clone()),
        ("alone, and answered before", Proof::Passkey, &used, key(|_| ()), false, sign_in, again.clone()),
        (
            "alone, and its counter stands",
            Proof::Passkey,
            &keys,
            key(|answer| answer.sign_count = 1),
            false,
            sign_in,
            again.clone(),
        ),
        (
            "alone, to change something",
            Proof::Passkey,
            &keys,
            key(|_| ()),
            false,
            change,
            Ok("hwk user mfa uv".into()),
        ),
        (
            "said to be alone, and not shown",
            Proof::Passkey,
            &keys,
            SecondStep::default(),
            false,
            sign_in,
            again.clone(),
        ),
        (
            "said to be alone, with nothing there",
            Proof::Passkey,
            &none,
            SecondStep::default(),
            false,
            sign_in,
            again.clone(),
        ),
        (
            "said to be alone, on a trusted device",
            Proof::Passkey,
            &trusting_keys,
            device(9),
            false,
            sign_in,
            again.clone(),
        ),
        ("said to be alone, with a code", Proof::Passkey, &all, totp(8), false, sign_in, again.clone()),
        (
            "said to be alone, with a recovery code",
            Proof::Passkey,
            &keys,
            code(1),
            false,
            sign_in,
            again.clone(),
        ),
        (
            "said to be alone, with a new one",
            Proof::Passkey,
            &none,
            new_key.clone(),
            true,
            sign_in,
            again.clone(),
        ),
        ("there is a passkey", PASSWORD, &keys, SecondStep::default(), false, sign_in, ask_key()),
        ("there is a passkey, by mail", MAIL, &keys, SecondStep::default(), false, sign_in, ask_key()),
        (
            "there is everything",
            PASSWORD,
            &all,
            SecondStep::default(),
            true,
            sign_in,
            Err(Missing::Factor(ask_all)),
        ),
        (
            "a passkey beside a password",
            PASSWORD,
            &keys,
            key(|_| ()),
            true,
            sign_in,
            Ok("pwd hwk user mfa uv".into()),
        ),
        (
            "one that verifies nobody",
            PASSWORD,
            &keys,
            unverified.clone(),
            true,
            sign_in,
            Ok("pwd hwk user mfa".into()),
        ),
        (
            "one that verifies nobody, by mail",
            MAIL,
            &keys,
            unverified.clone(),
            true,
            sign_in,
            Ok("hwk user mfa".into()),
        ),
        (
            "one that verifies nobody, to change something",
            PASSWORD,
            &keys,
            unverified,
            false,
            change,
            Ok("pwd hwk user mfa".into()),
        ),
        ("a passkey that is gone", PASSWORD, &one, key(|_| ()), false, sign_in, again.clone()),
        ("of an account without any", PASSWORD, &none, key(|_| ()), false, sign_in, again.clone()),
        ("a challenge that was answered", PASSWORD, &used, key(|_| ()), false, sign_in, again.clone()),
        (
            "another one of its challenges",
            PASSWORD,
            &used,
            key(|answer| answer.challenge.hash = [5; 32]),
            false,
            sign_in,
            Ok("pwd hwk user mfa uv".into()),
        ),
        (
            "the ID of an authenticator",
            PASSWORD,
            &all,
            key(|answer| answer.factor = factor(1).id),
            false,
            sign_in,
            again,
        ),
        ("a code of who has a passkey too", PASSWORD, &all, totp(8), false, sign_in, both()),
        ("a recovery code of who has a passkey", PASSWORD, &keys, code(1), false, sign_in, both()),
        (
            "a passkey made on the way in",
            PASSWORD,
            &none,
            new_key.clone(),
            true,
            sign_in,
            Ok("pwd hwk user mfa".into()),
        ),
        ("made where there is one", PASSWORD, &keys, new_key, true, sign_in, ask_key()),
        (
            "a passkey, and a trusted device",
            PASSWORD,
            &trusting_keys,
            device(9),
            true,
            sign_in,
            Ok("pwd rba".into()),
        ),
    ];
    for (name, first, held, step, everybody, showing, expected) in cases {
        let policy = Arc::new(SecondFactorPolicy { everybody, ..SecondFactorPolicy::default() });
        let step = SecondStep { policy, ..step };
        assert_eq!(outcome(first, (&account(), held), &step, showing), expected, "{name}");
    }
    let admin = Account { role: Role::admin(), ..account() };
    let found = outcome(PASSWORD, (&admin, &until_late), &device(9), sign_in);
    assert_eq!(found, ask(), "administrators are asked each time");
}

/// MF-1, MF-3: what was shown is used up.
#[test]
fn what_was_shown_is_not_good_again() {
    let step =
        SecondStep { shown: ShownFactor::Totp { factor: factor(1).id, step: 8 }, ..SecondStep::default() };
    let passed = pass(PASSWORD, (&account(), &held()), &step, Showing::SignIn, T).unwrap();
    assert_eq!(passed.writes, [Write::UseFactor { id: factor(1).id, step: 8, at: T }]);
    let hash = RecoveryCodeHash([1; 32]);
    let step = SecondStep { shown: ShownFactor::RecoveryCode(hash), ..SecondStep::default() };
    let passed = pass(PASSWORD, (&account(), &held()), &step, Showing::SignIn, T).unwrap();
    let event = AuditEvent::new(AuditKind::RecoveryCodeUsed).of_account(account().id).with_detail("1");
    let used = Write::UseRecoveryCode { account_id: account().id, hash: hash.0, at: T };
    assert_eq!(passed.writes, [used, Write::Record(event)]);
    let keys = AccountFactors { factors: vec![passkey(5, 1)], ..held() };
    let step = SecondStep { shown: ShownFactor::Passkey(answered(5)), ..SecondStep::default() };
    let passed = pass(Proof::Passkey, (&account(), &keys), &step, Showing::SignIn, T).unwrap();
    let used = Write::UsePasskey { shown: Box::new(answered(5)), account_id: account().id, at: T };
    assert_eq!(passed.writes, [used]);
}

//! Passkeys: found by their credential, answered once, gone with their account (MF-4).

use std::sync::Arc;

use countersign::internal::base::id::FactorId;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{Account, Deletion};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::second_factor::{
    AnsweredChallenge, ChangeFactorsOutcome, FactorAction, FactorChange, FactorChanger, FactorKind, Missing,
    NewFactor, Passkey, SecondFactor, SecondStep, ShownFactor, ShownPasskey,
};
use countersign::internal::model::session::{NewSession, SessionPolicy, StartSessionOutcome};
use countersign::store::{AccountStore as _, SecondFactorStore as _, SessionStore as _, Store};

use crate::races::at_once;
use crate::world::*;

fn passkey(account: &Account) -> SecondFactor {
    let passkey = Passkey {
        credential_id: vec![7; 20],
        user_handle: vec![5; 32],
        sign_count: 3,
        backup_eligible: true,
        backed_up: false,
        signs_in: true,
        transports: vec!["internal".to_owned()],
        aaguid: [1; 16],
    };
    SecondFactor {
        id: FactorId::random(&Random::system()),
        account_id: account.id,
        kind: FactorKind::Passkey,
        name: "Laptop".to_owned(),
        sealed: vec![9; 9],
        last_step: 0,
        passkey: Some(Box::new(passkey)),
        created_at: at(1),
        last_used_at: None,
    }
}

/// Adds it in a session of its own.
async fn add(store: &impl Store, account: &Account, factor: &SecondFactor) {
    let outcome = try_to_add(store, account, factor).await;
    assert!(matches!(outcome, ChangeFactorsOutcome::Done(_)), "{outcome:?}");
}

async fn try_to_add(store: &impl Store, account: &Account, factor: &SecondFactor) -> ChangeFactorsOutcome {
    let session = log_in(store, account, at(1)).await.session_id;
    let action = FactorAction::Add(Box::new(new_factor(factor)));
    let (proof, step) = (Some(Proof::Password { version: 0 }), SecondStep::default());
    let by = FactorChanger::Owner { session, proof, step };
    let change = FactorChange { account_id: account.id, action, by, notice: None };
    store.change_factors(change, &context(at(1))).await.unwrap()
}

fn new_factor(factor: &SecondFactor) -> NewFactor {
    NewFactor { factor: factor.clone(), codes: Vec::new() }
}

fn answer(factor: &SecondFactor, challenge: u8, sign_count: u32) -> ShownPasskey {
    ShownPasskey {
        factor: factor.id,
        challenge: AnsweredChallenge { hash: [challenge; 32], expires_at: at(300) },
        sign_count,
        backed_up: true,
        is_verified: true,
    }
}

fn alone(account: &Account, shown: ShownPasskey) -> NewSession {
    let second = SecondStep { shown: ShownFactor::Passkey(shown), ..SecondStep::default() };
    NewSession { proof: Proof::Passkey, second, ..new_session(account) }
}

/// MF-4
pub(crate) async fn a_challenge_is_answered_once(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let factor = passkey(&bob);
    add(&store, &bob, &factor).await;
    assert_eq!(store.find_passkey(vec![7; 20]).await.unwrap(), Some(factor.clone()), "as it was stored");
    assert_eq!(store.find_passkey(vec![7; 19]).await.unwrap(), None);

    let begin = async |shown: ShownPasskey, seconds| {
        store.start_session(alone(&bob, shown), &context(at(seconds))).await.unwrap()
    };
    let again = StartSessionOutcome::Missing(Missing::AnotherCode);
    assert!(matches!(begin(answer(&factor, 1, 4), 10).await, StartSessionOutcome::Started(..)));
    assert_eq!(begin(answer(&factor, 1, 5), 11).await, again, "answered before");
    assert_eq!(begin(answer(&factor, 2, 4), 12).await, again, "its counter stands");
    assert!(matches!(begin(answer(&factor, 2, 5), 13).await, StartSessionOutcome::Started(..)));
    let held = store.second_factors(bob.id).await.unwrap();
    let used = held.factors[0].passkey.as_deref().unwrap();
    assert_eq!((used.sign_count, used.backed_up), (5, true));
    assert_eq!(held.factors[0].last_used_at, Some(at(13)));
    assert_eq!(held.answered.len(), 2);
    // What is over can be answered no more, and goes with the next answer.
    let late = ShownPasskey {
        challenge: AnsweredChallenge { hash: [3; 32], expires_at: at(600) },
        ..answer(&factor, 3, 6)
    };
    assert!(matches!(begin(late, 300).await, StartSessionOutcome::Started(..)));
    assert_eq!(store.second_factors(bob.id).await.unwrap().answered, [[3; 32]]);

    store.delete_account(bob.id, Deletion::Now, &context(at(301))).await.unwrap();
    assert_eq!(store.find_passkey(vec![7; 20]).await.unwrap(), None);
    assert_eq!(store.second_factors(bob.id).await.unwrap().answered, [[0; 32]; 0]);
}

/// MF-4: whoever gets it, in a session or on the way in, one account has it; the others hear that it is somebody's.
pub(crate) async fn of_many_that_get_one_passkey_one_has_it(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    for round in 0..5_u8 {
        let mut accounts = Vec::new();
        for n in 0..6 {
            accounts.push(user(&*store, &format!("user{round}{n}")).await);
        }
        let call = |n: usize| {
            let (store, account) = (Arc::clone(&store), accounts[n].clone());
            async move {
                let mut factor = passkey(&account);
                factor.passkey.as_mut().unwrap().credential_id = vec![round; 20];
                if n.is_multiple_of(2) {
                    return match try_to_add(&*store, &account, &factor).await {
                        ChangeFactorsOutcome::Done(_) => true,
                        ChangeFactorsOutcome::Missing(Missing::AnotherPasskey) => false,
                        outcome => panic!("{outcome:?}"),
                    };
                }
                let shown = ShownFactor::New(Box::new(new_factor(&factor)));
                let second = SecondStep { shown, ..SecondStep::default() };
                let session = NewSession { second, ..new_session(&account) };
                match store.start_session(session, &context(at(1))).await.unwrap() {
                    StartSessionOutcome::Started(..) => true,
                    StartSessionOutcome::Missing(Missing::AnotherPasskey) => false,
                    outcome => panic!("{outcome:?}"),
                }
            }
        };
        let made = at_once(accounts.len(), call).await;
        assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
        let winner = &accounts[made.iter().position(|made| *made).unwrap()];
        assert_eq!(store.find_passkey(vec![round; 20]).await.unwrap().unwrap().account_id, winner.id);
    }
}

//! Passkeys: found by their credential, answered once, gone with their account (MF-4).

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
    let session = log_in(store, account, at(1)).await.session_id;
    let action = FactorAction::Add(Box::new(NewFactor { factor: factor.clone(), codes: Vec::new() }));
    let (proof, step) = (Some(Proof::Password { version: 0 }), SecondStep::default());
    let by = FactorChanger::Owner { session, proof, step };
    let change = FactorChange { account_id: account.id, action, by, notice: None };
    let outcome = store.change_factors(change, &context(at(1))).await.unwrap();
    assert!(matches!(outcome, ChangeFactorsOutcome::Done(_)), "{outcome:?}");
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

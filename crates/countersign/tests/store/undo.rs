//! The way back of an address, in every store.

use std::sync::Arc;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, EmailId};
use countersign::internal::base::random::Random;
use countersign::internal::model::email::{EmailAction, EmailNotices};
use countersign::internal::model::session::SessionPolicy;
use countersign::internal::model::ticket::{
    AddressUndo, MailLimits, NewTicket, PresentedTicket, StartTicketOutcome, TicketPurpose, UndoOutcome,
};
use countersign::internal::password::PasswordHash;
use countersign::store::{AccountStore as _, EmailStore as _, SessionStore as _, Store, TicketStore as _};

use crate::emails::{add, change, verified};
use crate::races::at_once;
use crate::tickets::{link_of, new_ticket, started};
use crate::world::*;

const OLD: &str = "bob@example.org";

async fn undo(store: &impl Store, shown: PresentedTicket, now: Timestamp) -> UndoOutcome {
    let undo = AddressUndo {
        shown,
        new_id: EmailId::random(&Random::system()),
        unknown_password: PasswordHash::from_stored("unknown".to_owned()),
        notices: EmailNotices::default(),
    };
    store.undo_address(undo, &context(now)).await.unwrap()
}

async fn addresses(store: &impl Store, account: AccountId) -> Vec<(String, bool)> {
    let emails = store.emails(account).await.unwrap();
    emails.into_iter().map(|email| (email.address.as_str().to_owned(), email.is_primary)).collect()
}

/// Somebody who knows bob's password makes their address the primary one, and removes his: gives his links.
async fn taken_over(store: &impl Store, bob: AccountId, old: EmailId, evil: EmailId) -> [NewTicket; 1] {
    let (outcome, first) = change(store, bob, EmailAction::MakePrimary(evil), at(120)).await;
    let (removed, second) = change(store, bob, EmailAction::Remove(old), at(121)).await;
    assert_eq!(format!("{outcome:?} {removed:?}"), "Done Done");
    let second = store.find_ticket(second.unwrap().ticket.id).await.unwrap();
    assert_eq!(second, None, "the first link does");
    [first.unwrap()]
}

/// EM-4, SE-9: the way back survives the removal of its address, and nothing else that was sent there does. It ends what whoever
/// took the account over has.
pub(crate) async fn a_former_address_comes_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let old = verified(&store, &bob, OLD, at(0)).await;
    let evil = verified(&store, &bob, "evil@example.org", at(60)).await;
    add(&store, &bob, "claimed@example.org").await;
    let reset = new_ticket(Some(bob.id), OLD, TicketPurpose::Reset, at(119));
    let of_thief = new_ticket(Some(bob.id), "evil@example.org", TicketPurpose::Reset, at(119));
    for ticket in [&reset, &of_thief] {
        started(&store, ticket).await;
    }
    let [way] = taken_over(&store, bob.id, old.id, evil.id).await;
    let consumed =
        async |new: &NewTicket| store.find_ticket(new.ticket.id).await.unwrap().unwrap().consumed_at;
    assert_eq!((consumed(&reset).await, consumed(&way).await), (Some(at(121)), None));
    let kept = store.find_ticket_of(link_of(&way)).await.unwrap().unwrap();
    assert_eq!(
        kept.payload.as_deref(),
        Some(&at(0).as_unix_millis().to_be_bytes()[..]),
        "since when it was verified"
    );

    log_in(&store, &bob, at(130)).await;
    let of_eve = verified(&store, &eve, OLD, at(180)).await;
    assert_eq!(undo(&store, link_of(&way), at(181)).await, UndoOutcome::Invalid, "somebody else reads it");
    change(&store, eve.id, EmailAction::Remove(of_eve.id), at(182)).await;
    let UndoOutcome::Done(account, ended) = undo(&store, link_of(&way), at(183)).await else {
        panic!("refused")
    };
    assert_eq!((account, ended.len()), (bob.id, 1));
    assert_eq!(addresses(&store, bob.id).await, [(OLD.to_owned(), true)]);
    assert_eq!(store.emails(bob.id).await.unwrap()[0].verified_at, Some(at(0)));
    assert_eq!(consumed(&of_thief).await, Some(at(183)));
    let found = store.credentials(bob.id).await.unwrap().unwrap();
    assert_eq!(found.password_hash, Some(PasswordHash::from_stored("unknown".to_owned())));
    assert!(store.list_sessions(Some(bob.id), at(183), 10).await.unwrap().is_empty());
    assert_eq!(undo(&store, link_of(&way), at(184)).await, UndoOutcome::Invalid, "once");
    assert!(audit(&store).await.iter().any(|line| line.starts_with("email_restored")));
}

/// EM-6: ways back are not counted with the mails that somebody asks for, nor refused with them.
pub(crate) async fn ways_back_have_no_limit_and_take_nothing_of_it(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let one = verified(&store, &bob, OLD, at(0)).await;
    let two = verified(&store, &bob, "two@example.org", at(60)).await;
    let mut limits = MailLimits::default();
    limits.per_account = 3;
    let (_, way) = change(&store, bob.id, EmailAction::MakePrimary(two.id), at(120)).await;
    assert!(store.find_ticket(way.unwrap().ticket.id).await.unwrap().is_some());
    let third = new_ticket(Some(bob.id), OLD, TicketPurpose::Reset, at(121));
    let outcome = store.start_ticket(third.clone(), limits, &context(at(121))).await.unwrap();
    assert_eq!(outcome, StartTicketOutcome::Started);
    let kept = store.find_ticket(third.ticket.id).await.unwrap().unwrap();
    assert_eq!(kept.account_id, Some(bob.id), "two verifications and this: three, and the way back is none");
    let (_, way) = change(&store, bob.id, EmailAction::MakePrimary(one.id), at(122)).await;
    assert!(store.find_ticket(way.unwrap().ticket.id).await.unwrap().is_some(), "beyond all limits");
}

/// CC-5.
pub(crate) async fn a_way_back_is_used_once(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    let old = verified(&*store, &bob, OLD, at(0)).await;
    let evil = verified(&*store, &bob, "evil@example.org", at(60)).await;
    let [way] = taken_over(&*store, bob.id, old.id, evil.id).await;
    let shown = link_of(&way);
    let outcomes = at_once(8, |_| {
        let store = Arc::clone(&store);
        async move { undo(&*store, shown, at(130)).await }
    })
    .await;
    let done = outcomes.iter().filter(|outcome| matches!(outcome, UndoOutcome::Done(..))).count();
    assert_eq!(done, 1, "{outcomes:?}");
}

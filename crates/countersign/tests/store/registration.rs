//! Accounts that are made with a ticket, and invitations, in every store.

use std::sync::Arc;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, EmailId};
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{NewAccount, Username};
use countersign::internal::model::email::EmailClaim;
use countersign::internal::model::session::SessionPolicy;
use countersign::internal::model::ticket::{
    AccountRegistration, NewTicket, PresentedTicket, RegisterOutcome, TicketPurpose,
};
use countersign::store::{AccountStore as _, EmailStore as _, Store, TicketStore as _};

use crate::emails::{address, verified};
use crate::races::at_once;
use crate::tickets::{link_of, new_ticket, started};
use crate::world::*;

async fn offered(store: &impl Store, to: &str, purpose: TicketPurpose, now: Timestamp) -> NewTicket {
    let mut new = new_ticket(None, to, purpose, now);
    new.ticket.payload = Some(vec![1]);
    started(store, &new).await;
    new
}

async fn register(store: &impl Store, shown: PresentedTicket, name: &str, now: Timestamp) -> RegisterOutcome {
    let random = Random::system();
    let account = NewAccount::new(AccountId::random(&random), Username::parse(name).unwrap());
    let registration = AccountRegistration { shown, account, email: EmailId::random(&random) };
    store.register(registration, &context(now)).await.unwrap()
}

/// CC-5, EM-5, CC-4: with its address, once; a name that is refused uses nothing up.
pub(crate) async fn a_ticket_makes_an_account_once(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    user(&store, "bob").await;
    for (purpose, name) in [(TicketPurpose::Register, "carol"), (TicketPurpose::Invite, "dave")] {
        let to = format!("{name}@example.org");
        let link = link_of(&offered(&store, &to, purpose, T0).await);
        let other = link_of(&offered(&store, &to, TicketPurpose::Reset, T0).await);
        assert_eq!(register(&store, link, "BOB", T0).await, RegisterOutcome::NameTaken);
        assert_eq!(register(&store, other, name, T0).await, RegisterOutcome::Invalid);
        let RegisterOutcome::Done(made) = register(&store, link, name, at(1)).await else { panic!() };
        assert_eq!(store.find_account(made.id).await.unwrap().as_ref(), Some(&*made));
        let own = store.emails(made.id).await.unwrap();
        let [email] = own.as_slice() else { panic!("{own:?}") };
        assert_eq!(
            (email.address.as_str(), email.verified_at, email.is_primary),
            (to.as_str(), Some(at(1)), true)
        );
        let found = store.account_of_address(&address(&to), EmailClaim::Verified).await.unwrap();
        assert_eq!(found.map(|found| found.account.id), Some(made.id));
        assert_eq!(register(&store, link, "erin", at(2)).await, RegisterOutcome::Invalid);
    }
    let lines = audit(&store).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("account_registered")).count(), 2, "{lines:?}");
}

/// EM-1, EM-5: expired, of an address that somebody has, or that somebody has verified since.
pub(crate) async fn a_ticket_that_offers_nothing_makes_no_account(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let link = link_of(&offered(&store, "carol@example.org", TicketPurpose::Register, T0).await);
    assert_eq!(register(&store, link, "carol", at(24 * 60 * 60)).await, RegisterOutcome::Invalid);
    let known = new_ticket(Some(bob.id), "bob@example.org", TicketPurpose::Register, T0);
    started(&store, &known).await;
    assert_eq!(register(&store, link_of(&known), "carol", at(1)).await, RegisterOutcome::Invalid);
    verified(&store, &bob, "carol@example.org", T0).await;
    assert_eq!(register(&store, link, "carol", at(1)).await, RegisterOutcome::Invalid);
    let carol = Username::parse("carol").unwrap();
    assert!(store.account_for_login(&carol).await.unwrap().is_none());
}

/// CC-5, CC-4: of many that use one ticket, and of many tickets for one name.
pub(crate) async fn of_many_that_register_one_does(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let link = link_of(&offered(&*store, "carol@example.org", TicketPurpose::Register, T0).await);
    let outcomes = at_once(8, |number| {
        let store = Arc::clone(&store);
        async move { register(&*store, link, &format!("carol{number}"), at(1)).await }
    })
    .await;
    let done = |outcomes: &[RegisterOutcome]| {
        outcomes.iter().filter(|outcome| matches!(outcome, RegisterOutcome::Done(_))).count()
    };
    assert_eq!(done(&outcomes), 1, "{outcomes:?}");

    let mut links = Vec::new();
    for number in 0..8 {
        let to = format!("dave{number}@example.org");
        links.push(link_of(&offered(&*store, &to, TicketPurpose::Register, T0).await));
    }
    let outcomes = at_once(8, |number| {
        let (store, link) = (Arc::clone(&store), links[number]);
        async move { register(&*store, link, "dave", at(1)).await }
    })
    .await;
    assert_eq!(done(&outcomes), 1, "{outcomes:?}");
    let taken = outcomes.iter().filter(|outcome| **outcome == RegisterOutcome::NameTaken).count();
    assert_eq!(taken, 7, "{outcomes:?}");

    // Two tickets for one address: a registration and an invitation.
    let mut links = Vec::new();
    for purpose in [TicketPurpose::Register, TicketPurpose::Invite] {
        links.push(link_of(&offered(&*store, "erin@example.org", purpose, T0).await));
    }
    let outcomes = at_once(2, |number| {
        let (store, link) = (Arc::clone(&store), links[number]);
        async move { register(&*store, link, &format!("erin{number}"), at(1)).await }
    })
    .await;
    assert_eq!(done(&outcomes), 1, "{outcomes:?}");
}

/// What an administrator sees: those that can be used.
pub(crate) async fn invitations_are_listed_until_they_end(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let listed = async |now: Timestamp| {
        let found = store.invitations(now).await.unwrap();
        found.into_iter().map(|ticket| ticket.address.to_string()).collect::<Vec<_>>()
    };
    offered(&store, "other@example.org", TicketPurpose::Register, T0).await;
    let carol = offered(&store, "carol@example.org", TicketPurpose::Invite, T0).await;
    offered(&store, "dave@example.org", TicketPurpose::Invite, at(1)).await;
    offered(&store, "dave@example.org", TicketPurpose::Invite, at(61)).await;
    assert_eq!(listed(at(61)).await, ["carol@example.org", "dave@example.org"], "the newer voids the older");
    assert_eq!(listed(T0.plus(7 * DAY)).await, ["dave@example.org"]);

    assert!(store.withdraw_invitation(carol.ticket.id, &context(at(62))).await.unwrap());
    assert!(!store.withdraw_invitation(carol.ticket.id, &context(at(62))).await.unwrap());
    assert_eq!(register(&store, link_of(&carol), "carol", at(63)).await, RegisterOutcome::Invalid);
    assert_eq!(listed(at(63)).await, ["dave@example.org"]);
    let lines = audit(&store).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("invitation_withdrawn")).count(), 1, "{lines:?}");
}

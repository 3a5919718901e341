//! E-mail addresses, in every store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, EmailId};
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{Account, Deletion, EmailAddress, Username};
use countersign::internal::model::email::{
    AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailAction, EmailChange, EmailClaim, EmailNotices,
    MAX_EMAILS, NewEmail,
};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::session::SessionPolicy;
use countersign::internal::model::ticket::{NewTicket, TicketPurpose, VerifyOutcome};
use countersign::store::{AccountStore as _, EmailStore as _, Store, TicketStore as _};

use crate::races::at_once;
use crate::tickets::{link_of, new_ticket, started};
use crate::world::*;

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// Each is made a millisecond after the one before.
pub(crate) fn new_email(account: AccountId, text: &str) -> AccountEmail {
    static MADE: AtomicU64 = AtomicU64::new(0);
    AccountEmail {
        id: EmailId::random(&Random::system()),
        account_id: account,
        address: address(text),
        verified_at: None,
        is_primary: false,
        created_at: T0.plus(Duration::from_millis(MADE.fetch_add(1, Ordering::Relaxed))),
    }
}

/// Added by somebody who has no password to show.
fn by_another(email: AccountEmail) -> NewEmail {
    NewEmail { email, checked: None }
}

pub(crate) async fn add(store: &impl Store, account: &Account, text: &str) -> AccountEmail {
    let new = new_email(account.id, text);
    let added = store.add_email(by_another(new.clone()), &context(T0)).await.unwrap();
    assert_eq!(added, AddEmailOutcome::There(new.clone()));
    new
}

/// Verifies an address by a ticket, as its owner does.
pub(crate) async fn verify(
    store: &impl Store,
    account: &Account,
    text: &str,
    now: Timestamp,
) -> VerifyOutcome {
    let new = new_ticket(Some(account.id), text, TicketPurpose::Verify, now);
    started(store, &new).await;
    store.verify_email(link_of(&new), &context(now)).await.unwrap()
}

pub(crate) async fn verified(
    store: &impl Store,
    account: &Account,
    text: &str,
    now: Timestamp,
) -> AccountEmail {
    let new = add(store, account, text).await;
    assert_eq!(verify(store, account, text, now).await, VerifyOutcome::Done(account.id));
    AccountEmail { verified_at: Some(now), ..new }
}

/// Changes addresses as a flow does: with the way back for whoever loses their place, if anybody does.
pub(crate) async fn change(
    store: &impl Store,
    account_id: AccountId,
    action: EmailAction,
    now: Timestamp,
) -> (ChangeEmailOutcome, Option<NewTicket>) {
    let own = store.emails(account_id).await.unwrap();
    let is_primary = |email: &&AccountEmail| email.is_primary;
    let (former, primary) = match action {
        EmailAction::MakePrimary(id) => {
            let email =
                own.iter().find(|email| email.id == id && email.verified_at.is_some() && !email.is_primary);
            (own.iter().find(is_primary).filter(|_| email.is_some()), email)
        }
        EmailAction::Remove(id) => {
            let email = own.iter().find(|email| email.id == id && email.verified_at.is_some());
            let next = own.iter().find(|other| other.id != id && other.verified_at.is_some());
            (email, next.filter(|_| email.is_some_and(|email| email.is_primary)))
        }
    };
    let for_whom = (former.map(|email| email.id), primary.map(|email| email.id));
    let way_back = former.map(|former| {
        let mut new = new_ticket(Some(account_id), former.address.as_str(), TicketPurpose::UndoAddress, now);
        (new.ticket.code_hash, new.ticket.browser_hash) = (None, None);
        new
    });
    let notices = EmailNotices { for_whom, way_back: way_back.clone(), ..EmailNotices::default() };
    let change = EmailChange { account_id, action, checked: None, notices };
    (store.change_email(change, &context(now)).await.unwrap(), way_back)
}

async fn owner(store: &impl Store, text: &str, claim: EmailClaim) -> Option<AccountId> {
    store.account_of_address(&address(text), claim).await.unwrap().map(|found| found.account.id)
}

pub(crate) async fn what_is_stored_of_an_address_comes_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let one = add(&store, &bob, "Bob@Example.org").await;
    let two = add(&store, &bob, "bob@example.net").await;
    assert_eq!(store.emails(bob.id).await.unwrap(), [one.clone(), two.clone()]);
    assert_eq!(store.emails(eve.id).await.unwrap(), []);
    let again =
        store.add_email(by_another(new_email(bob.id, "bob@example.ORG")), &context(at(5))).await.unwrap();
    assert_eq!(again, AddEmailOutcome::There(one.clone()), "in another spelling");
    let nobody = new_email(AccountId::from_bytes([9; 16]), "x@example.org");
    assert_eq!(store.add_email(by_another(nobody), &context(T0)).await.unwrap(), AddEmailOutcome::NoAccount);
    // SE-9: the owner's password has another number.
    let stale = NewEmail {
        checked: Some(Proof::Password { version: 1 }),
        ..by_another(new_email(bob.id, "x@example.org"))
    };
    assert_eq!(store.add_email(stale, &context(T0)).await.unwrap(), AddEmailOutcome::Overtaken);
    assert_eq!(store.emails(bob.id).await.unwrap().len(), 2);

    let primary = async |id| change(&store, bob.id, EmailAction::MakePrimary(id), at(2)).await.0;
    assert_eq!(primary(two.id).await, ChangeEmailOutcome::NotVerified);
    for text in ["bob@example.net", "bob@example.org"] {
        assert_eq!(verify(&store, &bob, text, at(1)).await, VerifyOutcome::Done(bob.id));
    }
    let is_verified = |email: AccountEmail| AccountEmail { verified_at: Some(at(1)), ..email };
    let (one, two) = (is_verified(one), AccountEmail { is_primary: true, ..is_verified(two) });
    assert_eq!(store.emails(bob.id).await.unwrap(), [one.clone(), two.clone()]);
    assert_eq!(primary(one.id).await, ChangeEmailOutcome::Done);
    for action in [EmailAction::MakePrimary(one.id), EmailAction::Remove(one.id)] {
        assert_eq!(change(&store, eve.id, action, at(2)).await.0, ChangeEmailOutcome::NotFound);
    }
    let removed = change(&store, bob.id, EmailAction::Remove(one.id), at(2)).await.0;
    assert_eq!(removed, ChangeEmailOutcome::Done);
    assert_eq!(
        store.emails(bob.id).await.unwrap(),
        std::slice::from_ref(&two),
        "and the other is primary again"
    );
    let lines = audit(&store).await;
    for (kind, count) in
        [("email_added", 2), ("email_verified", 2), ("email_primary_changed", 2), ("email_removed", 1)]
    {
        assert_eq!(lines.iter().filter(|line| line.starts_with(kind)).count(), count, "{kind}: {lines:?}");
    }
    assert!(!lines.iter().any(|line| line.contains('@')), "no address in the log");
}

/// EM-5: anybody may claim an address, and what they claim takes nothing from whoever reads its mail.
pub(crate) async fn one_account_has_an_address_verified(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    add(&store, &eve, "bob@example.org").await;
    assert_eq!(owner(&store, "bob@example.org", EmailClaim::Verified).await, None);
    assert_eq!(owner(&store, "bob@example.org", EmailClaim::Unverified).await, Some(eve.id));
    let of_eve = new_ticket(Some(eve.id), "bob@example.org", TicketPurpose::Verify, T0);
    started(&store, &of_eve).await;
    verified(&store, &bob, "BOB@example.org", at(60)).await;
    assert_eq!(store.verify_email(link_of(&of_eve), &context(at(61))).await.unwrap(), VerifyOutcome::Invalid);
    assert_eq!(owner(&store, "bob@EXAMPLE.org", EmailClaim::Verified).await, Some(bob.id));
    assert_eq!(owner(&store, "bob@example.org", EmailClaim::Unverified).await, Some(eve.id));
    assert_eq!(owner(&store, "carol@example.org", EmailClaim::Unverified).await, None);
}

pub(crate) async fn a_name_or_a_verified_address_signs_in(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "Eve@example.org").await);
    add(&store, &bob, "bob@example.net").await;
    let found = async |text: &str| {
        let name = Username::parse(text).ok();
        store.sign_in_name(name.as_ref(), &address(text)).await.unwrap().map(|name| name.as_str().to_owned())
    };
    assert_eq!(found("bob@example.net").await, None, "not verified");
    for text in ["bob@example.org", "eve@example.org"] {
        verified(&store, &bob, text, T0).await;
    }
    assert_eq!(found("BOB@example.org").await.as_deref(), Some(bob.username.as_str()));
    assert_eq!(
        found("eve@example.ORG").await.as_deref(),
        Some(eve.username.as_str()),
        "the name comes first"
    );
    assert_eq!(found("carol@example.org").await, None);
}

pub(crate) async fn addresses_go_with_their_account(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    verified(&store, &bob, "bob@example.org", T0).await;
    let ticket = new_ticket(Some(bob.id), "bob@example.org", TicketPurpose::Reset, T0);
    started(&store, &ticket).await;
    let of_eve = verified(&store, &eve, "eve@example.org", T0).await;
    store.delete_account(bob.id, Deletion::Now, &context(at(2))).await.unwrap();
    assert_eq!(store.emails(bob.id).await.unwrap(), []);
    assert_eq!(store.find_ticket(ticket.ticket.id).await.unwrap(), None);
    let kept = AccountEmail { is_primary: true, ..of_eve };
    assert_eq!(store.emails(eve.id).await.unwrap(), [kept]);
    verified(&store, &eve, "bob@example.org", at(60)).await;
}

/// CC-5: for the one place that is left in an account, and for one address at two accounts.
pub(crate) async fn the_last_room_for_an_address_is_given_once(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let (bob, eve) = (user(&*store, "bob").await, user(&*store, "eve").await);
    for number in 1..MAX_EMAILS {
        add(&*store, &bob, &format!("bob{number}@example.org")).await;
    }
    let id = bob.id;
    let added = at_once(8, |number| {
        let store = Arc::clone(&store);
        async move {
            let new = by_another(new_email(id, &format!("x{number}@example.org")));
            store.add_email(new, &context(T0)).await.unwrap()
        }
    })
    .await;
    assert_eq!(added.iter().filter(|outcome| **outcome == AddEmailOutcome::TooMany).count(), 7);
    assert_eq!(store.emails(bob.id).await.unwrap().len(), MAX_EMAILS);

    let contested = "bob1@example.org";
    add(&*store, &eve, contested).await;
    let mut tickets = Vec::new();
    for (account, now) in [(bob.id, T0), (eve.id, at(60))] {
        let new = new_ticket(Some(account), contested, TicketPurpose::Verify, now);
        started(&*store, &new).await;
        tickets.push(link_of(&new));
    }
    let outcomes = at_once(2, |number| {
        let (store, shown) = (Arc::clone(&store), tickets[number]);
        async move { store.verify_email(shown, &context(at(61))).await.unwrap() }
    })
    .await;
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == VerifyOutcome::Invalid).count(),
        1,
        "{outcomes:?}"
    );
}

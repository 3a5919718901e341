//! Tickets, in every store.

use std::sync::Arc;
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, TicketId};
use countersign::internal::base::random::Random;
use countersign::internal::model::account::Account;
use countersign::internal::model::context::Context;
use countersign::internal::model::proof::Proof;
use countersign::internal::model::retention::Sweep;
use countersign::internal::model::session::{NewSession, SessionPolicy, StartSessionOutcome};
use countersign::internal::model::ticket::{
    ApproveOutcome, CODE_TRIES, MailLimits, MailSignIn, NewTicket, PasswordReset, PresentedTicket,
    ResetOutcome, SignInApproval, StartTicketOutcome, Ticket, TicketPurpose,
};
use countersign::internal::password::PasswordHash;
use countersign::store::{AccountStore as _, SessionStore as _, Store, TicketStore as _, Upkeep as _};

use crate::emails::address;
use crate::races::at_once;
use crate::world::*;

/// A ticket with a secret and a code of its own.
pub(crate) fn new_ticket(
    account: Option<AccountId>,
    to: &str,
    purpose: TicketPurpose,
    now: Timestamp,
) -> NewTicket {
    let random = Random::system();
    NewTicket {
        ticket: Ticket {
            id: TicketId::random(&random),
            purpose,
            account_id: account,
            address: address(to),
            password_version: None,
            code_hash: Some(random.bytes()),
            browser_hash: Some(random.bytes()),
            tries_left: CODE_TRIES,
            payload: None,
            source: None,
            created_at: now,
            expires_at: now.plus(purpose.lifetime()),
            consumed_at: None,
            approved_at: None,
        },
        secret_hash: random.bytes(),
        mail: None,
    }
}

pub(crate) const fn link_of(new: &NewTicket) -> PresentedTicket {
    PresentedTicket::Link { secret_hash: new.secret_hash }
}

fn code_of(new: &NewTicket, is_right: bool) -> PresentedTicket {
    let Ticket { id, browser_hash, code_hash, .. } = new.ticket.clone();
    let code_hash = if is_right { code_hash.unwrap() } else { [0; 32] };
    PresentedTicket::Code { id, browser_hash: browser_hash.unwrap(), code_hash }
}

/// More than any test asks for.
fn no_limits() -> MailLimits {
    let mut limits = MailLimits::default();
    (limits.per_address, limits.per_account, limits.per_source) = (100, 1_000, 100_000);
    limits
}

async fn start(store: &impl Store, new: &NewTicket, limits: MailLimits) -> StartTicketOutcome {
    store.start_ticket(new.clone(), limits, &context(new.ticket.created_at)).await.unwrap()
}

/// The ticket is there; older ones of a minute before are no obstacle.
pub(crate) async fn started(store: &impl Store, new: &NewTicket) {
    let outcome = start(store, new, no_limits()).await;
    assert_ne!(outcome, StartTicketOutcome::Limited, "there was one for this address a moment ago");
}

/// A ticket for another password of an account.
async fn reset_of(store: &impl Store, account: &Account, now: Timestamp) -> NewTicket {
    let mut new = new_ticket(Some(account.id), "bob@example.org", TicketPurpose::Reset, now);
    new.ticket.password_version = Some(0);
    started(store, &new).await;
    new
}

async fn reset(store: &impl Store, shown: PresentedTicket, context: &Context) -> ResetOutcome {
    let new = PasswordHash::from_stored("new".to_owned());
    store.reset_password(PasswordReset { shown, new, notice: None }, context).await.unwrap()
}

async fn looked(store: &impl Store, shown: PresentedTicket, now: Timestamp) -> bool {
    store.look_at_ticket(shown, TicketPurpose::Reset, &context(now)).await.unwrap().is_some()
}

pub(crate) async fn what_is_stored_of_a_ticket_comes_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let bare = new_ticket(None, "Carol@example.org", TicketPurpose::Reset, at(1));
    let mut bare = bare;
    (bare.ticket.code_hash, bare.ticket.browser_hash) = (None, None);
    let mut full = new_ticket(Some(bob.id), "bob@example.org", TicketPurpose::Register, at(2));
    full.ticket =
        Ticket { password_version: Some(7), payload: Some(vec![1, 2]), source: Some([4; 16]), ..full.ticket };
    for new in [&bare, &full] {
        started(&store, new).await;
        assert_eq!(store.find_ticket(new.ticket.id).await.unwrap(), Some(new.ticket.clone()));
        let found = store.find_ticket_of(link_of(new)).await.unwrap();
        assert_eq!(found, Some(new.ticket.clone()));
    }
    assert_eq!(store.find_ticket_of(PresentedTicket::Link { secret_hash: [0; 32] }).await.unwrap(), None);
}

/// EM-1, EM-3: by the link or the code, once; every session ends.
pub(crate) async fn a_ticket_sets_a_password_once(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    for (by_code, now) in [(false, T0), (true, at(60))] {
        let bob = user(&store, &format!("bob{by_code}")).await;
        let session = log_in(&store, &bob, now).await;
        let new = reset_of(&store, &bob, now).await;
        let shown = if by_code { code_of(&new, true) } else { link_of(&new) };
        for _ in 0..2 {
            assert!(looked(&store, shown, now).await, "looking uses nothing up");
        }
        let ResetOutcome::Done(id, ended) = reset(&store, shown, &context(now)).await else { panic!() };
        assert_eq!((id, ended.len(), ended[0].id), (bob.id, 1, session.session_id));
        assert!(store.find_session(session.session_id).await.unwrap().unwrap().revoked.is_some());
        let found = store.credentials(bob.id).await.unwrap().unwrap();
        let set = Some(PasswordHash::from_stored("new".to_owned()));
        assert_eq!((found.password_hash, found.password_version), (set, 1));
        assert_eq!(reset(&store, shown, &context(now)).await, ResetOutcome::Invalid);
        assert!(!looked(&store, link_of(&new), now).await);
    }
    let lines = audit(&store).await;
    let of = |kind: &str| lines.iter().filter(|line| line.starts_with(kind)).count();
    assert_eq!([of("ticket_issued"), of("password_reset"), of("password_changed")], [2, 2, 2], "{lines:?}");
}

/// EM-1: and with the tries, the link.
pub(crate) async fn wrong_codes_use_a_ticket_up(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let new = reset_of(&store, &bob, T0).await;
    for left in (0..CODE_TRIES).rev() {
        assert!(looked(&store, code_of(&new, true), at(1)).await);
        assert!(!looked(&store, code_of(&new, false), at(1)).await);
        assert_eq!(store.find_ticket(new.ticket.id).await.unwrap().unwrap().tries_left, left);
    }
    for shown in [code_of(&new, true), link_of(&new)] {
        assert!(!looked(&store, shown, at(1)).await);
        assert_eq!(reset(&store, shown, &context(at(1))).await, ResetOutcome::Invalid);
    }
}

/// EM-6: by address, by account, by network; after an hour they are forgotten.
pub(crate) async fn mails_are_limited(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let ask = async |account: Option<AccountId>, to: &str, source: u8, now| {
        let mut new = new_ticket(account, to, TicketPurpose::Reset, now);
        new.ticket.source = Some([source; 16]);
        let outcome = start(&store, &new, MailLimits::default()).await;
        let kept = store.find_ticket(new.ticket.id).await.unwrap();
        assert_eq!(kept.is_some(), outcome == StartTicketOutcome::Started);
        kept.map(|ticket| ticket.account_id.is_some())
    };
    for to in ["bob@example.org", "nobody@example.org"] {
        let account = to.starts_with("bob").then_some(bob.id);
        for mail in 0..5 {
            assert_eq!(ask(account, to, 1, at(60 * mail)).await, Some(account.is_some()));
            assert_eq!(ask(account, to, 1, at(60 * mail + 59)).await, None, "a minute apart");
        }
        assert_eq!(ask(account, to, 1, at(3_599)).await, None);
        assert_eq!(ask(account, to, 1, at(3_600)).await, Some(account.is_some()), "the first is forgotten");
    }
    for number in 0..4 {
        assert_eq!(ask(Some(bob.id), &format!("bob{number}@example.org"), 2, at(3_601)).await, Some(true));
    }
    assert_eq!(ask(Some(bob.id), "bob9@example.org", 2, at(3_601)).await, Some(true));
    assert_eq!(ask(Some(bob.id), "bob10@example.org", 2, at(3_601)).await, Some(false), "made, for nobody");
    for number in 0..24 {
        assert_eq!(ask(None, &format!("x{number}@example.org"), 2, at(3_601)).await, Some(false));
    }
    assert_eq!(ask(None, "y@example.org", 2, at(3_601)).await, None, "enough from that network");
    assert_eq!(ask(None, "y@example.org", 3, at(3_601)).await, Some(false));
}

/// EM-1.
pub(crate) async fn a_newer_ticket_voids_the_older(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let first = reset_of(&store, &bob, T0).await;
    let other = new_ticket(Some(bob.id), "bob@example.org", TicketPurpose::SignIn, T0);
    started(&store, &other).await;
    let of_eve = new_ticket(None, "bob@example.org", TicketPurpose::Verify, T0);
    started(&store, &of_eve).await;
    let second = reset_of(&store, &bob, at(60)).await;
    let is_alive =
        async |new: &NewTicket| store.find_ticket(new.ticket.id).await.unwrap().unwrap().is_alive(at(60));
    assert!(!is_alive(&first).await);
    assert!(is_alive(&second).await && is_alive(&other).await && is_alive(&of_eve).await);
}

/// DB-4: a copy that was put back has tickets that were used since it was made.
pub(crate) async fn tickets_of_before_are_void(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let (before, after) = (reset_of(&store, &bob, T0).await, reset_of(&store, &bob, at(120)).await);
    store.end_sessions_before(at(120), &context(at(119))).await.unwrap();
    let before_that = new_ticket(Some(bob.id), "bob@example.net", TicketPurpose::Reset, at(119));
    started(&store, &before_that).await;
    assert!(!looked(&store, link_of(&before), at(121)).await);
    assert!(!looked(&store, link_of(&before_that), at(121)).await);
    assert_eq!(reset(&store, link_of(&before_that), &context(at(121))).await, ResetOutcome::Invalid);
    assert!(looked(&store, link_of(&after), at(121)).await);
}

/// EM-6: an hour after the end, so that none is forgotten that counts.
pub(crate) async fn tickets_are_swept_when_they_count_no_more(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let new = new_ticket(None, "bob@example.org", TicketPurpose::SignIn, T0);
    started(&store, &new).await;
    let end = new.ticket.expires_at.plus(Duration::from_hours(1));
    for (now, is_there) in [(end.minus(Duration::from_millis(1)), true), (end, false)] {
        let sweep = Sweep { now, keep_sessions: DAY, keep_audit: 400 * DAY, few_failures: 5, batch: 100 };
        while store.sweep(sweep).await.unwrap().more {}
        assert_eq!(store.find_ticket(new.ticket.id).await.unwrap().is_some(), is_there);
    }
}

/// CC-5, EM-1.
pub(crate) async fn of_many_that_use_a_ticket_one_does(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    let new = reset_of(&*store, &bob, T0).await;
    let outcomes = at_once(16, |number| {
        let store = Arc::clone(&store);
        let shown = if number % 2 == 0 { link_of(&new) } else { code_of(&new, true) };
        async move { reset(&*store, shown, &context(at(1))).await }
    })
    .await;
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome != ResetOutcome::Invalid).count(),
        1,
        "{outcomes:?}"
    );
    assert_eq!(store.credentials(bob.id).await.unwrap().unwrap().password_version, 1);
}

/// EM-1: whatever happens at once.
pub(crate) async fn of_many_that_guess_few_are_looked_at(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    let new = reset_of(&*store, &bob, T0).await;
    at_once(50, |_| {
        let (store, shown) = (Arc::clone(&store), code_of(&new, false));
        async move { looked(&*store, shown, at(1)).await }
    })
    .await;
    assert_eq!(store.find_ticket(new.ticket.id).await.unwrap().unwrap().tries_left, 0);
    assert!(!looked(&*store, code_of(&new, true), at(1)).await);
}

/// EM-6.
pub(crate) async fn of_many_that_ask_for_a_mail_one_gets_it(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let outcomes = at_once(16, |_| {
        let store = Arc::clone(&store);
        async move {
            let new = new_ticket(None, "bob@example.org", TicketPurpose::Reset, T0);
            start(&*store, &new, MailLimits::default()).await
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == StartTicketOutcome::Started).count(), 1);
}

/// A ticket to sign in with, and the session that it is for.
async fn sign_in_of(store: &impl Store, account: &Account, now: Timestamp) -> (NewTicket, NewSession) {
    let mut new = new_ticket(Some(account.id), "bob@example.org", TicketPurpose::SignIn, now);
    new.ticket.password_version = Some(0);
    started(store, &new).await;
    (new, NewSession { proof: Proof::Mail { version: 0 }, ..new_session(account) })
}

async fn sign_in(store: &impl Store, shown: PresentedTicket, session: NewSession, now: Timestamp) -> bool {
    let outcome = store.sign_in_by_mail(MailSignIn { shown, session }, &context(now)).await.unwrap();
    match outcome {
        StartSessionOutcome::Started(..) => true,
        StartSessionOutcome::Refused => false,
        other => panic!("{other:?}"),
    }
}

const fn own_link_of(new: &NewTicket) -> PresentedTicket {
    let browser_hash = new.ticket.browser_hash.unwrap();
    PresentedTicket::OwnLink { secret_hash: new.secret_hash, browser_hash }
}

const fn browser_of(new: &NewTicket) -> PresentedTicket {
    PresentedTicket::Browser { id: new.ticket.id, browser_hash: new.ticket.browser_hash.unwrap() }
}

async fn approve(store: &impl Store, new: &NewTicket, is_right: bool) -> ApproveOutcome {
    let approval = SignInApproval { shown: link_of(new), is_right };
    store.approve_sign_in(approval, &context(new.ticket.created_at)).await.unwrap()
}

/// EM-1, SE-1: by the code or the link, once; the session that it replaces ends.
pub(crate) async fn a_ticket_begins_a_session_once(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, carol) = (user(&store, "bob").await, user(&store, "carol").await);
    for (by_code, now) in [(false, T0), (true, at(60))] {
        let before = log_in(&store, &bob, now).await;
        let (new, session) = sign_in_of(&store, &bob, now).await;
        let session = NewSession { replaces: Some(before), ..session };
        let shown = if by_code { code_of(&new, true) } else { own_link_of(&new) };
        let of_carol = NewSession { account_id: carol.id, ..session.clone() };
        for (shown, session) in [(shown, of_carol), (link_of(&new), session.clone())] {
            assert!(!sign_in(&store, shown, session, now).await);
        }
        assert!(!sign_in(&store, browser_of(&new), session.clone(), now).await, "it is not approved");
        assert!(sign_in(&store, shown, session.clone(), now).await);
        assert!(store.find_session(before.session_id).await.unwrap().unwrap().revoked.is_some());
        assert!(store.find_session(session.id).await.unwrap().unwrap().revoked.is_none());
        assert_eq!(store.find_ticket(new.ticket.id).await.unwrap().unwrap().consumed_at, Some(now));
        let another = NewSession { proof: Proof::Mail { version: 0 }, ..new_session(&bob) };
        assert!(!sign_in(&store, shown, another, now).await);
    }
    assert_eq!(store.sessions_of(carol.id, None, 10).await.unwrap(), []);
}

/// EM-1: the right ones once, then the browser that asked goes on; the wrong ones end it.
pub(crate) async fn digits_approve_a_ticket_or_end_it(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let (new, session) = sign_in_of(&store, &bob, T0).await;
    assert_eq!(approve(&store, &new, true).await, ApproveOutcome::Approved);
    assert_eq!(store.find_ticket(new.ticket.id).await.unwrap().unwrap().approved_at, Some(T0));
    for is_right in [true, false] {
        assert_eq!(approve(&store, &new, is_right).await, ApproveOutcome::Invalid);
    }
    let elsewhere = PresentedTicket::Browser { id: new.ticket.id, browser_hash: [9; 32] };
    assert!(!sign_in(&store, elsewhere, session.clone(), at(1)).await);
    assert!(sign_in(&store, browser_of(&new), session, at(1)).await);

    let (new, session) = sign_in_of(&store, &bob, at(60)).await;
    assert_eq!(approve(&store, &new, false).await, ApproveOutcome::Invalid);
    assert_eq!(approve(&store, &new, true).await, ApproveOutcome::Invalid);
    for shown in [browser_of(&new), own_link_of(&new), code_of(&new, true)] {
        assert!(!sign_in(&store, shown, session.clone(), at(61)).await);
    }
    let lines = audit(&store).await;
    let of = |kind: &str| lines.iter().filter(|line| line.starts_with(kind)).count();
    assert_eq!([of("sign_in_approved"), of("login_succeeded"), of("login_failed")], [1, 1, 1], "{lines:?}");
}

/// CC-5: two polls at once, a poll and a code, the digits twice.
pub(crate) async fn of_many_that_sign_in_with_a_ticket_one_does(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    let (new, _) = sign_in_of(&*store, &bob, T0).await;
    let approved = at_once(8, |_| {
        let (store, new) = (Arc::clone(&store), new.clone());
        async move { approve(&*store, &new, true).await }
    })
    .await;
    assert_eq!(approved.iter().filter(|outcome| **outcome == ApproveOutcome::Approved).count(), 1);
    let signed_in = at_once(16, |number| {
        let store = Arc::clone(&store);
        let shown = [browser_of(&new), code_of(&new, true), own_link_of(&new)][number % 3];
        let session = NewSession { proof: Proof::Mail { version: 0 }, ..new_session(&bob) };
        async move { sign_in(&*store, shown, session, at(1)).await }
    })
    .await;
    assert_eq!(signed_in.iter().filter(|is_in| **is_in).count(), 1, "{signed_in:?}");
    assert_eq!(store.sessions_of(bob.id, None, 10).await.unwrap().len(), 1);
}

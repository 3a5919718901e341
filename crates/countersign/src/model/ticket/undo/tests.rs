//! EM-4: what a thief who knows the password can do about the way back of an address, and what its owner can do about the thief.

use std::time::Duration;

use super::*;
use crate::base::id::TicketId;
use crate::base::random::Random;
use crate::model::account::EmailAddress;
use crate::model::api_key::testing::key_of;
use crate::model::email::{ChangeEmailOutcome, EmailAction, EmailChange, NewEmail, concerned};
use crate::model::proof::Proof;
use crate::model::session::testing::{T, account, at, session_of};
use crate::model::ticket::testing::LINK;
use crate::model::ticket::{CODE_TRIES, NewTicket, PresentedTicket, verify_email};

const OWNER: &str = "ada@example.org";
const HOUR: Duration = Duration::from_hours(1);

/// An account, as far as its addresses go, and everything that was mailed about them.
struct World {
    random: Random,
    now: Timestamp,
    own: Vec<AccountEmail>,
    tickets: Vec<Ticket>,
    version: i64,
    delete_at: Option<Timestamp>,
    /// The password with this number is one that the thief knows.
    known: Option<i64>,
    sent: usize,
}

impl World {
    /// Its owner has had an address for an hour, and somebody else knows the password.
    fn new(seed: u64) -> Self {
        let random = Random::insecure_seeded(seed);
        let mut world = Self {
            random,
            now: T,
            own: Vec::new(),
            tickets: Vec::new(),
            version: 5,
            delete_at: None,
            known: Some(5),
            sent: 0,
        };
        world.has_verified(OWNER);
        world.wait(HOUR);
        world
    }

    fn found(&self) -> Credentials {
        let disabled_at = self.delete_at.map(|_| T);
        let account = Account { disabled_at, delete_at: self.delete_at, ..account() };
        let password_hash = Some(PasswordHash::from_stored("old".to_owned()));
        Credentials { account, password_hash, password_version: self.version }
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    fn carry_out<O>(&mut self, plan: Plan<O>) -> O {
        for write in plan.writes() {
            match write.clone() {
                Write::InsertEmail(email) => self.own.push(*email),
                Write::UpdateEmail(email) => {
                    let there = self.own.iter_mut().find(|other| other.id == email.id);
                    *there.unwrap() = *email;
                }
                Write::DeleteEmail(id) => self.own.retain(|email| email.id != id),
                Write::InsertTicket(new) => self.tickets.push(new.ticket),
                Write::UpdateTicket { id, tries_left, consumed_at } => {
                    let ticket = self.tickets.iter_mut().find(|ticket| ticket.id == id).unwrap();
                    assert_eq!(ticket.consumed_at, None);
                    (ticket.tries_left, ticket.consumed_at) = (tries_left, consumed_at);
                }
                Write::VoidTickets { canonical, purpose: None, at, .. } => {
                    for ticket in &mut self.tickets {
                        let is_theirs = ticket.address.canonical() == canonical;
                        if is_theirs && ticket.purpose != TicketPurpose::UndoAddress {
                            ticket.consumed_at = ticket.consumed_at.or(Some(at));
                        }
                    }
                }
                Write::SetPassword { version, .. } => self.version = version,
                Write::UpdateAccount(account) => self.delete_at = account.delete_at,
                Write::InsertDelivery(_) => self.sent += 1,
                Write::Record(_) | Write::EndSession { .. } | Write::PasskeysNeedAPassword(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(self.own.iter().filter(|email| email.is_primary).count() <= 1);
        plan.carried_out()
    }

    fn ticket(&self, purpose: TicketPurpose, address: &EmailAddress) -> Ticket {
        Ticket {
            id: TicketId::random(&self.random),
            purpose,
            account_id: Some(account().id),
            address: address.clone(),
            password_version: (purpose != TicketPurpose::UndoAddress).then_some(self.version),
            code_hash: None,
            browser_hash: None,
            tries_left: CODE_TRIES,
            payload: None,
            source: None,
            created_at: self.now,
            expires_at: self.now.plus(purpose.lifetime()),
            consumed_at: None,
            approved_at: None,
        }
    }

    fn notices(&self, concerned: email::Concerned<'_>) -> EmailNotices {
        let way_back = concerned.former.map(|former| {
            let ticket = self.ticket(TicketPurpose::UndoAddress, &former.address);
            NewTicket { ticket, secret_hash: [0; 32], mail: None }
        });
        EmailNotices { for_whom: concerned.ids(), way_back, told: None }
    }

    /// Whoever reads its mail has added and verified it.
    fn has_verified(&mut self, address: &str) {
        let email = AccountEmail {
            id: EmailId::random(&self.random),
            account_id: account().id,
            address: EmailAddress::parse(address).unwrap(),
            verified_at: None,
            is_primary: false,
            created_at: self.now,
        };
        let new = NewEmail { email: email.clone(), checked: None };
        let added = email::add(Some(&self.found()), &self.own, new);
        self.carry_out(added);
        let ticket = self.ticket(TicketPurpose::Verify, &email.address);
        self.tickets.push(ticket.clone());
        let (found, own) = (self.found(), self.own.clone());
        let plan = verify_email(Some(ticket), &LINK, (Some(&found), &own), false, self.now);
        self.carry_out(plan);
    }

    fn change(&mut self, action: EmailAction, checked: i64) -> ChangeEmailOutcome {
        let (own, found, ways) = (self.own.clone(), self.found(), self.ways());
        let change = EmailChange {
            account_id: account().id,
            action,
            checked: Some(Proof::Password { version: checked }),
            notices: self.notices(concerned(&own, action)),
        };
        let plan = change.decide(Some(&found), &own, &ways, self.now);
        self.carry_out(plan)
    }

    fn ways(&self) -> Vec<Ticket> {
        let is_way =
            |ticket: &&Ticket| ticket.purpose == TicketPurpose::UndoAddress && ticket.consumed_at.is_none();
        self.tickets.iter().filter(is_way).cloned().collect()
    }

    fn id(&self, address: &str) -> EmailId {
        self.own.iter().find(|email| email.address.as_str() == address).unwrap().id
    }

    fn primary(&self) -> Option<&str> {
        self.own.iter().find(|email| email.is_primary).map(|email| email.address.as_str())
    }

    /// The tickets that were sent to one of these and that work.
    fn alive(&self, is_read: impl Fn(&str) -> bool) -> Vec<Ticket> {
        let found = self.found();
        let works = |ticket: &&Ticket| {
            ticket.is_alive(self.now) && crate::model::ticket::is_owned(ticket, Some(&found))
        };
        self.tickets.iter().filter(works).filter(|it| is_read(it.address.as_str())).cloned().collect()
    }

    fn undo(&mut self, ticket: &Ticket, is_taken: bool) -> UndoOutcome {
        let (own, found, ways) = (self.own.clone(), self.found(), self.ways());
        let undo = AddressUndo {
            shown: LINK,
            new_id: EmailId::random(&self.random),
            unknown_password: PasswordHash::from_stored("unknown".to_owned()),
            notices: self.notices(concerned_by_undo(&own, ticket)),
        };
        let has = Belongings { emails: &own, ways: &ways, ..Belongings::default() };
        let ticket = self.tickets.iter().find(|known| known.id == ticket.id).cloned();
        let plan = undo.decide(ticket, Some((&found, has)), is_taken, at(self.now));
        self.carry_out(plan)
    }

    /// The owner presses the button of the last mail, if there is one.
    fn owner_undoes(&mut self) -> bool {
        let Some(way) = self.alive(is_owners).into_iter().next_back() else { return false };
        matches!(self.undo(&way, false), UndoOutcome::Done(..))
    }
}

fn is_owners(address: &str) -> bool {
    address == OWNER
}

fn is_thiefs(address: &str) -> bool {
    address.starts_with("evil")
}

/// The thief takes the address out in two steps, and its owner comes back.
fn taken_over() -> World {
    let mut world = World::new(1);
    world.has_verified("evil1@example.net");
    assert_eq!(
        world.change(EmailAction::MakePrimary(world.id("evil1@example.net")), 5),
        ChangeEmailOutcome::Done
    );
    assert_eq!(world.change(EmailAction::Remove(world.id(OWNER)), 5), ChangeEmailOutcome::Done);
    world
}

#[test]
fn a_removed_address_comes_back_and_the_thief_is_out() {
    let mut world = taken_over();
    assert_eq!((world.own.len(), world.primary()), (1, Some("evil1@example.net")));
    assert_eq!(world.ways().len(), 1, "one link is enough for both steps");
    assert!(world.owner_undoes());
    assert_eq!((world.own.len(), world.primary()), (1, Some(OWNER)));
    assert_eq!(world.own[0].verified_at, Some(T), "since when it was");
    assert_eq!(world.version, 6, "nobody knows the password");
    assert_eq!(world.change(EmailAction::Remove(world.id(OWNER)), 5), ChangeEmailOutcome::Overtaken);
    assert!(world.alive(|_| true).is_empty() && !world.owner_undoes(), "it is used up");
}

/// Also where the thief has made their own address primary before, and has a link of their own.
#[test]
fn the_undo_is_not_undone() {
    let mut world = taken_over();
    world.has_verified("evil2@example.net");
    world.change(EmailAction::MakePrimary(world.id("evil2@example.net")), 5);
    let [of_thief] = &world.alive(is_thiefs)[..] else { panic!("{:?}", world.ways()) };
    let of_thief = of_thief.clone();
    assert!(world.owner_undoes());
    assert_eq!(world.undo(&of_thief, false), UndoOutcome::Invalid);
    // Before it, it only makes another link necessary, which the owner gets.
    let mut world = taken_over();
    world.has_verified("evil2@example.net");
    world.change(EmailAction::MakePrimary(world.id("evil2@example.net")), 5);
    let of_thief = world.alive(is_thiefs).pop().unwrap();
    assert!(matches!(world.undo(&of_thief, false), UndoOutcome::Done(..)));
    assert_eq!(world.primary(), Some("evil1@example.net"));
    assert!(world.owner_undoes());
    assert_eq!(world.primary(), Some(OWNER));
}

/// The owner removes the thief's address, who has a link then, and uses it: the owner's address gets one in turn, and it is the
/// last.
#[test]
fn the_address_that_was_verified_first_has_the_last_word() {
    let mut world = World::new(2);
    world.has_verified("evil1@example.net");
    world.change(EmailAction::Remove(world.id("evil1@example.net")), 5);
    world.known = None;
    let of_thief = world.alive(is_thiefs).pop().unwrap();
    assert!(matches!(world.undo(&of_thief, false), UndoOutcome::Done(..)));
    assert_eq!(world.primary(), Some("evil1@example.net"));
    assert!(world.owner_undoes());
    assert_eq!((world.primary(), world.own.len()), (Some(OWNER), 1));
    assert!(world.alive(is_thiefs).is_empty());
}

#[test]
fn an_address_that_another_account_has_verified_does_not_come_back() {
    let mut world = taken_over();
    let way = world.ways().pop().unwrap();
    assert_eq!(world.undo(&way, true), UndoOutcome::Invalid);
    assert_eq!(
        (world.primary(), world.ways().len()),
        (Some("evil1@example.net"), 1),
        "and the link is not used up"
    );
}

/// For seven days, to the millisecond, and also while the account waits for its deletion.
#[test]
fn the_link_outlives_the_password_and_a_request_to_delete_the_account() {
    let mut world = taken_over();
    let end = world.ways()[0].expires_at;
    assert_eq!(end.since(world.now), 7 * 24 * HOUR);
    (world.version, world.known) = (9, Some(9));
    world.delete_at = Some(world.now.plus(8 * 24 * HOUR));
    world.now = end.minus(Duration::from_millis(1));
    assert!(world.owner_undoes());
    assert_eq!((world.delete_at, world.version), (None, 10));
    let mut late = taken_over();
    late.now = end;
    assert!(!late.owner_undoes());
    let mut due = taken_over();
    due.delete_at = Some(due.now);
    assert!(!due.owner_undoes(), "nobody takes back what is due");
}

#[test]
fn sessions_and_api_keys_end() {
    let world = taken_over();
    let way = world.ways().pop().unwrap();
    let (found, own) = (world.found(), world.own.clone());
    let (open, keys) = ([session_of(&account(), 1), session_of(&account(), 2)], [key_of(&account(), 3)]);
    let has = Belongings { emails: &own, ways: std::slice::from_ref(&way), open: &open, keys: &keys };
    let undo = || AddressUndo {
        shown: LINK,
        new_id: EmailId::from_bytes([1; 16]),
        unknown_password: PasswordHash::from_stored("unknown".to_owned()),
        notices: EmailNotices::default(),
    };
    let without = Credentials { password_hash: None, ..found.clone() };
    for (found, sets) in [(&found, 1), (&without, 0)] {
        let plan = undo().decide(Some(way.clone()), Some((found, has)), false, at(world.now));
        let set = plan.writes().iter().filter(|write| matches!(write, Write::SetPassword { .. }));
        assert_eq!(set.count(), sets, "who has no password gets none");
        assert!(
            plan.writes().contains(&Write::PasskeysNeedAPassword(account().id)),
            "one may be the thief's"
        );
        assert!(
            plan.writes()
                .iter()
                .any(|write| matches!(write, Write::UpdateApiKey(key) if key.revoked_at.is_some()))
        );
        assert!(matches!(plan.carried_out(), UndoOutcome::Done(_, ended) if ended.len() == 3));
    }
    let code = PresentedTicket::Code { id: way.id, browser_hash: [0; 32], code_hash: [0; 32] };
    let by_code = AddressUndo { shown: code, ..undo() };
    let plan = by_code.decide(Some(way.clone()), Some((&found, has)), false, at(world.now));
    assert!(plan.writes().is_empty());
    assert_eq!(plan.carried_out(), UndoOutcome::Invalid, "it has no code");
}

/// Whatever a thief does in six days: the owner's address is the primary one, or its owner has a link that works; and when the owner
/// presses it, the thief has nothing left.
#[test]
fn no_sequence_of_moves_keeps_the_owner_out_or_the_thief_in() {
    for seed in 0..3_000 {
        let mut world = World::new(seed);
        let until = world.now.plus(6 * 24 * HOUR);
        let mut made = 0;
        for step in 0..40 {
            let [choice, which, pause, ..] = world.random.bytes::<4>();
            world.wait(HOUR * u32::from(pause) / 64);
            if world.now >= until {
                break;
            }
            let knows = world.known == Some(world.version);
            let any = world.own.get(usize::from(which) % world.own.len().max(1)).map(|email| email.id);
            match (choice % 6, any) {
                (0, _) if knows => {
                    made += 1;
                    world.has_verified(&format!("evil{made}@example.net"));
                }
                (1 | 2, Some(id)) if knows => {
                    world.change(EmailAction::MakePrimary(id), world.version);
                }
                (3, Some(id)) if knows => {
                    world.change(EmailAction::Remove(id), world.version);
                }
                (4, _) => {
                    let links = world.alive(is_thiefs);
                    if let Some(link) = links.get(usize::from(which) % links.len().max(1))
                        && link.purpose == TicketPurpose::UndoAddress
                    {
                        world.undo(link, false);
                    }
                }
                // Another password by mail: whoever reads a verified address sets it.
                (5, _)
                    if world
                        .own
                        .iter()
                        .any(|it| is_thiefs(it.address.as_str()) && it.verified_at.is_some()) =>
                {
                    world.version += 1;
                    world.known = Some(world.version);
                }
                _ => {}
            }
            let has_way = world.alive(is_owners).iter().any(|it| it.purpose == TicketPurpose::UndoAddress);
            assert!(world.primary() == Some(OWNER) || has_way, "seed {seed}, step {step}");
        }
        if world.owner_undoes() {
            assert_eq!((world.primary(), world.own.len()), (Some(OWNER), 1), "seed {seed}");
            assert_ne!(world.known, Some(world.version), "seed {seed}");
            assert_eq!(world.alive(is_thiefs), [], "seed {seed}");
        }
    }
}

/// Toggling to and fro does not bury the link under other mails, nor take it away.
#[test]
fn whoever_was_told_is_not_told_again_within_the_hour() {
    let mut world = taken_over();
    for _ in 0..20 {
        world.has_verified("evil2@example.net");
        world.change(EmailAction::MakePrimary(world.id("evil2@example.net")), 5);
        world.change(EmailAction::MakePrimary(world.id("evil1@example.net")), 5);
        world.change(EmailAction::Remove(world.id("evil2@example.net")), 5);
    }
    assert_eq!(world.ways().len(), 3, "one for each address");
    world.wait(HOUR);
    world.change(EmailAction::Remove(world.id("evil1@example.net")), 5);
    assert_eq!(world.ways().len(), 4);
}

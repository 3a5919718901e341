//! Browsers with several tabs, a network that delays, duplicates, reorders and loses, people who log out and
//! change passwords, an administrator, a thief, and a server that crashes: all from one seed.
//!
//! Faults stay within what the rotation rule promises to survive: a message takes less than 2.5 seconds, a
//! client gives up after 5 and asks again, and one loss or crash is followed by a minute without.
//!
//! On PostgreSQL there are up to three nodes. Each request goes to any of them; each node has a clock of its own, follows the
//! log of ended sessions and the signing keys in its own time, and crashes alone.

mod answers;
mod binding;
mod course;
mod fate;
mod invitations;
mod keys;
mod mail;
mod mail_sign_ins;
mod mails;
mod network;
mod node;
mod place;
mod plan;
mod registrations;
mod restore;
mod second_step;
mod setup;
mod undo;

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::Countersign;
use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::AccountId;
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::issue::SignedIn;
use countersign::internal::flows::login::LoginError;
use countersign::internal::flows::password_change::PasswordChangeError;
use countersign::internal::flows::refresh::RefreshError;
use countersign::internal::flows::register::RegisterError;
use countersign::internal::model::account::Account;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::session::refresh_token::RefreshTokenCodec;
use countersign::options::Options;
use countersign::store::StoreError;

pub(crate) use self::binding::lost_second_response;
use self::invitations::{InviteCall, InviteDone};
use self::keys::{Key, KeyCall, KeyDone};
use self::mail::Mail;
use self::mail_sign_ins::{SignInCall, SignInDone};
use self::mails::{MailCall, MailDone, MailEvent};
use self::node::Follower;
pub(crate) use self::node::Node;
use self::place::Place;
use self::registrations::{Newcomer, RegisterCall};
use self::second_step::{Authenticator, Between, SecondCall};
use crate::auditor::{Auditor, Moment, Verdict, ensure};
use crate::executor::Task;
use crate::faulty::{Bug, Faulty};
use crate::seeded_key::SeededKey;

const START: i64 = 1_700_000_000_000;
const TABS: usize = 3;
/// So many people have an account from the beginning.
pub(crate) const PEOPLE: usize = 2;
const TIMEOUT: i64 = 5_000;
/// So many wrong passwords in a row cost nothing; after that whoever guesses has to wait, at first for a
/// second.
const GUESSES: usize = 5;
/// After a loss or a crash, so long there is no other.
const CALM: i64 = 60_000;
/// So long after something has ended, every node refuses its tokens (SE-4), and knows every key that another has made.
pub(crate) const HEARD: i64 = 400;
/// So far the clock of a node is from the database's, at most: half of what an answer takes, and what it drifts in between.
const SKEW: i64 = 100;

type Server = Arc<Countersign<Faulty>>;

struct Person {
    account: AccountId,
    name: String,
    password: String,
    enabled: bool,
    /// Whether another password has to be chosen before a session begins.
    required: bool,
    /// Grows with every change of password or access.
    changes: u32,
    /// When wrong passwords arrived that were checked, since the last right one.
    wrong: Vec<Timestamp>,
    /// When a password was last right.
    right_at: Option<Timestamp>,
    authenticator: Option<Authenticator>,
}

#[derive(Default)]
struct Client {
    person: usize,
    jar: Option<String>,
    /// The attempt that each tab waits for.
    tabs: [Option<u64>; TABS],
    thief: Option<String>,
    /// The key that its sessions are bound to.
    key: Option<SeededKey>,
    /// Whether the thief has that too.
    key_stolen: bool,
}

#[derive(Debug)]
enum Event {
    Refreshes {
        client: usize,
        tab: usize,
    },
    Arrives(Request),
    Steps(u64),
    Answered {
        client: usize,
        tab: Option<usize>,
        attempt: u64,
        jar: Jar,
    },
    TimesOut {
        client: usize,
        tab: usize,
        attempt: u64,
    },
    LogsIn {
        client: usize,
        wrong: bool,
    },
    /// Somebody whose first step was right makes the second one.
    ShowsCode {
        client: usize,
        between: Box<Between>,
    },
    /// Somebody tries many passwords at once; the server may be made to forget that by a crash.
    Guesses {
        client: usize,
        crash: bool,
    },
    LogsOut {
        client: usize,
        everywhere: bool,
    },
    ChangesPassword {
        client: usize,
    },
    /// The owner or the administrator.
    MakesKey {
        person: usize,
        is_owner: bool,
        lifetime: Option<i64>,
    },
    /// A program uses one of the keys that there are.
    UsesKey,
    RevokesKey {
        by_tool: bool,
    },
    Mail(MailEvent),
    /// Somebody without an account asks for a mail to make one.
    AsksToRegister,
    /// An administrator invites somebody, or takes the last invitation back.
    Invitation {
        taken_back: bool,
    },
    AsksToSignIn(usize),
    /// The browser that asked for this mail wants to go on.
    PollsSignIn(usize),
    Disables(usize),
    RequiresChange(usize),
    ChangesRole(usize),
    RotatesKeys,
    Upkeep,
    CommandLineEnds(usize),
    /// A node reads what others have done.
    Follows(usize),
    Steals(usize),
    Thieves(usize),
    Crashes,
    ClockJumps(i64),
}

/// What an answer does to the cookie.
#[derive(Clone, Debug)]
enum Jar {
    Keep,
    Set(String),
    Clear,
}

#[derive(Clone, Debug)]
struct Request {
    client: usize,
    tab: Option<usize>,
    attempt: u64,
    call: Call,
    /// The client hangs up while it is under way, or its answer is lost, or nobody waits for it.
    cut_off: bool,
    answer_lost: bool,
}

#[derive(Clone, Debug)]
enum Call {
    Refresh { token: String, thief: bool },
    Login { password: String, new: Option<String>, replaces: Option<String>, changes: u32 },
    Logout { token: String, everywhere: bool },
    ChangePassword { token: String, new: String },
    Key(KeyCall),
    Mail(MailCall),
    Register(RegisterCall),
    Invite(InviteCall),
    SignIn(SignInCall),
    Second(SecondCall),
}

enum Done {
    Refreshed(Result<SignedIn, RefreshError>),
    LoggedIn(Result<SignedIn, LoginError>),
    LoggedOut(Result<usize, StoreError>),
    PasswordChanged(Result<(), PasswordChangeError>),
    Key(KeyDone),
    Mail(MailDone),
    SignedInByMail(SignInDone),
    Registered(Result<Account, RegisterError>),
    Invited(InviteDone),
    Second(Result<SignedIn, LoginError>),
}

struct Running {
    request: Request,
    node: usize,
    context: Context,
    task: Task<Done>,
}

pub(crate) struct World {
    dice: Random,
    bug: Option<Bug>,
    time: i64,
    jump: i64,
    place: Place,
    options: Options,
    keys: MasterKeys,
    codec: RefreshTokenCodec,
    random: Random,
    nodes: Vec<Node>,
    /// So far the clock of a node is from the database's at most.
    skew: i64,
    follower: Follower,
    events: BTreeMap<(i64, u64), Event>,
    running: BTreeMap<u64, Running>,
    ids: u64,
    people: Vec<Person>,
    clients: Vec<Client>,
    api_keys: Vec<Key>,
    mails: Vec<Mail>,
    /// Those whose registration was acknowledged.
    newcomers: Vec<Newcomer>,
    /// The request whose step this is.
    acting: Option<u64>,
    auditor: Auditor,
    last_fault: i64,
    trace: Vec<String>,
    /// How many store-visible steps were made.
    pub(crate) steps: u64,
}

/// A run that came to its end, or the first invariant that did not hold.
pub(crate) struct Outcome {
    pub(crate) steps: u64,
    pub(crate) failure: Option<String>,
    /// What happened, in order.
    pub(crate) trace: Vec<String>,
}

/// Runs one seed. With some bugs there are always several nodes.
pub(crate) fn run(seed: u64, bug: Option<Bug>) -> Outcome {
    let _runtime = place::runtime().enter();
    let mut world = World::new(seed, bug);
    world.plan();
    let failure = world.live().err();
    Outcome { steps: world.steps, failure, trace: std::mem::take(&mut world.trace) }
}

impl World {
    fn below(&self, count: u64) -> u64 {
        u64::from_le_bytes(self.dice.bytes()) % count
    }

    fn one_in(&self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn delay(&self) -> i64 {
        self.pick(&[1, 20, 100, 900, 2_400])
    }

    fn client(&self) -> usize {
        usize::try_from(self.below(self.clients.len() as u64)).unwrap()
    }

    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn at(&mut self, time: i64, event: Event) {
        let id = self.id();
        self.events.insert((time, id), event);
    }

    fn soon(&mut self, after: i64, event: Event) {
        self.at(self.time + after, event);
    }

    fn node(&self) -> usize {
        usize::try_from(self.below(self.nodes.len() as u64)).unwrap()
    }

    fn server(&self, node: usize) -> &Server {
        &self.nodes[node].server
    }

    /// What the clock of this node says.
    fn now(&self, node: usize) -> Timestamp {
        self.nodes[node].clock.now()
    }

    fn moment(&self) -> Moment {
        Moment { time: self.time, jump: self.jump }
    }

    fn operator(&self, node: usize) -> Context {
        Context::local(Actor::CommandLine, self.now(node))
    }

    fn calm(&self) -> bool {
        self.time - self.last_fault > CALM
    }

    /// Reads in the audit log what a node has done, or another program; sessions may have ended for these reasons only. Then
    /// checks every session.
    fn audit(&mut self, reasons: &[&str], by: Option<usize>) -> Verdict {
        self.audit_records(reasons, by)?;
        self.auditor.check(&self.nodes, self.moment(), false)
    }

    fn audit_records(&mut self, reasons: &[&str], by: Option<usize>) -> Result<Vec<AuditKind>, String> {
        let records = self.auditor.read_log(self.nodes[0].server.store(), self.time, by)?;
        for record in &records {
            if matches!(
                record.event.kind.known(),
                Some(AuditKind::SessionEnded | AuditKind::RefreshReuseDetected)
            ) {
                let reason = record.event.detail.as_deref().unwrap_or_default();
                ensure(reasons.contains(&reason), || format!("J10: a session ended by {reason}, unasked"))?;
            }
        }
        self.read_mails(&records, self.acting)?;
        let known = records.iter().map(|record| record.event.kind.known());
        let known: Vec<_> = known.collect::<Option<_>>().ok_or("an event of an unknown kind")?;
        if known.iter().any(|kind| TOLD.contains(kind)) {
            self.others_hear(by);
        }
        Ok(known)
    }
}

/// After these, tokens are refused.
const TOLD: [AuditKind; 6] = [
    AuditKind::SessionEnded,
    AuditKind::RefreshReuseDetected,
    AuditKind::ApiKeyRevoked,
    AuditKind::AccountDisabled,
    AuditKind::AccountDeleted,
    AuditKind::PasswordChangeRequired,
];

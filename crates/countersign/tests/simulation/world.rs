//! Browsers with several tabs, a network that delays, duplicates, reorders and loses, people who log out and change
//! passwords, an administrator, a thief, and a server that crashes: all from one seed.
//!
//! Faults stay within what the rotation rule promises to survive: a message takes less than 2.5 seconds, a client gives
//! up after 5 and asks again, and one loss or crash is followed by a minute without.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use countersign::Countersign;
use countersign::account::{CustomClaims, Role, Username};
use countersign::accounts::{ChangeAccountError, Registration};
use countersign::audit::{Actor, AuditKind, Context};
use countersign::clock::{Clock, Timestamp};
use countersign::id::{AccountId, SessionId};
use countersign::keys::Switch;
use countersign::login::{LoginError, SignedIn};
use countersign::logout::Scope;
use countersign::master_key::MasterKeys;
use countersign::options::Options;
use countersign::password::{Argon2Cost, PasswordHash};
use countersign::password_change::PasswordChangeError;
use countersign::random::Random;
use countersign::refresh::RefreshError;
use countersign::refresh_token::{PresentedToken, RefreshTokenCodec};
use countersign::session::EndReason;
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::store::{AccountChange, CreateAccount, NewAccount, Store, StoreError, Which};

use crate::auditor::{Auditor, Verdict, ensure};
use crate::executor::{Task, now, step};
use crate::faulty::{Bug, Faulty};

const START: i64 = 1_700_000_000_000;
const TABS: usize = 3;
const TIMEOUT: i64 = 5_000;
/// After a loss or a crash, so long there is no other.
const CALM: i64 = 60_000;

type Server = Arc<Countersign<Faulty>>;

struct Person {
    account: AccountId,
    name: String,
    password: String,
    enabled: bool,
    /// Grows with every change of password or access.
    changes: u32,
}

#[derive(Default)]
struct Client {
    person: usize,
    jar: Option<String>,
    /// The attempt that each tab waits for.
    tabs: [Option<u64>; TABS],
    thief: Option<String>,
}

#[derive(Debug)]
enum Event {
    Refreshes { client: usize, tab: usize },
    Arrives(Request),
    Steps(u64),
    Answered { client: usize, tab: Option<usize>, attempt: u64, jar: Jar },
    TimesOut { client: usize, tab: usize, attempt: u64 },
    LogsIn { client: usize, wrong: bool },
    LogsOut { client: usize, everywhere: bool },
    ChangesPassword { client: usize },
    Disables(usize),
    ChangesRole(usize),
    RotatesKeys,
    Upkeep,
    CommandLineEnds(usize),
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
    Login { password: String, replaces: Option<String>, changes: u32 },
    Logout { token: String, everywhere: bool },
    ChangePassword { token: String, new: String },
}

enum Done {
    Refreshed(Result<SignedIn, RefreshError>),
    LoggedIn(Result<SignedIn, LoginError>),
    LoggedOut(Result<usize, StoreError>),
    PasswordChanged(Result<(), PasswordChangeError>),
}

struct Running {
    request: Request,
    context: Context,
    task: Task<Done>,
}

pub(crate) struct World {
    dice: Random,
    bug: Option<Bug>,
    time: i64,
    jump: i64,
    clock: Clock,
    home: tempfile::TempDir,
    path: PathBuf,
    /// The database before the last step, kept only for the bug that needs it.
    older: Option<PathBuf>,
    files: u32,
    options: Options,
    keys: MasterKeys,
    codec: RefreshTokenCodec,
    random: Random,
    server: Server,
    events: BTreeMap<(i64, u64), Event>,
    running: BTreeMap<u64, Running>,
    ids: u64,
    people: Vec<Person>,
    clients: Vec<Client>,
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

/// Runs one seed.
pub(crate) fn run(seed: u64, bug: Option<Bug>) -> Outcome {
    let mut world = World::new(seed, bug);
    world.plan();
    let failure = world.live().err();
    Outcome { steps: world.steps, failure, trace: std::mem::take(&mut world.trace) }
}

const FIRST_PASSWORD: &str = "a correct horse, number 0";

/// The hash of everybody's first password; made once for all lives, since it takes most of the time of one.
fn first_hash(server: &Server, context: &Context) -> PasswordHash {
    static HASH: OnceLock<PasswordHash> = OnceLock::new();
    HASH.get_or_init(|| {
        let username = Username::parse("somebody").unwrap();
        let registration = Registration {
            username: username.clone(),
            role: Role::default(),
            claims: CustomClaims::default(),
        };
        let store = Faulty::new(SqliteStore::in_memory(server.options().sessions).unwrap(), None);
        let keys = MasterKeys::generate(&Random::insecure_seeded(0));
        let scratch =
            Countersign::open(store, options(None), keys, server.clock().clone(), Random::insecure_seeded(0));
        let scratch = now(scratch).unwrap();
        now(scratch.create_account(registration, FIRST_PASSWORD, context)).unwrap();
        now(scratch.store().inner.account_for_login(&username)).unwrap().unwrap().password_hash.unwrap()
    })
    .clone()
}

fn options(bug: Option<Bug>) -> Options {
    let mut options = Options::new("https://auth.example.com", "api");
    options.sessions.max_sessions = 4;
    if bug == Some(Bug::NoMinimumAge) {
        options.sessions.min_age = Duration::ZERO;
    }
    if bug == Some(Bug::NoGrace) {
        options.sessions.grace = Duration::ZERO;
    }
    options.hashing.threads = NonZeroUsize::MIN;
    // The cheapest that is allowed.
    options.hashing.argon2 = Argon2Cost::new(7_168, 5, 1).unwrap();
    options
}

fn open(path: &Path, mode: OpenMode, options: &Options) -> SqliteStore {
    SqliteStore::open(path, mode, options.sessions).unwrap()
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> Self {
        // A disk in memory where there is one: nothing here depends on what fsync costs.
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let (path, options) = (home.path().join("0.db"), options(bug));
        let clock = Clock::manual(Timestamp::from_unix_millis(START));
        let random = Random::insecure_seeded(seed ^ 0x5eed);
        let keys = MasterKeys::generate(&random);
        let store = Faulty::new(open(&path, OpenMode::Server, &options), bug);
        let opened = Countersign::open(store, options.clone(), keys.clone(), clock.clone(), random.clone());
        let server = Arc::new(now(opened).unwrap());
        let mut world = Self {
            dice: Random::insecure_seeded(seed),
            bug,
            time: 0,
            jump: 0,
            clock,
            home,
            path,
            older: None,
            files: 0,
            options,
            codec: RefreshTokenCodec::new(&keys),
            keys,
            random,
            server,
            events: BTreeMap::new(),
            running: BTreeMap::new(),
            ids: 0,
            people: Vec::new(),
            clients: Vec::new(),
            auditor: Auditor::default(),
            last_fault: -CALM,
            trace: Vec::new(),
            steps: 0,
        };
        for name in ["bob", "eve"] {
            world.register(name);
        }
        for person in [0, 0, 1] {
            world.clients.push(Client { person, ..Client::default() });
        }
        world
    }

    fn register(&mut self, name: &str) {
        let account = NewAccount {
            id: AccountId::random(&self.random),
            username: Username::parse(name).unwrap(),
            role: Role::default(),
            claims: CustomClaims::default(),
            password_hash: Some(first_hash(&self.server, &self.operator())),
            disabled: false,
        };
        let id = account.id;
        let made = now(self.server.store().inner.create_account(account, &self.operator())).unwrap();
        assert!(matches!(made, CreateAccount::Created(_)));
        let password = FIRST_PASSWORD.to_owned();
        let person = Person { account: id, name: name.to_owned(), password, enabled: true, changes: 0 };
        self.people.push(person);
    }

    // --- chance and time ---

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

    fn context(&self, actor: Actor) -> Context {
        Context::local(actor, self.clock.now())
    }

    fn operator(&self) -> Context {
        self.context(Actor::CommandLine)
    }

    fn calm(&self) -> bool {
        self.time - self.last_fault > CALM
    }

    // --- what will be tried ---

    /// Draws everything that people, the administrator, the thief and fate will try, and when.
    fn plan(&mut self) {
        for client in 0..self.clients.len() {
            self.at(i64::try_from(client).unwrap(), Event::LogsIn { client, wrong: false });
        }
        let mut time = 20_000;
        for _ in 0..75 {
            let day = 86_400_000;
            time += match self.below(60) {
                0 => self.pick(&[day, 6 * day, 8 * day]),
                1..10 => 900_000,
                10..20 => 60_000,
                _ => self.pick(&[10, 700, 2_500, 5_000, 14_900, 15_100, 19_900, 20_100, 21_000, 45_000]),
            };
            let client = self.client();
            let event = match self.below(100) {
                0..30 => {
                    // A laptop wakes: all tabs at once, or nearly.
                    for tab in 1..TABS {
                        let later = time + self.pick(&[0, 3, 1_000, 2_400]);
                        self.at(later, Event::Refreshes { client, tab });
                    }
                    Event::Refreshes { client, tab: 0 }
                }
                30..58 => Event::Refreshes { client, tab: usize::try_from(self.below(3)).unwrap() },
                58..62 => Event::LogsIn { client, wrong: self.one_in(4) },
                62..66 => Event::LogsOut { client, everywhere: self.one_in(3) },
                66..68 => {
                    // The same person signs in elsewhere at that moment.
                    let person = self.clients[client].person;
                    let others: Vec<_> =
                        (0..self.clients.len()).filter(|n| self.clients[*n].person == person).collect();
                    let later = time + self.pick(&[0, 1, 3, 20]);
                    self.at(later, Event::LogsIn { client: self.pick(&others), wrong: false });
                    Event::ChangesPassword { client }
                }
                68..71 => Event::Disables(self.clients[client].person),
                71..75 => Event::ChangesRole(self.clients[client].person),
                75..77 => Event::RotatesKeys,
                77..81 => Event::Upkeep,
                81..83 => Event::CommandLineEnds(client),
                83..86 => Event::Crashes,
                86..89 => Event::ClockJumps(self.pick(&[-3_600_000, -60_000, -1_000, 1_000, 3_600_000])),
                89..92 => Event::Steals(client),
                _ => Event::Thieves(client),
            };
            self.at(time, event);
        }
    }

    // --- what happens ---

    fn live(&mut self) -> Verdict {
        while let Some(((time, _), event)) = self.events.pop_first() {
            self.time = time.max(self.time);
            self.clock.set(Timestamp::from_unix_millis(START + self.time + self.jump));
            if self.trace.len() < 100_000 {
                self.trace.push(format!("{:>10} {event:?}", self.time));
            }
            self.happens(event)?;
        }
        self.audit_records(&[])?;
        self.auditor.check(&self.server, (self.clock.now(), self.jump), true)
    }

    fn happens(&mut self, event: Event) -> Verdict {
        match event {
            Event::Refreshes { client, tab } => self.refreshes(client, tab),
            Event::Arrives(request) => self.arrives(request),
            Event::Steps(id) => return self.steps(id),
            Event::Answered { client, tab, attempt, jar } => self.answered(client, tab, attempt, jar),
            Event::TimesOut { client, tab, attempt } => {
                if self.clients[client].tabs[tab] == Some(attempt) {
                    self.clients[client].tabs[tab] = None;
                    self.refreshes(client, tab);
                }
            }
            Event::LogsIn { client, wrong } => {
                let person = &self.people[self.clients[client].person];
                let password = if wrong { "not the password".to_owned() } else { person.password.clone() };
                let changes = person.changes;
                let replaces = self.clients[client].jar.clone();
                self.send(client, Call::Login { password, replaces, changes });
            }
            Event::LogsOut { client, everywhere } => {
                if let Some(token) = self.clients[client].jar.clone() {
                    self.send(client, Call::Logout { token, everywhere });
                }
            }
            Event::ChangesPassword { client } => {
                // The guard lets nobody in whose session has ended.
                let jar = self.clients[client].jar.clone();
                let open = |known: &crate::auditor::Known| known.ended.is_none();
                if let Some(token) = jar
                    && self.auditor.sessions.get(&self.presented(&token).session_id).is_some_and(open)
                {
                    let new = format!("a new horse staple of hers, number {}", self.ids);
                    self.send(client, Call::ChangePassword { token, new });
                }
            }
            Event::Disables(person) => return self.disables(person),
            Event::ChangesRole(person) => return self.changes_role(person),
            Event::RotatesKeys => {
                let switch = if self.one_in(2) { Switch::AtOnce } else { Switch::WhenPublished };
                now(self.server.rotate_keys(switch, &self.operator())).map_err(|error| error.to_string())?;
                return self.audit(&[]);
            }
            Event::Upkeep => return self.upkeep(),
            Event::CommandLineEnds(client) => return self.command_line_ends(client),
            Event::Steals(client) => self.steals(client),
            Event::Thieves(client) => {
                if let Some(token) = self.clients[client].thief.clone() {
                    self.send_now(client, Call::Refresh { token, thief: true });
                }
            }
            Event::Crashes => return self.crashes(),
            Event::ClockJumps(by) => self.clock_jumps(by),
        }
        Ok(())
    }

    /// A tab asks for a new access token, over a network with faults.
    fn refreshes(&mut self, client: usize, tab: usize) {
        let Some(token) = self.clients[client].jar.clone() else {
            if self.one_in(8) {
                self.soon(0, Event::LogsIn { client, wrong: false });
            }
            return;
        };
        if self.clients[client].tabs[tab].is_some() {
            return;
        }
        let attempt = self.id();
        self.clients[client].tabs[tab] = Some(attempt);
        let call = Call::Refresh { token, thief: false };
        let mut request =
            Request { client, tab: Some(tab), attempt, call, cut_off: false, answer_lost: false };
        self.soon(TIMEOUT, Event::TimesOut { client, tab, attempt });
        let fault = if self.calm() && self.one_in(4) { self.below(3) } else { 9 };
        if fault < 3 {
            self.last_fault = self.time + TIMEOUT;
            request.cut_off = fault == 1;
            request.answer_lost = fault == 2;
        } else if self.one_in(10) {
            // Somebody between asks twice, and both answers come back. (If the second were dropped, this would be a
            // lost answer that nobody asks again for, which no rule survives: docs/EVIDENCE.md.)
            let duplicate = Request { tab: None, ..request.clone() };
            let delay = self.delay();
            self.soon(delay, Event::Arrives(duplicate));
        }
        if fault != 0 {
            let delay = self.delay();
            self.soon(delay, Event::Arrives(request));
        }
    }

    /// Anything else that a person does; the person waits for the answer, which may be lost.
    fn send(&mut self, client: usize, call: Call) {
        let attempt = self.id();
        let (cut_off, answer_lost) = (self.one_in(12), self.one_in(12));
        let request = Request { client, tab: None, attempt, call, cut_off, answer_lost };
        let delay = self.delay();
        self.soon(delay, Event::Arrives(request));
    }

    fn send_now(&mut self, client: usize, call: Call) {
        let attempt = self.id();
        let request = Request { client, tab: None, attempt, call, cut_off: false, answer_lost: true };
        self.soon(0, Event::Arrives(request));
    }

    fn arrives(&mut self, request: Request) {
        let context = self.context(Actor::Anonymous);
        let task = self.start(&request, context.clone());
        let id = self.id();
        self.running.insert(id, Running { request, context, task });
        self.soon(0, Event::Steps(id));
    }

    /// The use case that a request is for, called as the HTTP layer calls it.
    fn start(&self, request: &Request, context: Context) -> Task<Done> {
        let server = Arc::clone(&self.server);
        let person = &self.people[self.clients[request.client].person];
        match request.call.clone() {
            Call::Refresh { token, .. } => {
                Box::pin(async move { Done::Refreshed(server.refresh(&token, &context).await) })
            }
            Call::Login { password, replaces, .. } => {
                let name = person.name.clone();
                Box::pin(async move {
                    Done::LoggedIn(server.login(&name, &password, replaces.as_deref(), &context).await)
                })
            }
            Call::Logout { token, everywhere } => {
                let scope = if everywhere { Scope::Everywhere } else { Scope::This };
                Box::pin(async move { Done::LoggedOut(server.logout(&token, scope, &context).await) })
            }
            Call::ChangePassword { token, new } => {
                let current = person.password.clone();
                let caller = (person.account, self.presented(&token).session_id);
                Box::pin(async move {
                    let checked = server.check_password_change(caller, &current, &new, &context).await;
                    Done::PasswordChanged(match checked {
                        Ok(checked) => server.store_password(checked, &context).await,
                        Err(error) => Err(error),
                    })
                })
            }
        }
    }

    fn steps(&mut self, id: u64) -> Verdict {
        let Some(mut running) = self.running.remove(&id) else { return Ok(()) };
        self.keep_older_image();
        self.steps += 1;
        match step(&mut running.task) {
            None if running.request.cut_off && self.one_in(2) => self.audit_records(&[]).map(drop),
            None => {
                self.running.insert(id, running);
                let pause = self.pick(&[0, 1, 4]);
                self.soon(pause, Event::Steps(id));
                self.audit_records(&[]).map(drop)
            }
            Some(done) => self.done(&running.request, &running.context, done),
        }
    }

    fn presented(&self, token: &str) -> PresentedToken {
        self.codec.parse(token).unwrap().presented()
    }

    fn done(&mut self, request: &Request, context: &Context, done: Done) -> Verdict {
        let jar = match (done, &request.call) {
            (Done::Refreshed(outcome), Call::Refresh { token, thief }) => {
                self.refreshed(outcome, request.client, (token, *thief), context)?
            }
            (Done::LoggedIn(outcome), Call::Login { password, replaces, changes }) => {
                self.logged_in(outcome, request.client, password, (replaces.as_deref(), *changes))?
            }
            (Done::LoggedOut(outcome), Call::Logout { token, everywhere }) => {
                outcome.map_err(|error| error.to_string())?;
                self.logged_out(token, *everywhere)?;
                Jar::Clear
            }
            (Done::PasswordChanged(outcome), Call::ChangePassword { token, new }) => {
                self.password_changed(&outcome, request.client, token, new)?;
                Jar::Keep
            }
            _ => return Err("a task that answers something else".to_owned()),
        };
        self.auditor.check(&self.server, (self.clock.now(), self.jump), false)?;
        if !request.answer_lost && !request.cut_off {
            let Request { client, tab, attempt, .. } = *request;
            let delay = self.delay();
            self.soon(delay, Event::Answered { client, tab, attempt, jar });
        }
        Ok(())
    }

    fn refreshed(
        &mut self,
        outcome: Result<SignedIn, RefreshError>,
        client: usize,
        (token, thief): (&str, bool),
        context: &Context,
    ) -> Result<Jar, String> {
        self.audit_records(&["reuse"])?;
        let id = self.presented(token).session_id;
        let error = match outcome {
            Ok(signed_in) => {
                let cookie = signed_in.refresh.as_ref().map(|issued| issued.token.to_string());
                let generation = cookie.as_deref().map(|cookie| self.presented(cookie).generation);
                self.auditor.granted(&self.server, &signed_in, generation, (context.now, self.jump))?;
                self.auditor.seen(id, thief, self.time)?;
                if thief {
                    self.clients[client].thief = cookie.or_else(|| Some(token.to_owned()));
                    return Ok(Jar::Keep);
                }
                return Ok(cookie.map_or(Jar::Keep, Jar::Set));
            }
            Err(error) => error,
        };
        if thief {
            self.clients[client].thief = None;
            return Ok(Jar::Keep);
        }
        let known = self.auditor.sessions.get(&id).ok_or("a session that never began")?;
        let stored = now(self.server.store().inner.find_session(id)).map_err(|error| error.to_string())?;
        let policy = &self.options.sessions;
        let over = stored.as_ref().is_none_or(|session| !session.is_alive(policy, context.now));
        ensure(over, || format!("J2: {id} is alive, and its owner was refused: {error}"))?;
        let reuse = known.ended.as_deref() == Some("reuse");
        ensure(!reuse || known.stolen, || format!("J2: {id} was nobody's but its owner's: {error}"))?;
        Ok(Jar::Clear)
    }

    fn logged_in(
        &mut self,
        outcome: Result<SignedIn, LoginError>,
        client: usize,
        password: &str,
        (replaces, changes): (Option<&str>, u32),
    ) -> Result<Jar, String> {
        let records = self.audit_records(&["replaced", "too_many"])?;
        let person = &self.people[self.clients[client].person];
        let right = person.enabled && person.password == password;
        match outcome {
            Ok(signed_in) => {
                ensure(right, || "CC-3: a login with a password that is not right any more".to_owned())?;
                let cookie = signed_in.refresh.as_ref().map(|issued| issued.token.to_string());
                self.auditor.granted(&self.server, &signed_in, Some(0), (self.clock.now(), self.jump))?;
                if let Some(old) = replaces {
                    let old = self.presented(old).session_id;
                    let alive = now(self.server.store().inner.find_session(old))
                        .map_err(|error| error.to_string())?
                        .is_some_and(|session| session.is_alive(&self.options.sessions, self.clock.now()));
                    ensure(!alive, || format!("SE-1: {old} lives on beside the one that replaces it"))?;
                }
                let alive = self.alive(person.account)?;
                ensure(alive.len() <= 4, || format!("SE-8: {} sessions", alive.len()))?;
                Ok(cookie.map_or(Jar::Keep, Jar::Set))
            }
            Err(LoginError::InvalidCredentials) => {
                ensure(!right || changes != person.changes, || {
                    "a login with the right password was refused".to_owned()
                })?;
                let recorded = records.contains(&AuditKind::LoginFailed);
                ensure(recorded, || "LG-4: a failed login is not in the audit log".to_owned())?;
                Ok(Jar::Keep)
            }
            // Wrong passwords were tried before: whoever asks now has to wait, right or wrong.
            Err(LoginError::Throttled(_)) => Ok(Jar::Keep),
            Err(error) => Err(format!("a login failed: {error}")),
        }
    }

    fn logged_out(&mut self, token: &str, everywhere: bool) -> Verdict {
        let presented = self.presented(token);
        let before =
            self.auditor.sessions.get(&presented.session_id).is_some_and(|known| known.ended.is_none());
        self.audit_records(&["logout"])?;
        let known = self.auditor.sessions.get(&presented.session_id).ok_or("a session that never began")?;
        let stored = now(self.server.store().inner.find_session(presented.session_id))
            .map_err(|error| error.to_string())?;
        let gone =
            stored.as_ref().is_none_or(|stored| !stored.is_alive(&self.options.sessions, self.clock.now()));
        ensure(gone, || "SE-3: a logout was answered, and the session lives".to_owned())?;
        if everywhere
            && before
            && known.ended.is_some()
            && stored.is_some_and(|stored| {
                stored.generation <= presented.generation + 1 && known.ended.as_deref() == Some("logout")
            })
        {
            ensure(self.alive(known.account)?.is_empty(), || "SE-6: a session outlived it".to_owned())?;
        }
        Ok(())
    }

    fn password_changed(
        &mut self,
        outcome: &Result<(), PasswordChangeError>,
        client: usize,
        token: &str,
        new: &str,
    ) -> Verdict {
        let keep = self.presented(token).session_id;
        let alive = self.auditor.sessions.get(&keep).is_some_and(|known| known.ended.is_none());
        self.audit_records(&["password_changed"])?;
        if outcome.is_err() {
            return Ok(());
        }
        let person = self.clients[client].person;
        let person = &mut self.people[person];
        new.clone_into(&mut person.password);
        person.changes += 1;
        let account = person.account;
        let known = self.auditor.sessions.get(&keep).ok_or("a session that never began")?;
        let ended = alive && known.ended.is_some();
        ensure(!ended, || format!("PP-8: {keep} was ended by its own password change"))?;
        let others = self.alive(account)?.into_iter().filter(|id| *id != keep).count();
        ensure(others == 0, || format!("CC-3: {others} sessions outlived a password change"))
    }

    fn alive(&self, account: AccountId) -> Result<Vec<SessionId>, String> {
        let alive = now(self.server.store().inner.list_sessions(Some(account), self.clock.now(), 100));
        Ok(alive.map_err(|error| error.to_string())?.into_iter().map(|session| session.id).collect())
    }

    fn answered(&mut self, client: usize, tab: Option<usize>, attempt: u64, jar: Jar) {
        let client = &mut self.clients[client];
        if let Some(tab) = tab {
            if client.tabs[tab] != Some(attempt) {
                return; // given up: nobody listens any more
            }
            client.tabs[tab] = None;
        }
        match jar {
            Jar::Keep => {}
            Jar::Set(token) => client.jar = Some(token),
            Jar::Clear => client.jar = None,
        }
    }

    // --- the administrator, the thief, and fate ---

    fn disables(&mut self, person: usize) -> Verdict {
        let disable = self.people[person].enabled;
        let change = AccountChange { disabled: Some(disable), ..AccountChange::default() };
        self.change_account(person, change)?;
        let person = &mut self.people[person];
        (person.enabled, person.changes) = (!disable, person.changes + 1);
        let account = person.account;
        self.audit(&["account_disabled"])?;
        ensure(!disable || self.alive(account)?.is_empty(), || "SE-6: alive though disabled".to_owned())
    }

    fn changes_role(&mut self, person: usize) -> Verdict {
        let role = Role::parse(self.pick(&["user", "editor", "auditor"])).unwrap();
        self.change_account(person, AccountChange { role: Some(role), ..AccountChange::default() })?;
        self.audit(&[])
    }

    fn change_account(&self, person: usize, change: AccountChange) -> Verdict {
        let changed = now(self.server.change_account(self.people[person].account, change, &self.operator()));
        changed.map(drop).map_err(|error: ChangeAccountError| error.to_string())
    }

    fn upkeep(&mut self) -> Verdict {
        let at = self.clock.now();
        let all = async {
            self.server.follow_revocations(at).await.map_err(|error| error.to_string())?;
            self.server.maintain_keys(at).await.map_err(|error| error.to_string())?;
            self.server.guard().revocations().forget_expired(at.as_unix_seconds());
            self.server.sweep(at).await.map_err(|error| error.to_string())
        };
        now(all)?;
        self.audit(&[])
    }

    /// Another process ends a session; the server hears of it at its next turn.
    fn command_line_ends(&mut self, client: usize) -> Verdict {
        let Some(token) = self.clients[client].jar.clone() else { return Ok(()) };
        let id = self.presented(&token).session_id;
        let tool = open(&self.path, OpenMode::Tool, &self.options);
        let ended = now(tool.end_sessions(Which::One(id), EndReason::Ended, &self.operator()));
        ended.map_err(|error| error.to_string())?;
        now(self.server.follow_revocations(self.clock.now())).map_err(|error| error.to_string())?;
        self.audit(&["ended"])
    }

    fn steals(&mut self, client: usize) {
        let Some(token) = self.clients[client].jar.clone() else { return };
        let id = self.presented(&token).session_id;
        if let Some(known) = self.auditor.sessions.get_mut(&id) {
            known.stolen = true;
            self.clients[client].thief = Some(token);
        }
    }

    /// The process is killed: what is under way is gone, and what the files hold is all that is left.
    fn crashes(&mut self) -> Verdict {
        if !self.calm() {
            return Ok(());
        }
        self.last_fault = self.time + TIMEOUT;
        self.running.clear();
        let from = match self.bug {
            Some(Bug::LastWriteLost) => self.older.take().unwrap_or_else(|| self.path.clone()),
            _ => self.path.clone(),
        };
        self.path = self.image_of(&from);
        let store = Faulty::new(open(&self.path, OpenMode::Server, &self.options), self.bug);
        let (options, keys) = (self.options.clone(), self.keys.clone());
        let opened = Countersign::open(store, options, keys, self.clock.clone(), self.random.clone());
        self.server = Arc::new(now(opened).map_err(|error| error.to_string())?);
        self.audit_records(&[])?;
        self.auditor.check(&self.server, (self.clock.now(), self.jump), true)
    }

    /// What a killed process leaves behind: the database and its log as they are in this moment.
    fn image_of(&mut self, path: &Path) -> PathBuf {
        self.files += 1;
        let image = self.home.path().join(format!("{}.db", self.files));
        for suffix in ["", "-wal"] {
            let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            if name(path).exists() {
                fs::copy(name(path), name(&image)).unwrap();
            }
        }
        image
    }

    fn keep_older_image(&mut self) {
        if self.bug == Some(Bug::LastWriteLost) {
            let path = self.path.clone();
            self.older = Some(self.image_of(&path));
        }
    }

    /// Back by an hour at most, at any time; forward only while nobody waits, since a wait would become longer than any promise covers.
    fn clock_jumps(&mut self, by: i64) {
        let waits = !self.running.is_empty()
            || !self.calm()
            || self.events.values().any(|event| matches!(event, Event::Arrives(_) | Event::Answered { .. }))
            || self.clients.iter().any(|client| client.tabs.iter().any(Option::is_some));
        let jump = self.jump + by;
        if (by > 0 && waits) || !(-3_600_000..=0).contains(&jump) {
            return;
        }
        self.jump = jump;
        self.clock.set(Timestamp::from_unix_millis(START + self.time + self.jump));
        for known in self.auditor.sessions.values_mut() {
            known.clock_jumped = true;
        }
    }

    // --- the auditor ---

    /// Reads the audit log; sessions may have ended for these reasons only. Then checks every session.
    fn audit(&mut self, reasons: &[&str]) -> Verdict {
        self.audit_records(reasons)?;
        self.auditor.check(&self.server, (self.clock.now(), self.jump), false)
    }

    fn audit_records(&mut self, reasons: &[&str]) -> Result<Vec<AuditKind>, String> {
        let records = self.auditor.read_log(self.server.store(), self.time)?;
        for record in &records {
            if matches!(record.event.kind, AuditKind::SessionEnded | AuditKind::RefreshReuseDetected) {
                let reason = record.event.detail.as_deref().unwrap_or_default();
                ensure(reasons.contains(&reason), || format!("J10: a session ended by {reason}, unasked"))?;
            }
        }
        Ok(records.iter().map(|record| record.event.kind).collect())
    }
}

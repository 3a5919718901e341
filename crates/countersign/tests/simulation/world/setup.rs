//! How a life begins: two people, three clients, one to three nodes, an empty database.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::time::Duration;

use countersign::Countersign;
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::accounts::Registration;
use countersign::internal::model::account::{CreateAccountOutcome, CustomClaims, NewAccount, Role, Username};
use countersign::internal::model::context::Context;
use countersign::internal::model::proof::Proof;
use countersign::internal::model::second_factor::{SecondStep, ShownFactor, TotpSecret};
use countersign::internal::model::session::SessionPolicy;
use countersign::internal::model::session::refresh_token::{PresentedToken, RefreshToken, RefreshTokenCodec};
use countersign::internal::model::session::{NewSession, SignInNotices, StartSessionOutcome};
use countersign::internal::password::Argon2Cost;
use countersign::internal::password::PasswordHash;
use countersign::options::{Notice, Notices, Options, RegistrationMode};
use countersign::store::sqlite::SqliteStore;
use countersign::store::{AccountStore as _, AnyStore, SecondFactorStore as _, SessionStore as _};

use super::node::Follower;
use super::place::Place;
use super::second_step::Authenticator;
use super::{CALM, Client, Person, SKEW, Server, World};
use crate::auditor::Auditor;
use crate::executor::now;
use crate::faulty::{Bug, Faulty};
use crate::seeded_key::SeededKey;

const FIRST_PASSWORD: &str = "a correct horse, number 0";

/// The hash of everybody's first password; made once for all lives, since it takes most of the time of one.
fn first_hash(server: &Server, context: &Context) -> PasswordHash {
    static HASH: OnceLock<PasswordHash> = OnceLock::new();
    HASH.get_or_init(|| {
        let username = Username::parse("somebody").unwrap();
        let registration = Registration::new(username.clone());
        let store =
            Faulty::new(AnyStore::Sqlite(SqliteStore::in_memory(server.options().sessions).unwrap()), None);
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
    // A task that waits for another would never be woken: one runs at a time here.
    options.throttle.max_waiting = 0;
    options.email.enabled = true;
    options.email.sign_in = true;
    options.registration.mode = RegistrationMode::Open;
    // Those that the audit log tells of one by one: every mail is counted.
    options.email.notices = Notices::NONE.and(Notice::AddressUndo).and(Notice::PasswordResetDone);
    options.hashing.threads = NonZeroUsize::MIN;
    // The cheapest that is allowed.
    options.hashing.argon2 = Argon2Cost::new(7_168, 5, 1).unwrap();
    options
}

/// The options without the planted bug, which is in the store alone: the system refuses to open with it.
pub(super) fn accepted(options: &Options) -> Options {
    let mut accepted = options.clone();
    accepted.sessions.min_age = SessionPolicy::default().min_age;
    accepted
}

impl World {
    pub(super) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let is_shared = bug.is_some_and(Bug::is_of_one_node);
        let place = Place::new(is_shared);
        let nodes = match place {
            Place::File { .. } => 1,
            Place::Database(_) if is_shared => 3,
            Place::Database(_) => 1 + seed % 3,
        };
        let skew = if nodes > 1 { SKEW } else { 0 };
        let random = Random::insecure_seeded(seed ^ 0x5eed);
        let keys = MasterKeys::generate(&random);
        let mut world = Self {
            dice: Random::insecure_seeded(seed),
            bug,
            time: 0,
            jump: 0,
            place,
            options: options(bug),
            codec: RefreshTokenCodec::new(&keys),
            keys,
            random,
            nodes: Vec::new(),
            skew,
            follower: Follower::default(),
            events: BTreeMap::new(),
            running: BTreeMap::new(),
            ids: 0,
            people: Vec::new(),
            clients: Vec::new(),
            api_keys: Vec::new(),
            mails: Vec::new(),
            newcomers: Vec::new(),
            acting: None,
            auditor: Auditor::new(2 * skew),
            last_fault: -CALM,
            trace: Vec::new(),
            steps: 0,
        };
        for _ in 0..nodes {
            world.add_node();
        }
        // Bob has an authenticator in every other life, of those that each of two cores lives.
        let has_one = [(seed / 2).is_multiple_of(2), false];
        for (person, (name, has_one)) in ["bob", "eve"].into_iter().zip(has_one).enumerate() {
            world.register(name, has_one);
            world.has_address(person);
        }
        for (person, key) in [(0, None), (0, Some([7; 32])), (1, None)] {
            let key = key.as_ref().map(SeededKey::new);
            let jar = Some(world.begin_session(person, key.as_ref()));
            world.clients.push(Client { person, jar, key, ..Client::default() });
        }
        if world.people[0].authenticator.is_some() {
            let session = world.presented(world.clients[0].jar.as_ref().unwrap()).session_id;
            world.makes_recovery_codes(0, session);
        }
        world
    }

    /// A session that began before this life, without the price of a password hash; gives its cookie.
    fn begin_session(&mut self, person: usize, key: Option<&SeededKey>) -> String {
        let account_id = self.people[person].account;
        let second = self.step_of_before(account_id);
        let token = RefreshToken::first(SessionId::random(&self.random), &self.random);
        let PresentedToken { session_id: id, secret_hash, .. } = token.presented();
        let session = NewSession {
            id,
            account_id,
            proof: Proof::Password { version: 0 },
            secret_hash,
            replaces: None,
            new_password: None,
            takes_back: false,
            second,
            bound_key: key.map(SeededKey::bound_key),
            notices: SignInNotices::default(),
        };
        let begun = now(self.server(0).store().inner.start_session(session, &self.operator(0))).unwrap();
        assert!(matches!(begun, StartSessionOutcome::Started(..)));
        self.codec.encode(&token).to_string()
    }

    /// Codes of long ago, of an authenticator if there is one: no two sessions began with one.
    fn step_of_before(&self, account: AccountId) -> SecondStep {
        let held = now(self.server(0).store().inner.second_factors(account)).unwrap();
        let shown = held.factors.first().map_or(ShownFactor::Nothing, |factor| ShownFactor::Totp {
            factor: factor.id,
            step: factor.last_step + 1,
        });
        SecondStep { shown, ..SecondStep::default() }
    }

    fn register(&mut self, name: &str, has_authenticator: bool) {
        let id = AccountId::random(&self.random);
        let secret = has_authenticator.then(|| TotpSecret::random(&self.random));
        let (sealer, at) = (self.server(0).factor_sealer(), self.now(0));
        let factors = secret.iter().map(|secret| sealer.authenticator(id, (secret, "phone"), at).unwrap());
        let account = NewAccount {
            id,
            username: Username::parse(name).unwrap(),
            role: Role::default(),
            claims: CustomClaims::default(),
            password_hash: Some(first_hash(self.server(0), &self.operator(0))),
            disabled: false,
            password_change_required: false,
            locale: None,
            factors: factors.collect(),
        };
        let made = now(self.server(0).store().inner.create_account(account, &self.operator(0))).unwrap();
        assert!(matches!(made, CreateAccountOutcome::Created(_)));
        let password = FIRST_PASSWORD.to_owned();
        self.people.push(Person {
            account: id,
            name: name.to_owned(),
            password,
            enabled: true,
            required: false,
            changes: 0,
            wrong: Vec::new(),
            right_at: None,
            authenticator: secret.map(|secret| Authenticator { secret, recovery_codes: Vec::new() }),
        });
    }
}

//! Random schedules of the model, played on the real router, use cases and store (SQLite, or PostgreSQL with
//! `COUNTERSIGN_TEST_STORE=postgres`): each refresh and
//! log-out gets there what the model says it gets. So what is proved of the model is true of the product.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use countersign::http::{App, HttpOptions, PeerAddress, router};
use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{CustomClaims, NewAccount, Role, Username};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::second_factor::SecondStep;
use countersign::internal::model::session::refresh_token::{RefreshToken, RefreshTokenCodec};
use countersign::internal::model::session::{NewSession, SessionPolicy, SignInNotices};
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::store::{AccountStore as _, AnyStore, SessionStore as _};
use countersign::{Countersign, Options};
use rusqlite::Connection;
use stateright::Model as _;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::database;
use crate::rules::{Outcome, Server};
use crate::seeded_key::SeededKey;
use crate::world::{Action, Key, Message, State, World};

/// One tick of the model's clock, so that its bounds are within what the options allow.
const TICK: Duration = Duration::from_secs(3);

/// A server with one account and the model's times.
pub(crate) struct Scene {
    world: World,
    clock: Clock,
    random: Random,
    account: AccountId,
    codec: RefreshTokenCodec,
    countersign: Arc<Countersign<AnyStore>>,
    router: Router,
    /// How often what was answered.
    pub(crate) answers: RefCell<BTreeMap<&'static str, u32>>,
    /// What a failover does to the database goes past the server.
    beside: Beside,
}

/// The database, past the store.
enum Beside {
    Sqlite(Connection, #[expect(dead_code, reason = "deletes the file in the end")] TempDir),
    Postgres(String),
}

async fn open(policy: SessionPolicy) -> (AnyStore, Beside) {
    if database::is_wanted() {
        let name = database::new_database();
        let url = DatabaseUrl::parse(&database::url(&name)).unwrap();
        let store = PostgresStore::open(&url, policy, &Random::system()).await.unwrap();
        return (AnyStore::Postgres(store), Beside::Postgres(name));
    }
    let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = home.path().join("countersign.db");
    let store = SqliteStore::open(&path, OpenMode::Server, policy).unwrap();
    (AnyStore::Sqlite(store), Beside::Sqlite(Connection::open(path).unwrap(), home))
}

impl Beside {
    /// A session's generation, and when it was rotated.
    fn generation(&self, id: SessionId) -> (i64, i64) {
        match self {
            Self::Sqlite(db, _) => {
                let query = "SELECT generation, rotated_at FROM sessions WHERE id = ?1";
                db.query_row(query, [id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
            }
            Self::Postgres(name) => {
                let query = format!("SELECT generation, rotated_at FROM sessions WHERE id = '{id}'");
                let row = database::sql(name, &query);
                let (generation, rotated_at) = row.trim().split_once('|').unwrap();
                (generation.parse().unwrap(), rotated_at.parse().unwrap())
            }
        }
    }

    /// As it was when it had not ended.
    fn put_back(&self, id: SessionId, (generation, rotated_at): (i64, i64)) {
        match self {
            Self::Sqlite(db, _) => {
                let update = "UPDATE sessions SET generation = ?2, rotated_at = ?3, revoked_at = NULL, end_reason = NULL
                              WHERE id = ?1";
                let values = rusqlite::params![id.as_bytes(), generation, rotated_at];
                assert_eq!(db.execute(update, values).unwrap(), 1);
            }
            Self::Postgres(name) => {
                let update = format!(
                    "UPDATE sessions SET generation = {generation}, rotated_at = {rotated_at}, revoked_at = NULL,
                       end_reason = NULL WHERE id = '{id}'"
                );
                database::sql(name, &update);
            }
        }
    }
}

impl Scene {
    pub(crate) async fn new(world: World, seed: u64) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_millis(1_700_000_000_000));
        let random = Random::insecure_seeded(seed);
        let keys = MasterKeys::generate(&random);
        let ticks = |count: i8| TICK * u32::try_from(count).unwrap();
        let policy = SessionPolicy {
            min_age: ticks(world.times.min_age),
            // As in the model, where a delay of whole ticks is in time.
            grace: ticks(world.times.grace) + Duration::from_millis(1),
            idle_ttl: ticks(world.times.idle),
            absolute_ttl: ticks(world.times.absolute),
            ..SessionPolicy::default()
        };
        // The rules are the store's to keep; the system itself would refuse such short lives.
        let options = Options::new("https://auth.example.com", "api");
        let (store, beside) = open(policy).await;
        let codec = RefreshTokenCodec::new(&keys);
        let countersign = Countersign::open(store, options, keys, clock.clone(), random.clone());
        let countersign = Arc::new(countersign.await.unwrap());
        let router = router(App::new(Arc::clone(&countersign), HttpOptions::default()));
        let account = AccountId::random(&random);
        let ada = NewAccount {
            id: account,
            username: Username::parse("ada").unwrap(),
            role: Role::default(),
            claims: CustomClaims::default(),
            password_hash: None,
            disabled: false,
            password_change_required: false,
            locale: None,
            factors: Vec::new(),
        };
        let context = Context::local(Actor::CommandLine, clock.now());
        countersign.store().create_account(ada, &context).await.unwrap();
        Self {
            world,
            clock,
            random,
            account,
            codec,
            countersign,
            router,
            answers: RefCell::default(),
            beside,
        }
    }

    /// Plays one random schedule of the model to its end; gives the first difference, with what led to it.
    pub(crate) async fn differs(&self) -> Option<String> {
        let mut play = Play::begin(self).await;
        let mut state = self.world.init_states().remove(0);
        let (mut trace, mut after_the_end) = (Vec::new(), 0);
        while state.now < self.world.horizon
            && after_the_end < 20
            && let Some((action, next)) = self.choose(&state)
        {
            trace.push(format!("{action:?}"));
            if let Err(difference) = play.act(&state, &action).await {
                return Some(format!("{difference}, after {}", trace.join(", ")));
            }
            state = next;
            after_the_end += u32::from(matches!(state.decided, Server::Over(_)));
        }
        None
    }

    /// One of the things that may happen now; mostly time passes, if it may, and log-outs are seldom.
    fn choose(&self, state: &State) -> Option<(Action, State)> {
        let mut actions = Vec::new();
        self.world.actions(state, &mut actions);
        while !actions.is_empty() {
            let passes = actions.first() == Some(&Action::Tick) && self.dice(2) == 0;
            let action = actions.swap_remove(if passes { 0 } else { self.dice(actions.len()) });
            if matches!(action, Action::SendLogout(_)) && self.dice(20) > 0 {
                continue;
            }
            if let Some(next) = self.world.next_state(state, action.clone()) {
                return Some((action, next));
            }
        }
        None
    }

    fn dice(&self, sides: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.random.bytes()) % sides as u64).unwrap()
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(header::HeaderName, &str)]) -> Reply {
        let peer = PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let mut request = Request::builder().method(method).uri(path).extension(peer);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let set_cookie = response.headers().get(header::SET_COOKIE).map(|value| {
            let pair = value.to_str().unwrap().split(';').next().unwrap();
            pair.split_once('=').unwrap().1.to_owned()
        });
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Reply { status, set_cookie, body }
    }
}

struct Reply {
    status: StatusCode,
    set_cookie: Option<String>,
    body: serde_json::Value,
}

/// What every device of these scenes holds.
fn key() -> SeededKey {
    SeededKey::new(&[1; 32])
}

/// One session, from its beginning.
struct Play<'a> {
    scene: &'a Scene,
    id: SessionId,
    first: RefreshToken,
    /// The cookies of log-outs that are under way, by tab.
    logouts: BTreeMap<usize, u8>,
    /// The first, and the newest.
    access_tokens: [Option<String>; 2],
    backup: Option<(i64, i64)>,
}

impl<'a> Play<'a> {
    async fn begin(scene: &'a Scene) -> Self {
        let id = SessionId::random(&scene.random);
        let first = RefreshToken::first(id, &scene.random);
        let secret_hash = first.presented().secret_hash;
        let session = NewSession {
            id,
            account_id: scene.account,
            proof: Proof::Password { version: 0 },
            secret_hash,
            replaces: None,
            new_password: None,
            takes_back: false,
            second: SecondStep::default(),
            bound_key: (scene.world.key != Key::Unbound).then(|| key().bound_key()),
            notices: SignInNotices::default(),
        };
        let context = Context::local(Actor::CommandLine, scene.clock.now());
        scene.countersign.store().start_session(session, &context).await.unwrap();
        Self { scene, id, first, logouts: BTreeMap::new(), access_tokens: [None, None], backup: None }
    }

    async fn act(&mut self, state: &State, action: &Action) -> Result<(), String> {
        match action {
            Action::Tick => self.scene.clock.advance(TICK),
            Action::SendLogout(tab) => drop(self.logouts.insert(*tab, state.jar.unwrap())),
            Action::Deliver(index) => match &state.network[*index] {
                Message::Refresh { token, .. } => return self.refresh(state, *token, false).await,
                Message::Logout { tab, .. } => return self.log_out(*tab).await,
                Message::Granted { .. } | Message::LoggedOut { .. } => {}
            },
            Action::Thieve(token) => return self.refresh(state, *token, true).await,
            Action::BackUp => self.back_up(),
            Action::RollBack => return self.roll_back().await,
            Action::Send(_) | Action::Lose(_) | Action::Steal => {}
            Action::Commit | Action::Crash => unreachable!("committed at once here"),
        }
        Ok(())
    }

    async fn refresh(&mut self, state: &State, token: u8, by_thief: bool) -> Result<(), String> {
        let key_of = self.scene.world.key;
        let cookie = self.cookie(token);
        let mut headers = vec![(header::COOKIE, cookie.as_str())];
        let (jti, now) = (format!("{}", self.scene.dice(usize::MAX)), self.scene.clock.now());
        let proof = key().proof("https://auth.example.com/api/refresh", &jti, now.as_unix_seconds());
        if key_of == Key::BothHave || key_of == Key::OwnerHas && !by_thief {
            headers.push((header::HeaderName::from_static("dpop"), &proof));
        }
        let reply = self.scene.ask("POST", "/api/refresh", &headers).await;
        let code = reply.body["code"].as_str().unwrap_or_default();
        let got = (reply.status.as_u16(), code, reply.set_cookie.as_deref());
        let expected = self.scene.world.present(&state.decided, token, by_thief, state.now);
        let cookie;
        let (wanted, kind) = match &expected {
            Outcome::Granted { server, cookie: Some(generation) } => {
                cookie = self.token(*generation);
                let kind = if *server == state.decided { "the same again" } else { "rotated" };
                ((200, "", Some(cookie.as_str())), kind)
            }
            Outcome::Granted { server, cookie: None } => {
                ((200, "", None), if *server == state.decided { "fresh" } else { "healed" })
            }
            Outcome::Expired => ((401, "session_expired", Some("")), "expired"),
            Outcome::ProofRequired => ((401, "device_proof_required", None), "proof required"),
            Outcome::Refused { .. } if matches!(state.decided, Server::Over(_)) => {
                ((401, "session_revoked", Some("")), "over")
            }
            Outcome::Refused { .. } => ((401, "refresh_token_reused", Some("")), "reused"),
        };
        if got != wanted {
            return Err(format!("token {token} at {}: {got:?} instead of {expected:?}", state.now));
        }
        if let Some(token) = reply.body["accessToken"].as_str() {
            let [first, newest] = &mut self.access_tokens;
            first.get_or_insert_with(|| token.to_owned());
            *newest = Some(token.to_owned());
        }
        *self.scene.answers.borrow_mut().entry(kind).or_default() += 1;
        self.access_tokens_work(!matches!(kind, "over" | "reused"), state.now).await
    }

    async fn log_out(&mut self, tab: usize) -> Result<(), String> {
        let cookie = self.cookie(self.logouts[&tab]);
        let reply = self.scene.ask("POST", "/api/logout", &[(header::COOKIE, &cookie)]).await;
        if reply.status != StatusCode::NO_CONTENT {
            return Err(format!("a log-out got {}", reply.status));
        }
        Ok(())
    }

    /// The access tokens of the session work until it is over, and none does after (J1).
    async fn access_tokens_work(&self, work: bool, now: i8) -> Result<(), String> {
        for token in self.access_tokens.iter().flatten() {
            let bearer = format!("Bearer {token}");
            let reply = self.scene.ask("GET", "/api/profile", &[(header::AUTHORIZATION, &bearer)]).await;
            let expected = if work { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
            // The last tokens end with the session (J7), give or take the leeway.
            if reply.status != expected && (!work || now < self.scene.world.times.absolute) {
                return Err(format!("an access token got {} instead of {expected}", reply.status));
            }
        }
        Ok(())
    }

    fn back_up(&mut self) {
        self.backup = Some(self.scene.beside.generation(self.id));
    }

    async fn roll_back(&mut self) -> Result<(), String> {
        let Scene { beside, clock, countersign, world, .. } = self.scene;
        beside.put_back(self.id, self.backup.take().unwrap());
        if !self.is_restored() {
            return Ok(());
        }
        let context = Context::local(Actor::CommandLine, clock.now());
        countersign.end_all_sessions(&context).await.unwrap();
        // Sessions can begin again. For the one that was there, no time counts any more.
        clock.advance(Duration::from_secs(2));
        self.access_tokens_work(false, world.times.absolute).await
    }

    /// Of another model, the product does what the right one says.
    fn is_restored(&self) -> bool {
        self.scene.world.logout && self.scene.world.rollback.is_some()
    }

    fn token(&self, generation: u8) -> String {
        self.scene.codec.encode(&self.first.with_generation(generation.into())).to_string()
    }

    fn cookie(&self, generation: u8) -> String {
        format!("__Host-refreshToken={}", self.token(generation))
    }
}

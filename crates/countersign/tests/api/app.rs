//! The scene: a server with two people, and devices that sign in to it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use countersign::http::{App, HttpOptions, PeerAddress, router};
use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::accounts::Registration;
use countersign::internal::model::account::{Account, Role, Username};
use countersign::internal::model::audit::{AuditKind, AuditQuery, AuditRecord};
use countersign::internal::model::context::{Actor, Context};
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use countersign::store::sqlite::SqliteStore;
use countersign::store::{AnyStore, AuditStore as _};
use countersign::{Countersign, Options};
use serde_json::Value;
use tower::ServiceExt;

use crate::{database, described};

pub(crate) const START: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
pub(crate) const ISSUER: &str = "https://auth.example";
pub(crate) const FRONT_END: &str = "https://app.example";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct TestApp {
    pub(crate) clock: Clock,
    pub(crate) countersign: Arc<Countersign<AnyStore>>,
    router: Router,
}

/// Somebody's browser: an access token and a cookie jar of one cookie.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) access_token: String,
    pub(crate) cookie: String,
    pub(crate) user_id: String,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// An empty store: of SQLite, or of PostgreSQL with `COUNTERSIGN_TEST_STORE=postgres`.
async fn new_store(options: &Options) -> AnyStore {
    if database::is_wanted() {
        let url = DatabaseUrl::parse(&database::url(&database::new_database())).unwrap();
        return AnyStore::Postgres(
            PostgresStore::open(&url, options.sessions, &Random::system()).await.unwrap(),
        );
    }
    AnyStore::Sqlite(SqliteStore::in_memory(options.sessions).unwrap())
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    pub(crate) async fn with(
        options: impl FnOnce(&mut Options),
        http: impl FnOnce(&mut HttpOptions),
    ) -> Self {
        let clock = Clock::manual(START);
        let mut configured = Options::new(ISSUER, "api");
        options(&mut configured);
        let mut http_options =
            HttpOptions { allowed_origins: vec![FRONT_END.to_owned()], ..HttpOptions::default() };
        http(&mut http_options);
        let store = new_store(&configured).await;
        let app = Self::open(store, (configured, http_options), clock, 42).await;
        app.register("ada", Role::default()).await;
        app.register("root", Role::admin()).await;
        app
    }

    /// With nobody in it.
    pub(crate) async fn empty() -> Self {
        let options = Options::new(ISSUER, "api");
        let store = new_store(&options).await;
        Self::open(store, (options, HttpOptions::default()), Clock::manual(START), 42).await
    }

    /// So many nodes on one database, whose clocks agree.
    pub(crate) async fn nodes(count: u64) -> Vec<Self> {
        Self::nodes_with(count, |_, _| {}).await
    }

    /// The same, each with options of its own.
    pub(crate) async fn nodes_with(count: u64, change: impl Fn(u64, &mut Options)) -> Vec<Self> {
        let url = DatabaseUrl::parse(&database::url(&database::new_database())).unwrap();
        let (clock, mut nodes) = (Clock::manual(START), Vec::new());
        for n in 0..count {
            let mut options = Options::new(ISSUER, "api");
            change(n, &mut options);
            let store = AnyStore::Postgres(
                PostgresStore::open(&url, options.sessions, &Random::system()).await.unwrap(),
            );
            nodes.push(Self::open(store, (options, HttpOptions::default()), clock.clone(), n).await);
        }
        nodes[0].register("ada", Role::default()).await;
        nodes
    }

    /// With the same master keys, whatever the seed.
    pub(crate) async fn open(
        store: AnyStore,
        (options, http): (Options, HttpOptions),
        clock: Clock,
        seed: u64,
    ) -> Self {
        let (keys, random) = (Random::insecure_seeded(42), Random::insecure_seeded(1_000 + seed));
        let master_keys = MasterKeys::generate(&keys);
        let countersign =
            Box::pin(Countersign::open(store, options, master_keys, clock.clone(), random)).await.unwrap();
        let countersign = Arc::new(countersign);
        let router = router(App::new(Arc::clone(&countersign), http));
        Self { clock, countersign, router }
    }

    /// Serves this instead, as an application does that has more routes than ours.
    pub(crate) fn mount(&mut self, router: impl FnOnce(App<AnyStore>) -> Router) {
        let options = HttpOptions { allowed_origins: vec![FRONT_END.to_owned()], ..HttpOptions::default() };
        self.router = router(App::new(Arc::clone(&self.countersign), options));
    }

    pub(crate) async fn register(&self, name: &str, role: Role) -> Account {
        let registration = Registration { role, ..Registration::new(Username::parse(name).unwrap()) };
        self.countersign.create_account(registration, PASSWORD, &self.operator()).await.unwrap()
    }

    pub(crate) fn operator(&self) -> Context {
        Context::local(Actor::CommandLine, self.clock.now())
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path);
        Call { app: self, request, body: Body::empty(), json: None }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    pub(crate) async fn sign_in(&self, name: &str) -> Device {
        let reply = self.login(name, PASSWORD).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        Device::from(&reply)
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Reply {
        let body = serde_json::json!({ "username": name, "password": password });
        self.post("/api/login").json(&body).send().await
    }

    pub(crate) async fn refresh(&self, cookie: &str) -> Reply {
        self.post("/api/refresh").cookie(cookie).send().await
    }

    /// The status of the profile for this access token.
    pub(crate) async fn profile(&self, access_token: &str) -> u16 {
        self.get("/api/profile").bearer(access_token).send().await.status.as_u16()
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn audit(&self, kind: AuditKind) -> Vec<AuditRecord> {
        let query = AuditQuery { kind: Some(kind), limit: 1000, ..AuditQuery::default() };
        self.countersign.store().audit_log(query).await.unwrap().lines
    }
}

impl From<&Reply> for Device {
    fn from(reply: &Reply) -> Self {
        let body = reply.json();
        Self {
            access_token: body["accessToken"].as_str().unwrap().to_owned(),
            cookie: reply.cookie().unwrap(),
            user_id: body["user"]["userId"].as_str().unwrap().to_owned(),
        }
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text))
    }

    pub(crate) fn header(&self, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All that could tell this answer from another one to the same question: each has a name of its own.
    pub(crate) fn but_its_name(mut self) -> (StatusCode, HeaderMap, String) {
        assert!(self.headers.remove("x-request-id").is_some());
        (self.status, self.headers, self.text)
    }

    pub(crate) fn request_id(&self) -> &str {
        self.header("x-request-id").unwrap()
    }

    /// The refresh token that this reply puts into the jar, if any; an empty text when it removes it.
    pub(crate) fn cookie(&self) -> Option<String> {
        let set_cookie = self.header(header::SET_COOKIE)?;
        let (pair, _) = set_cookie.split_once(';').unwrap();
        let (_, value) = pair.split_once('=').unwrap();
        Some(value.to_owned())
    }

    pub(crate) fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["code"], code);
        assert!(body["error"].is_string() && body.as_object().unwrap().len() == 2, "{body}");
        assert_eq!(self.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(
            self.headers.contains_key(header::WWW_AUTHENTICATE),
            status == 401 || ["forbidden", "insufficient_scope", "token_too_large"].contains(&code)
        );
    }
}

/// A request in the making.
pub(crate) struct Call<'a> {
    app: &'a TestApp,
    request: axum::http::request::Builder,
    body: Body,
    json: Option<Value>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn form(self, body: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    pub(crate) fn cookie(self, token: &str) -> Self {
        self.header("cookie", &format!("__Host-refreshToken={token}"))
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.json = Some(body.clone());
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let peer = PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let request = self.request.extension(peer).body(self.body).unwrap();
        let (method, path) = (request.method().clone(), request.uri().to_string());
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let reply = Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        described::check(self.app, (&method, &path), self.json.as_ref(), &reply);
        reply
    }
}

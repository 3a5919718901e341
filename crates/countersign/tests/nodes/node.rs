//! A node, and people who sign in at it.

use std::sync::Arc;

use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::logout::Scope;
use countersign::internal::model::account::{NewAccount, Username};
use countersign::internal::model::context::{Actor, Context};
use countersign::store::AccountStore as _;
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use countersign::{AuthMethods, Countersign, Options, OutsideProof, SignedIn};

pub(crate) const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

pub(crate) type Node = Arc<Countersign<PostgresStore>>;

pub(crate) async fn open(url: &DatabaseUrl) -> Node {
    let options = Options::new("https://auth.example", "api");
    let store = PostgresStore::open(url, options.sessions, &Random::system()).await.unwrap();
    let master_keys = MasterKeys::generate(&Random::insecure_seeded(1));
    let opened = Countersign::open(store, options, master_keys, Clock::manual(T), Random::system());
    Arc::new(opened.await.unwrap())
}

pub(crate) fn context() -> Context {
    Context::local(Actor::Anonymous, T)
}

pub(crate) async fn account(node: &Node, name: &str) -> AccountId {
    let id = AccountId::random(&Random::system());
    let account = NewAccount::new(id, Username::parse(name).unwrap());
    node.store().create_account(account, &context()).await.unwrap();
    id
}

pub(crate) async fn sign_in(node: &Node, account: AccountId) -> SignedIn {
    let proof = OutsideProof::new("test", AuthMethods::NONE);
    let vouched = node.vouch_for(account, proof, &context()).await.unwrap();
    node.start_session(vouched, None, &context()).await.unwrap()
}

pub(crate) async fn log_out(node: &Node, signed_in: &SignedIn) {
    let token = &signed_in.refresh.as_ref().unwrap().token;
    assert_eq!(node.logout(token, Scope::This, &context()).await.unwrap(), 1);
    assert!(knows(node, signed_in.session_id), "here at once");
}

/// Whether a node refuses the access tokens of a session.
pub(crate) fn knows(node: &Node, session: SessionId) -> bool {
    node.guard().revocations().contains(&session.to_string())
}

/// Waits for something that will be so.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        tokio::task::yield_now().await;
    }
}

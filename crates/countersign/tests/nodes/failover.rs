//! A standby that was behind takes the primary's place: what was acknowledged in the meantime is not in it. One node that
//! remembers is enough.

use countersign::internal::base::id::SessionId;
use countersign::store::postgres::DatabaseUrl;
use countersign::store::{KeyStore as _, Upkeep as _};
use countersign::{RefreshError, SignedIn};

use crate::database::Server;
use crate::node::*;

struct Scene {
    server: Server,
    database: String,
    url: DatabaseUrl,
}

impl Scene {
    fn new() -> Self {
        let server = Server::start(&[], &[]);
        let database = server.new_database();
        let url = DatabaseUrl::parse(&server.url(&database)).unwrap();
        Self { server, database, url }
    }

    /// From now on the standby gets nothing.
    async fn cut_off_standby(&self, nodes: &[&Node]) {
        self.server.stop("fast");
        self.server.keep_files();
        assert!(self.server.start_again());
        for node in nodes {
            until(async || node.store().check(T).await.is_ok()).await;
            until(async || node.follow_revocations(T).await.is_ok()).await;
        }
    }

    fn fail_over(&self) {
        self.server.stop("immediate");
        self.server.put_files_back();
        assert!(self.server.start_again());
    }

    fn count(&self, what: &str) -> u32 {
        self.server.sql(&self.database, &format!("SELECT count(*) FROM {what}")).trim().parse().unwrap()
    }

    fn is_ended(&self, session: SessionId) -> bool {
        self.count(&format!("sessions WHERE id = '{session}' AND revoked_at IS NOT NULL")) == 1
    }
}

async fn refresh(node: &Node, signed_in: &SignedIn) -> Result<SignedIn, RefreshError> {
    node.refresh(&signed_in.refresh.as_ref().unwrap().token, &context()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_remembers_gives_back_what_a_failover_has_lost() {
    let scene = Scene::new();
    let (here, there) = (open(&scene.url).await, open(&scene.url).await);
    let ann = account(&here, "ann").await;
    let (phone, laptop) = (sign_in(&here, ann).await, sign_in(&here, ann).await);
    scene.cut_off_standby(&[&here, &there]).await;

    log_out(&here, &phone).await;
    let late = sign_in(&here, ann).await;
    log_out(&here, &late).await;
    let stolen = here.list_keys(T).remove(0).kid;
    let key = here.withdraw_key(&stolen, &context()).await.unwrap().remove(0).kid;
    there.follow_revocations(T).await.unwrap();
    there.maintain_keys(T).await.unwrap();
    let keys = there.store().signing_keys().await.unwrap();
    drop(here);
    scene.fail_over();
    assert!(!scene.is_ended(phone.session_id) && scene.count("revocations") == 0, "it is lost");
    assert_eq!(scene.count(&format!("signing_keys WHERE kid = '{stolen}'")), 1);

    // It looks after the keys before it follows the log: the missing key is no removed one.
    until(async || there.maintain_keys(T).await.is_ok()).await;
    let kids = |node: &Node| node.list_keys(T).into_iter().map(|held| held.kid).collect::<Vec<_>>();
    assert_eq!(kids(&there), [key.as_str()], "never without it, and never with the stolen one again (KM-3)");
    assert!(scene.is_ended(phone.session_id));
    assert_eq!(there.store().signing_keys().await.unwrap(), keys, "the same sealed bytes");
    let restored = || {
        ["revocation_restored", "key_restored"]
            .map(|kind| scene.count(&format!("audit_log WHERE kind = '{kind}'")))
    };
    assert_eq!((restored(), scene.count("revocations")), ([2, 1], 2));
    there.follow_revocations(T).await.unwrap();
    there.maintain_keys(T).await.unwrap();
    assert_eq!(restored(), [2, 1], "once");

    let new = open(&scene.url).await;
    for ended in [&phone, &late] {
        assert!(knows(&new, ended.session_id));
        assert!(refresh(&new, ended).await.is_err());
    }
    assert_eq!(kids(&new), [key.as_str()]);
    assert!(refresh(&new, &laptop).await.is_ok(), "nobody else is logged out");
}

/// Of nodes that all remember, each entry is written once; a node that does not hear of it from them hears of it from the
/// log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_remember_give_back_together() {
    let scene = Scene::new();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(open(&scene.url).await);
    }
    let ann = account(&nodes[0], "ann").await;
    let mut sessions = Vec::new();
    for _ in 0..8 {
        sessions.push(sign_in(&nodes[0], ann).await);
    }
    scene.cut_off_standby(&nodes.iter().collect::<Vec<_>>()).await;
    for (n, session) in sessions.iter().enumerate() {
        log_out(&nodes[n % 2], session).await;
    }
    nodes[0].follow_revocations(T).await.unwrap();
    nodes[1].follow_revocations(T).await.unwrap();
    scene.fail_over();
    let following = nodes.iter().map(|node| until(async || node.follow_revocations(T).await.is_ok()));
    futures_util::future::join_all(following).await;
    assert!(sessions.iter().all(|session| scene.is_ended(session.session_id)));
    assert_eq!(scene.count("audit_log WHERE kind = 'revocation_restored'"), 8);
    nodes[2].follow_revocations(T).await.unwrap();
    assert!(sessions.iter().all(|session| knows(&nodes[2], session.session_id)));
}

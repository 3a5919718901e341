//! Accounts whose password another system knows: their first sign-in asks it, and the next one does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::header;
use countersign::AccountChange;
use countersign::internal::base::id::AccountId;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{Account, NewAccount, Username};
use countersign::internal::model::audit::AuditKind;
use countersign::options::{Upstream, UpstreamAnswer};
use tokio::sync::{Barrier, Semaphore};

use crate::app::{PASSWORD, TestApp};

/// Shorter than a password that is chosen here may be: the policy is not for old ones.
const OLD: &str = "swordfish";

/// The old system: everybody has the password [`OLD`] there.
struct Old {
    asked: Mutex<Vec<String>>,
    is_down: AtomicBool,
    /// Everybody waits here, if there is one.
    barrier: Option<Barrier>,
    /// Everybody takes a permit here first.
    gate: Semaphore,
}

impl Old {
    fn new() -> Arc<Self> {
        Self::with(None, Semaphore::MAX_PERMITS)
    }

    fn with(barrier: Option<Barrier>, permits: usize) -> Arc<Self> {
        Arc::new(Self {
            asked: Mutex::default(),
            is_down: false.into(),
            barrier,
            gate: Semaphore::new(permits),
        })
    }

    fn upstream(self: &Arc<Self>) -> Upstream {
        let old = Arc::clone(self);
        Upstream::new(move |question| {
            let old = Arc::clone(&old);
            async move {
                let said = format!("{question:?}");
                assert!(!said.contains(question.username()) && !said.contains(question.password()), "{said}");
                old.asked.lock().unwrap().push(question.username().to_owned());
                old.gate.acquire().await?.forget();
                if let Some(barrier) = &old.barrier {
                    barrier.wait().await;
                }
                if old.is_down.load(Ordering::SeqCst) {
                    return Err("it is down".into());
                }
                let is_right = question.password() == OLD;
                Ok(if is_right { UpstreamAnswer::Right } else { UpstreamAnswer::Wrong })
            }
        })
    }

    async fn app(self: &Arc<Self>) -> TestApp {
        let upstream = self.upstream();
        TestApp::with(|options| options.upstream = Some(upstream), |_| {}).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn without_password(app: &TestApp, name: &str, disabled: bool) -> Account {
    let name = Username::parse(name).unwrap();
    let new = NewAccount { disabled, ..NewAccount::new(AccountId::random(&Random::system()), name) };
    app.countersign.create_account_with_hash(new, &app.operator()).await.unwrap()
}

async fn find(app: &TestApp, name: &str) -> Option<Account> {
    app.countersign.find_account_by_name(&Username::parse(name).unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_first_sign_in_takes_the_password_over_and_the_next_is_local() {
    let old = Old::new();
    let app = old.app().await;
    let bob = without_password(&app, "bob", false).await;
    for (name, role) in [("Zoë", "user"), ("BOB", "user")] {
        let first = app.login(name, OLD).await;
        assert_eq!((first.status.as_u16(), &first.json()["user"]["role"]), (200, &role.into()));
        old.is_down.store(true, Ordering::SeqCst);
        assert_eq!(app.login(name, OLD).await.status, 200, "the old system may be gone");
        app.login(name, PASSWORD).await.assert_error(401, "invalid_credentials");
        old.is_down.store(false, Ordering::SeqCst);
    }
    assert_eq!(old.asked(), ["Zoë", "bob"], "an account by its own name");
    let now = find(&app, "bob").await.unwrap();
    assert_eq!((now.id, bob.has_password, now.has_password), (bob.id, false, true));
    let taken = app.audit(AuditKind::PasswordTakenOver).await;
    let zoe = find(&app, "zoe\u{308}").await.unwrap();
    let ids: Vec<_> = taken.iter().map(|record| record.event.account_id).collect();
    assert_eq!(ids, [Some(zoe.id), Some(bob.id)]);
    assert!(taken.iter().all(|record| record.request_id.is_some()));
}

/// EN-1, TH-1, TH-3: what the old system says no to is one failed attempt like any other, and it hears of no more
/// attempts than are looked at.
#[tokio::test]
async fn a_wrong_password_is_a_failed_attempt_like_any_other() {
    let old = Old::new();
    let app = old.app().await;
    without_password(&app, "bob", false).await;
    for name in ["nobody", "bob"] {
        old.asked.lock().unwrap().clear();
        let first = app.login(name, "wrong").await;
        assert_eq!(first.but_its_name(), app.login("ada", "wrong").await.but_its_name());
        let mut statuses = Vec::new();
        for _ in 1..10 {
            statuses.push(app.login(name, "wrong").await.status.as_u16());
        }
        let looked_at = 1 + statuses.iter().filter(|status| **status == 401).count();
        assert!(statuses.ends_with(&[429, 429]) && looked_at == old.asked().len(), "{statuses:?}");
        assert_eq!(looked_at, 5);
        app.login(name, OLD).await.assert_error(429, "too_many_attempts");
    }
    assert!(find(&app, "nobody").await.is_none());
    let failed = app.audit(AuditKind::LoginFailed).await.len();
    assert_eq!(failed, 2 * 5 + 2);
}

#[tokio::test]
async fn an_outage_is_no_wrong_password_and_concerns_nobody_with_a_password_here() {
    let old = Old::new();
    let app = old.app().await;
    old.is_down.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        let refused = app.login("zoe", OLD).await;
        refused.assert_error(503, "unavailable");
        assert_eq!(refused.header(header::RETRY_AFTER), Some("5"));
        assert!(!refused.text.contains("down"), "HD-4");
    }
    assert_eq!(app.login("ada", PASSWORD).await.status, 200);
    app.login("ada", "wrong").await.assert_error(401, "invalid_credentials");
    assert_eq!(app.audit(AuditKind::LoginFailed).await.len(), 1);
    old.is_down.store(false, Ordering::SeqCst);
    assert_eq!(app.login("zoe", OLD).await.status, 200, "none of the twenty counts");
}

#[tokio::test]
async fn nobody_disabled_and_nobody_with_a_password_here_is_asked_about() {
    let old = Old::new();
    let app = old.app().await;
    without_password(&app, "bob", true).await;
    for name in ["ada", "bob", "Ｚoe", "no\u{7}name"] {
        app.login(name, OLD).await.assert_error(401, "invalid_credentials");
    }
    assert_eq!(old.asked(), <[String; 0]>::default());
}

#[tokio::test]
async fn a_name_that_looks_like_anothers_is_not_taken_over() {
    let old = Old::new();
    let app = old.app().await;
    app.register("coco", countersign::Role::default()).await;
    app.login("сосо", OLD).await.assert_error(401, "invalid_credentials");
    assert_eq!((old.asked().len(), app.audit(AuditKind::PasswordTakenOver).await.len()), (1, 0));
}

#[tokio::test]
async fn a_required_change_holds_for_a_password_that_is_taken_over() {
    let old = Old::new();
    let app = old.app().await;
    let bob = without_password(&app, "bob", false).await;
    let change = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
    app.countersign.change_account(bob.id, change, &app.operator()).await.unwrap();
    for _ in 0..2 {
        app.login("bob", OLD).await.assert_error(403, "password_change_required");
    }
    let body = serde_json::json!({ "username": "bob", "password": OLD, "newPassword": PASSWORD });
    assert_eq!(app.post("/api/login").json(&body).send().await.status, 200);
    assert_eq!((app.login("bob", PASSWORD).await.status.as_u16(), old.asked().len()), (200, 1));
}

/// CC-4: both have asked before either has been answered.
#[tokio::test]
async fn two_first_sign_ins_at_once_make_one_account() {
    let old = Old::with(Some(Barrier::new(2)), Semaphore::MAX_PERMITS);
    let app = old.app().await;
    let (one, two) = tokio::join!(app.login("zoe", OLD), app.login("Zoe", OLD));
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    assert_eq!(one.json()["user"]["userId"], two.json()["user"]["userId"]);
    assert_eq!(app.audit(AuditKind::PasswordTakenOver).await.len(), 1);
    assert_eq!(app.audit(AuditKind::AccountCreated).await.len(), 3, "with ada and root");
}

/// CC-3: what an administrator has done in the meantime counts, not what the old system says.
#[tokio::test]
async fn an_account_that_was_made_or_disabled_meanwhile_stays_as_it_is() {
    let old = Old::with(None, 0);
    let app = old.app().await;
    let bob = without_password(&app, "bob", false).await;
    let meanwhile = async {
        while old.asked().len() < 2 {
            tokio::task::yield_now().await;
        }
        app.register("zoe", countersign::Role::default()).await;
        let change = AccountChange { disabled: Some(true), ..AccountChange::default() };
        app.countersign.change_account(bob.id, change, &app.operator()).await.unwrap();
        old.gate.add_permits(2);
    };
    let (zoe, bob, ()) = tokio::join!(app.login("zoe", OLD), app.login("bob", OLD), meanwhile);
    zoe.assert_error(401, "invalid_credentials");
    bob.assert_error(401, "invalid_credentials");
    assert_eq!(app.login("zoe", PASSWORD).await.status, 200);
    assert_eq!(app.audit(AuditKind::PasswordTakenOver).await.len(), 0);
}

#[tokio::test]
async fn an_old_system_that_does_not_answer_is_given_up() {
    let old = Old::with(None, 0);
    let upstream = old.upstream().at_once(1).timeout(Duration::from_millis(100));
    let app = TestApp::with(|options| options.upstream = Some(upstream), |_| {}).await;
    app.login("zoe", OLD).await.assert_error(503, "unavailable");
    let (one, two) = tokio::join!(app.login("zoe", OLD), app.login("bob", OLD));
    let mut codes = [one.json()["code"].clone(), two.json()["code"].clone()];
    codes.sort_by_key(ToString::to_string);
    assert!(codes[1] == "unavailable" && codes[0] != "invalid_credentials", "{codes:?}");
}

/// An account that the first sign-in makes is new to the application too; one that was there is not.
#[tokio::test]
async fn the_application_is_told_of_accounts_that_are_made_by_a_sign_in() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (note, upstream) = (Arc::clone(&told), Old::new().upstream());
    let set = |options: &mut countersign::Options| {
        options.upstream = Some(upstream);
        options.hooks = countersign::options::Hooks::default().after_create(move |created| {
            note.lock().unwrap().push(created.account.username.as_str().to_owned());
            async { Ok(()) }
        });
    };
    let app = TestApp::with(set, |_| {}).await;
    without_password(&app, "bob", false).await;
    told.lock().unwrap().clear();
    for name in ["bob", "zoe", "zoe"] {
        assert_eq!(app.login(name, OLD).await.status, 200);
    }
    assert_eq!(*told.lock().unwrap(), ["zoe"]);
}

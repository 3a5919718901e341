//! What the outbox does with an application's own mailer (EM-8).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::internal::model::context::{Actor, Context};
use countersign::mail::{DeliveryFailure, Mailer, OutgoingMail};
use countersign::options::MailOptions;
use countersign::store::sqlite::SqliteStore;
use countersign::{
    Countersign, DeliveryState, EmailAddress, MailPurpose, MailRequest, MailTemplate, MasterKeys, Options,
    QueuedDelivery, Random, RetryError,
};
use tokio::sync::mpsc;

const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

/// A system with a mailer that says what the test wants, and tells of every mail.
struct World {
    system: Arc<Countersign<SqliteStore>>,
    clock: Clock,
    says: Arc<Mutex<Result<(), DeliveryFailure>>>,
    mails: mpsc::UnboundedReceiver<OutgoingMail>,
}

impl World {
    async fn open() -> Self {
        let (clock, random) = (Clock::manual(T), Random::system());
        let says = Arc::new(Mutex::new(Ok(())));
        let (tell, mails) = mpsc::unbounded_channel();
        let answer = Arc::clone(&says);
        let mailer = Mailer::new(move |mail| {
            tell.send(mail).unwrap();
            std::future::ready(answer.lock().unwrap().clone())
        });
        let mut options = Options::new("https://auth.example", "api");
        options.email.enabled = true;
        options.mail = Some(MailOptions::new(mailer, "Auth <no-reply@auth.example>"));
        let store = SqliteStore::in_memory(options.sessions).unwrap();
        let keys = MasterKeys::generate(&random);
        let system = Countersign::open(store, options, keys, clock.clone(), random).await.unwrap();
        let world = Self { system: Arc::new(system), clock, says, mails };
        let upkeep = Arc::clone(&world.system);
        tokio::spawn(async move { upkeep.run_upkeep().await });
        world
    }

    fn says(&self, result: Result<(), DeliveryFailure>) {
        *self.says.lock().unwrap() = result;
    }

    fn context(&self) -> Context {
        Context::local(Actor::System, self.clock.now())
    }

    async fn queue(&self, to: &str) -> countersign::DeliveryId {
        self.system.queue_test_mail(to, &self.context()).await.unwrap()
    }

    /// The one delivery, as soon as this holds.
    async fn until(&self, holds: impl Fn(&QueuedDelivery) -> bool) -> QueuedDelivery {
        loop {
            let found = self.system.list_deliveries(None, 9).await.unwrap();
            if let [one] = &found[..]
                && holds(one)
            {
                return one.clone();
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_mail_reaches_the_applications_own_mailer() {
    let mut world = World::open().await;
    let id = world.queue("bob@example.com").await;
    let mail = world.mails.recv().await.unwrap();
    assert_eq!((mail.id, mail.to.as_str()), (id, "bob@example.com"));
    assert_eq!((mail.from.as_str(), mail.reply_to), ("Auth <no-reply@auth.example>", None));
    assert!(mail.text.contains("https://auth.example"));
    let sent = world.until(|one| one.state == DeliveryState::Sent).await;
    assert_eq!((sent.attempts, sent.template, sent.ended_at), (1, Some(MailTemplate::Test), Some(T)));
    assert!(world.mails.try_recv().is_err(), "once");
    assert!(matches!(world.system.retry_delivery(id, &world.context()).await, Err(RetryError::NotFound)));
}

/// Nothing is sent before its time, and what was given up is tried again when an operator says so.
#[tokio::test]
async fn a_mail_is_tried_again_later_and_given_up_for_good() {
    let mut world = World::open().await;
    world.says(Err(DeliveryFailure::Transient("451 bob@example.com: later".to_owned())));
    let id = world.queue("bob@example.com").await;
    let first = world.mails.recv().await.unwrap();
    let waiting = world.until(|one| one.attempts == 1).await;
    assert_eq!(waiting.not_before, T.plus(Duration::from_secs(5)));
    assert_eq!(waiting.last_error.as_deref(), Some("451 the recipient: later"), "EM-10");
    world.says(Err(DeliveryFailure::Permanent("550".to_owned())));
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.mails.recv().await.unwrap().id, first.id, "one Message-ID");
    assert_eq!(world.until(|one| one.state == DeliveryState::Dead).await.attempts, 2);
    world.says(Ok(()));
    world.system.retry_delivery(id, &world.context()).await.unwrap();
    world.mails.recv().await.unwrap();
    assert_eq!(world.until(|one| one.state == DeliveryState::Sent).await.attempts, 1);
}

/// A server that is away is asked about one mail and not about all, and they are not worn out by it.
#[tokio::test]
async fn an_outage_costs_no_mail_an_attempt() {
    let mut world = World::open().await;
    world.says(Err(DeliveryFailure::Unavailable("connection refused".to_owned())));
    world.queue("bob@example.com").await;
    world.mails.recv().await.unwrap();
    let waiting = world.until(|one| one.last_error.is_some()).await;
    assert_eq!((waiting.attempts, waiting.state), (0, DeliveryState::Waiting));
    world.says(Ok(()));
    for _ in 0..3 {
        world.queue("eve@example.com").await;
    }
    world.clock.advance(Duration::from_secs(5));
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(world.mails.recv().await.unwrap().to);
    }
    order.sort_unstable();
    assert_eq!(order, ["bob@example.com", "eve@example.com", "eve@example.com", "eve@example.com"]);
}

/// After a day, or when the link in it has expired.
#[tokio::test]
async fn a_mail_that_is_of_no_use_any_more_is_not_sent() {
    let mut world = World::open().await;
    world.says(Err(DeliveryFailure::Transient("later".to_owned())));
    world.queue("bob@example.com").await;
    world.mails.recv().await.unwrap();
    world.until(|one| one.attempts == 1).await;
    world.says(Ok(()));
    world.clock.advance(Duration::from_hours(24));
    let dead = world.until(|one| one.state == DeliveryState::Dead).await;
    assert_eq!(dead.last_error.as_deref(), Some("it was of no use any more"));
    assert!(world.mails.try_recv().is_err());
}

/// EN-4: the mail of an address that nobody has is over as one that was sent, so that no list shows which addresses have accounts.
#[tokio::test]
async fn a_mail_for_nobody_looks_as_one_that_was_sent() {
    let mut world = World::open().await;
    let asked = MailRequest::new(MailPurpose::Reset, EmailAddress::parse("nobody@example.org").unwrap());
    world.system.request_mail(asked, &world.context()).await.unwrap();
    let over = world.until(|it| it.state != DeliveryState::Waiting).await;
    assert_eq!((over.state, over.last_error, over.attempts), (DeliveryState::Sent, None, 1));
    assert!(world.mails.try_recv().is_err(), "nothing was sent");
}

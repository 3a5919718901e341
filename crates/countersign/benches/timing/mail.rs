//! Asking for a mail (EN-4), over the router: for an address that somebody has, that somebody only claims, that nobody has; and
//! again within a minute, when nothing is written. A registration is compared with that of an address that is free.
//! To compare another purpose, add its rows to [`CLASSES`].

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use countersign::http::{App, HttpOptions, PeerAddress, router};
use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::internal::base::id::{AccountId, EmailId};
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{CustomClaims, EmailAddress, NewAccount, Role, Username};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::email::{AccountEmail, AddEmailOutcome, EmailClaim, NewEmail};
use countersign::internal::model::session::SessionPolicy;
use countersign::internal::model::ticket::{MailLimits, NewTicket, Ticket, TicketPurpose};
use countersign::options::RegistrationMode;
use countersign::store::sqlite::SqliteStore;
use countersign::store::{AccountStore as _, EmailStore as _, TicketStore as _};
use countersign::{Countersign, Options};
use tower::ServiceExt as _;

use crate::Error;
use crate::statistics::{Difference, How, median};

/// One row of the table: who is asked about, for what, and what that must not be told from.
struct Class {
    name: &'static str,
    purpose: &'static str,
    who: Who,
    /// The row that it is compared with.
    like: usize,
    leak: Option<Leak>,
}

/// Whose address it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// An account's that has verified it.
    Verified,
    /// An account's that claims it.
    Claimed,
    /// A disabled account's.
    Disabled,
    /// Nobody's.
    Nobody,
    /// That of another row of this round, which was asked about a moment ago.
    Again(usize),
}

/// What a careless server would do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leak {
    /// Nothing is written for an address that nobody has.
    NoTicket,
    /// A ticket for nobody goes without a mail.
    NoMail,
    /// Somebody's account is looked up once more.
    LookUp,
}

const fn row(name: &'static str, purpose: &'static str, who: Who, like: usize) -> Class {
    Class { name, purpose, who, like, leak: None }
}

const CLASSES: [Class; 22] = [
    row("reset", "reset", Who::Verified, 0),
    row("reset, nobody's", "reset", Who::Nobody, 0),
    row("reset, claimed", "reset", Who::Claimed, 0),
    row("reset, disabled", "reset", Who::Disabled, 0),
    row("verify", "verify", Who::Claimed, 4),
    row("verify, nobody's", "verify", Who::Nobody, 4),
    row("verify, verified", "verify", Who::Verified, 4),
    Class { name: "LEAK: no ticket", leak: Some(Leak::NoTicket), ..row("", "reset", Who::Nobody, 0) },
    Class { name: "LEAK: no mail", leak: Some(Leak::NoMail), ..row("", "reset", Who::Nobody, 0) },
    Class { name: "LEAK: look-up", leak: Some(Leak::LookUp), ..row("", "reset", Who::Verified, 0) },
    row("again", "reset", Who::Again(0), 10),
    row("again, nobody's", "reset", Who::Again(1), 10),
    row("again, claimed", "reset", Who::Again(2), 10),
    Class { name: "LEAK: look-up, too", leak: Some(Leak::LookUp), ..row("", "reset", Who::Again(0), 10) },
    row("register", "register", Who::Nobody, 14),
    row("register, verified", "register", Who::Verified, 14),
    row("register, claimed", "register", Who::Claimed, 14),
    row("register, disabled", "register", Who::Disabled, 14),
    row("sign-in", "sign_in", Who::Verified, 18),
    row("sign-in, nobody's", "sign_in", Who::Nobody, 18),
    row("sign-in, claimed", "sign_in", Who::Claimed, 18),
    row("sign-in, disabled", "sign_in", Who::Disabled, 18),
];

/// Addresses in each row; each is asked about in turn, and a day passes between two mails to one.
const ADDRESSES: usize = 20;
/// Where a ticket and a mail are written. Nobody gets more than five such answers an hour about one address (EM-6).
const TOLERATED: f64 = 10e-6;
/// Where nothing is: there is no limit to how often somebody can ask again.
const TOLERATED_AGAIN: f64 = 3e-6;

type Times = [Vec<f64>; CLASSES.len()];

impl Class {
    const fn is_again(&self) -> bool {
        matches!(self.who, Who::Again(_))
    }

    /// All are of one length: reading and writing an address takes time too.
    fn address(&self, number: usize) -> String {
        let row = match self.who {
            Who::Again(row) => row,
            _ => CLASSES.iter().position(|class| class.name == self.name).unwrap_or_default(),
        };
        format!("somebody{row:02}-{number:02}@example.org")
    }
}

pub(crate) async fn measure_all(how: How, clock: &Clock) -> Result<(), Error> {
    let servers_clock = Clock::manual(clock.now());
    let scene = Scene::new(&servers_clock).await?;
    let mut told = [0; CLASSES.len()];
    for run in 1..=how.runs {
        let times = scene.measure([clock, &servers_clock], how.samples).await?;
        println!("mails, run {run}: {} rounds", how.samples);
        report(run, &times, &mut told);
    }
    CLASSES.iter().zip(told).try_for_each(|(class, told)| how.judge(class.name, class.leak.is_some(), told))
}

fn report(run: usize, times: &Times, told: &mut [usize; CLASSES.len()]) {
    for ((class, took), told) in CLASSES.iter().zip(times).zip(told) {
        let tolerated = if class.is_again() { TOLERATED_AGAIN } else { TOLERATED };
        let Some(like) = times.get(class.like) else { continue };
        if std::ptr::eq(took, like) {
            println!("  {:18} takes {:.3} ms", class.name, median(took) * 1e3);
            continue;
        }
        let difference = Difference::of(took, like, run);
        *told += usize::from(difference.tells(tolerated));
        println!("  {:18} {}", class.name, difference.in_words(tolerated, (1e-6, "µs")));
    }
}

struct Scene {
    countersign: Arc<Countersign<SqliteStore>>,
    router: Router,
    random: Random,
}

impl Scene {
    async fn new(clock: &Clock) -> Result<Self, Error> {
        let mut options = Options::new("https://auth.example", "api");
        options.hashing.threads = std::num::NonZeroUsize::MIN;
        options.hashing.memory_budget_bytes = 128 << 20;
        (options.email.enabled, options.email.sign_in) = (true, true);
        options.registration.mode = RegistrationMode::Open;
        options.email.limits = limits();
        // One network asks for everything, and shows no work: what is demanded does not depend on the address.
        (options.email.work.per_network, options.email.work.overall) = (0, 0);
        let (store, random) = (SqliteStore::in_memory(SessionPolicy::default())?, Random::system());
        for number in 0..ADDRESSES {
            for class in &CLASSES {
                add(&store, class, number, &random, clock.now()).await?;
            }
        }
        let keys = MasterKeys::generate(&random);
        let countersign = Countersign::open(store, options, keys, clock.clone(), random.clone()).await?;
        let countersign = Arc::new(countersign);
        let router = router(App::new(Arc::clone(&countersign), HttpOptions::default()));
        Ok(Self { countersign, router, random })
    }

    async fn measure(&self, [clock, servers_clock]: [&Clock; 2], samples: usize) -> Result<Times, Error> {
        let mut times: Times = [const { Vec::new() }; CLASSES.len()];
        for sample in 0..samples {
            let number = sample % ADDRESSES;
            if number == 0 {
                servers_clock.advance(Duration::from_hours(25)); // no mail counts any more, and no ticket is alive
                self.countersign.sweep(servers_clock.now()).await?;
            }
            for again in [false, true] {
                let rows = (0..CLASSES.len())
                    .filter(|row| CLASSES.get(*row).is_some_and(|it| it.is_again() == again));
                let mut rows: Vec<_> = rows.map(|row| (self.random.bytes::<8>(), row)).collect();
                // In another order each time: what comes after a control that does little is slower.
                rows.sort_unstable();
                for (_, row) in rows {
                    let class = CLASSES.get(row).ok_or("every row is one of the table")?;
                    let start = clock.monotonic();
                    self.ask(class, number, servers_clock.now()).await?;
                    let took = (clock.monotonic() - start).as_secs_f64();
                    times.get_mut(row).ok_or("every class has its times")?.push(took);
                }
            }
        }
        Ok(times)
    }

    /// As a client asks, or in the way of a careless server.
    async fn ask(&self, class: &Class, number: usize, now: Timestamp) -> Result<(), Error> {
        let address = class.address(number);
        let store = self.countersign.store();
        match class.leak {
            Some(Leak::NoTicket) => {
                store.account_of_address(&EmailAddress::parse(&address)?, EmailClaim::Verified).await?;
                return Ok(());
            }
            Some(Leak::NoMail) => {
                let address = EmailAddress::parse(&address)?;
                store.account_of_address(&address, EmailClaim::Verified).await?;
                let context = Context::local(Actor::Anonymous, now);
                store.start_ticket(self.nobodys(address, now), limits(), &context).await?;
                return Ok(());
            }
            Some(Leak::LookUp) => {
                store.account_of_address(&EmailAddress::parse(&address)?, EmailClaim::Verified).await?;
            }
            None => {}
        }
        let body = format!(r#"{{"purpose":"{}","address":"{address}"}}"#, class.purpose);
        let request = Request::post("/api/email/start")
            .header(header::CONTENT_TYPE, "application/json")
            .extension(PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)))
            .body(Body::from(body))?;
        let response = self.router.clone().oneshot(request).await?;
        match response.status() {
            StatusCode::ACCEPTED => Ok(()),
            other => Err(format!("{}: {other}", class.name).into()),
        }
    }

    fn nobodys(&self, address: EmailAddress, now: Timestamp) -> NewTicket {
        let purpose = TicketPurpose::Reset;
        let ticket = Ticket {
            id: countersign::internal::base::id::TicketId::random(&self.random),
            purpose,
            account_id: None,
            address,
            password_version: None,
            code_hash: Some(self.random.bytes()),
            browser_hash: Some(self.random.bytes()),
            tries_left: 5,
            payload: None,
            source: None,
            created_at: now,
            expires_at: now.plus(purpose.lifetime()),
            consumed_at: None,
            approved_at: None,
        };
        NewTicket { ticket, secret_hash: self.random.bytes(), mail: None }
    }
}

/// One network asks for all of them.
fn limits() -> MailLimits {
    let mut limits = MailLimits::default();
    limits.per_source = 100_000;
    limits
}

/// Whoever a row is about has an account of their own.
async fn add(
    store: &SqliteStore,
    class: &Class,
    number: usize,
    random: &Random,
    now: Timestamp,
) -> Result<(), Error> {
    if matches!(class.who, Who::Nobody | Who::Again(_)) {
        return Ok(());
    }
    let address = class.address(number);
    let account = NewAccount {
        id: AccountId::random(random),
        username: Username::parse(address.split('@').next().unwrap_or_default())?,
        role: Role::default(),
        claims: CustomClaims::default(),
        password_hash: None,
        disabled: class.who == Who::Disabled,
        password_change_required: false,
        locale: None,
        factors: Vec::new(),
    };
    let context = Context::local(Actor::CommandLine, now);
    let account_id = account.id;
    store.create_account(account, &context).await?;
    let is_verified = class.who != Who::Claimed;
    let email = AccountEmail {
        id: EmailId::random(random),
        account_id,
        address: EmailAddress::parse(&address)?,
        verified_at: is_verified.then_some(now),
        is_primary: is_verified,
        created_at: now,
    };
    match store.add_email(NewEmail { email, checked: None }, &context).await? {
        AddEmailOutcome::There(email) if email.verified_at.is_some() == is_verified => Ok(()),
        other => Err(format!("{}: {other:?}", class.name).into()),
    }
}

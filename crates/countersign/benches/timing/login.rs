//! Failed logins: a wrong password, an unknown name, a disabled account, one without a password; for accounts with our own
//! hashes, and then for accounts with those of other systems (EN-2). The same for attempts that are refused because there were
//! too many, on names that somebody has and that nobody has (TH-8).

use std::time::Duration;

use countersign::internal::base::clock::{Clock, Timestamp};
use countersign::internal::base::id::AccountId;
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::base::requester::{AccountKey, Requester};
use countersign::internal::flows::attempt::CheckError;
use countersign::internal::flows::login::LoginError;
use countersign::internal::hashing::PasswordHasher;
use countersign::internal::model::account::{CustomClaims, NewAccount, Role, Username};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::session::SessionPolicy;
use countersign::internal::password::{Password, PasswordHash};
use countersign::store::AccountStore as _;
use countersign::store::sqlite::SqliteStore;
use countersign::{Countersign, Options};

use crate::Error;
use crate::statistics::{Difference, How, median};

/// What the accounts of a scene have: our own hash, or one of another system; and how many samples fewer are enough where it
/// takes longer. The first three are for the short look.
const SCENES: [(&str, Option<&str>, usize); 6] = [
    ("argon2id", None, 1),
    ("bcrypt", Some("$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm"), 4),
    ("PBKDF2 of passlib", Some("$pbkdf2-sha256$29000$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA"), 1),
    ("PBKDF2 of Django", Some("pbkdf2_sha256$260000$somesalt$c29tZXNhbHRzb21lc2FsdHNvbWVzYWx0c29tZXM="), 4),
    ("scrypt of better-auth", Some("{nfkc}$scrypt$ln=14,r=16,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA"), 8),
    ("argon2i of 4 MiB", Some("{typed}$argon2i$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA"), 1),
];
/// Names in each class; each is guessed at in turn, and a day passes between two guesses at one name.
const NAMES: usize = 20;
/// Of the hash time.
const TOLERATED: f64 = 0.01;
/// Where nothing is hashed.
const TOLERATED_SECONDS: f64 = 3e-6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Wrong,
    Unknown,
    Disabled,
    WithoutPassword,
    LeakNoHash,
    LeakAThirtieth,
    ThrottledKnown,
    ThrottledUnknown,
    LeakLookUp,
}

type Times = [Vec<f64>; Class::ALL.len()];

impl Class {
    /// Each is compared with the first of its kind.
    const HASHED: [Self; 6] = [
        Self::Wrong,
        Self::Unknown,
        Self::Disabled,
        Self::WithoutPassword,
        Self::LeakNoHash,
        Self::LeakAThirtieth,
    ];
    /// In the same round, after those: attempts on names that one of those has just failed on.
    const THROTTLED: [Self; 3] = [Self::ThrottledKnown, Self::ThrottledUnknown, Self::LeakLookUp];
    const ALL: [Self; 9] = {
        let ([a, b, c, d, e, f], [g, h, i]) = (Self::HASHED, Self::THROTTLED);
        [a, b, c, d, e, f, g, h, i]
    };

    const fn is_control(self) -> bool {
        matches!(self, Self::LeakNoHash | Self::LeakAThirtieth | Self::LeakLookUp)
    }

    const fn is_throttled(self) -> bool {
        matches!(self, Self::ThrottledKnown | Self::ThrottledUnknown | Self::LeakLookUp)
    }

    fn name(self, number: usize) -> String {
        // Those that are refused without a hash are of one length: reading a name takes time too.
        let kind = match self {
            Self::Wrong | Self::ThrottledKnown | Self::LeakLookUp => "known",
            Self::Unknown | Self::ThrottledUnknown | Self::LeakNoHash => "noone",
            Self::Disabled => "disabled",
            Self::WithoutPassword => "without",
            Self::LeakAThirtieth => "slower",
        };
        format!("{kind}{number}")
    }

    /// Of all times, those of this class.
    fn of(self, times: &Times) -> &[f64] {
        times.get(self as usize).map_or(&[], Vec::as_slice)
    }
}

/// For accounts with each kind of hash, of which the short look takes the first three.
pub(crate) async fn measure_all(how: How, clock: &Clock) -> Result<(), Error> {
    for (kind, hash, share) in SCENES.into_iter().take(if how.smoke { 3 } else { SCENES.len() }) {
        // Waits are to be over without waiting: the server has a clock of its own.
        let servers_clock = Clock::manual(clock.now());
        let countersign = scene(&servers_clock, hash).await?;
        let mut told = [0; Class::ALL.len()];
        for run in 1..=how.runs {
            let samples = how.samples.div_ceil(share);
            let times = measure(&countersign, [clock, &servers_clock], samples).await?;
            println!("{kind}, run {run}: {samples} rounds");
            report(run, &times, &mut told);
        }
        verdict(how, told)?;
    }
    Ok(())
}

fn report(run: usize, times: &Times, told: &mut [usize; Class::ALL.len()]) {
    let hash = median(Class::Wrong.of(times));
    for (class, told) in Class::ALL.into_iter().zip(told) {
        let (like, tolerated, unit, name) = if class.is_throttled() {
            (Class::ThrottledKnown, TOLERATED_SECONDS, 1e-6, "µs")
        } else {
            (Class::Wrong, hash * TOLERATED, hash / 100.0, "%")
        };
        let (took, like_took) = (class.of(times), like.of(times));
        if class == like {
            println!("  {class:16?} takes {:.3} ms", median(took) * 1e3);
            continue;
        }
        let difference = Difference::of(took, like_took, run);
        *told += usize::from(difference.tells(tolerated));
        println!("  {class:16?} {}", difference.in_words(tolerated, (unit, name)));
    }
}

fn verdict(how: How, told: [usize; Class::ALL.len()]) -> Result<(), Error> {
    for (class, told) in Class::ALL.into_iter().zip(told) {
        let is_too_fine = how.smoke && class == Class::LeakAThirtieth;
        if !is_too_fine || told > 0 {
            how.judge(&format!("{class:?}"), class.is_control(), told)?;
        }
    }
    Ok(())
}

async fn measure(
    countersign: &Countersign<SqliteStore>,
    [clock, servers_clock]: [&Clock; 2],
    samples: usize,
) -> Result<Times, Error> {
    let mut times: Times = [const { Vec::new() }; Class::ALL.len()];
    for sample in 0..samples {
        let number = sample % NAMES;
        if number == 0 {
            servers_clock.advance(Duration::from_hours(25)); // every wait is over, even after a stop
        }
        let now = servers_clock.now();
        for classes in [Class::HASHED.as_slice(), Class::THROTTLED.as_slice()] {
            // After a hash the caches are cold; without one, that would be most of the time of whoever comes first.
            for class in classes.iter().filter(|class| class.is_throttled()) {
                attempt(countersign, clock, (*class, number), now).await?;
            }
            // Each round begins with another class, so that none always comes after the same one.
            for class in classes.iter().cycle().skip(sample % classes.len()).take(classes.len()) {
                let took = attempt(countersign, clock, (*class, number), now).await?;
                times.get_mut(*class as usize).ok_or("every class has its times")?.push(took);
            }
        }
    }
    Ok(times)
}

async fn attempt(
    countersign: &Countersign<SqliteStore>,
    clock: &Clock,
    (class, number): (Class, usize),
    now: Timestamp,
) -> Result<f64, Error> {
    let context = Context::local(Actor::Anonymous, now);
    let name = class.name(number);
    let start = clock.monotonic();
    if matches!(class, Class::LeakNoHash | Class::LeakLookUp) {
        countersign.find_account_by_name(&Username::parse(&name)?).await?;
    }
    if class != Class::LeakNoHash {
        match countersign.authenticate(&name, "a wrong password", &context).await {
            Err(LoginError::InvalidCredentials) if !class.is_throttled() => {}
            Err(LoginError::Check(CheckError::Throttled(_))) if class.is_throttled() => {}
            other => return Err(format!("{class:?}: {other:?}").into()),
        }
    }
    if class == Class::LeakAThirtieth {
        let end = clock.monotonic() + (clock.monotonic() - start) / 30;
        while clock.monotonic() < end {
            std::hint::spin_loop();
        }
    }
    Ok((clock.monotonic() - start).as_secs_f64())
}

/// Accounts with our own hash, or with this one.
async fn scene(clock: &Clock, hash: Option<&str>) -> Result<Countersign<SqliteStore>, Error> {
    let mut options = Options::new("https://auth.example", "api");
    options.hashing.threads = std::num::NonZeroUsize::MIN;
    options.hashing.memory_budget_bytes = 128 << 20;
    // One failure, and a name has to wait: no name is tried twice in a day, but to be refused.
    options.throttle.delay_from = 1;
    let store = SqliteStore::in_memory(SessionPolicy::default())?;
    let random = Random::system();
    let keys = MasterKeys::generate(&random);
    let hash = if let Some(hash) = hash {
        hash.to_owned()
    } else {
        let hasher = PasswordHasher::new(&options.hashing, clock.clone(), random.clone())?;
        let account = AccountKey::from_bytes([0; 16]);
        let requester = Requester { client: None, account, known_device: false };
        hasher.hash(Password::new("correct horse battery staple")?, requester).await?.as_str().to_owned()
    };
    let operator = Context::local(Actor::CommandLine, clock.now());
    for number in 0..NAMES {
        for class in [Class::Wrong, Class::LeakAThirtieth, Class::Disabled, Class::WithoutPassword] {
            let has_password = class != Class::WithoutPassword;
            let account = NewAccount {
                id: AccountId::random(&random),
                username: Username::parse(&class.name(number))?,
                role: Role::default(),
                claims: CustomClaims::default(),
                password_hash: has_password.then(|| PasswordHash::from_stored(hash.clone())),
                disabled: class == Class::Disabled,
                password_change_required: false,
                locale: None,
                factors: Vec::new(),
            };
            store.create_account(account, &operator).await?;
        }
    }
    // Opened after the accounts were made: it learns then what a hash costs here.
    Ok(Countersign::open(store, options, keys, clock.clone(), random).await?)
}

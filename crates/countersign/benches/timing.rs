//! Does time tell who has an account (EN-2, TH-8)? `cargo bench -p countersign --bench timing -- [--samples 1000] [--runs 3]`.
//!
//! Interleaves failed logins: a wrong password, an unknown name, a disabled account, one without a password; for accounts with
//! our own hashes, and then for accounts with those of other systems. Each time is compared with that of a wrong password in the
//! same round, so that whatever slows the machine for a while slows both; the median of these differences is given with a 99 %
//! bootstrap interval. A class tells if its interval lies beyond 1 % of the hash time; it may do so in one run of three. The same
//! for attempts that are refused because there were too many, on names that somebody has and that nobody has: there it is three
//! microseconds.
//!
//! Deliberately leaky controls must be caught in every run: no hash for unknown names, a thirtieth too much time for known
//! ones, and a look at the store before an attempt is refused. Needs an otherwise idle machine.
//!
//! `-- --smoke` is for `scripts/test`: three runs of a hundred with three kinds of hashes, where the control of a thirtieth may
//! slip through.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::unchecked_time_subtraction, reason = "a monotonic clock does not go back")]

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

const DEFAULT_SAMPLES: usize = 1_000;
const DEFAULT_RUNS: usize = 3;
const RESAMPLES: usize = 2_000;
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

type Error = Box<dyn std::error::Error + Send + Sync>;

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let samples = asked_for("--samples").unwrap_or(if smoke { 100 } else { DEFAULT_SAMPLES });
    let runs = asked_for("--runs").unwrap_or(DEFAULT_RUNS);
    let clock = Clock::system();
    for (kind, hash, share) in SCENES.into_iter().take(if smoke { 3 } else { SCENES.len() }) {
        // Waits are to be over without waiting: the server has a clock of its own.
        let servers_clock = Clock::manual(clock.now());
        let countersign = scene(&servers_clock, hash).await?;
        let mut told = [0; Class::ALL.len()];
        for run in 1..=runs {
            let times = measure(&countersign, [&clock, &servers_clock], samples.div_ceil(share)).await?;
            println!("{kind}, run {run}: {} rounds", samples.div_ceil(share));
            report(run, &times, &mut told);
        }
        verdict(runs, told, smoke)?;
    }
    println!("time tells nothing, and what leaks on purpose was caught");
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
        let differences: Vec<f64> = took.iter().zip(like_took).map(|(took, like)| took - like).collect();
        let (low, high) = interval(&differences, &Random::insecure_seeded(run as u64));
        // What passes has nothing in its interval that proves a greater difference than is tolerated.
        let tells = low > tolerated || high < -tolerated;
        *told += usize::from(tells);
        let verdict = if tells { "tells" } else { "tells nothing" };
        let [gap, low, high] = [median(&differences), low, high].map(|seconds| seconds / unit);
        println!("  {class:16?} {gap:+8.2} {name} ({low:+8.2} .. {high:+8.2})  {verdict}");
    }
}

fn verdict(runs: usize, told: [usize; Class::ALL.len()], smoke: bool) -> Result<(), Error> {
    for (class, told) in Class::ALL.into_iter().zip(told) {
        let is_too_fine = smoke && class == Class::LeakAThirtieth;
        if class.is_control() && told < runs && !is_too_fine {
            return Err(format!("the control {class:?} was caught in {told} of {runs} runs only").into());
        }
        if !class.is_control() && told > runs / 3 {
            return Err(format!("{class:?} can be told from a wrong password").into());
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
            };
            store.create_account(account, &operator).await?;
        }
    }
    // Opened after the accounts were made: it learns then what a hash costs here.
    Ok(Countersign::open(store, options, keys, clock.clone(), random).await?)
}

/// The 99 % bootstrap interval of the median.
fn interval(differences: &[f64], random: &Random) -> (f64, f64) {
    let mut medians: Vec<f64> = (0..RESAMPLES).map(|_| median(&resampled(differences, random))).collect();
    medians.sort_by(f64::total_cmp);
    let at = |per_mille: usize| medians.get(RESAMPLES * per_mille / 1000).copied().unwrap_or_default();
    (at(5), at(995))
}

fn resampled(values: &[f64], random: &Random) -> Vec<f64> {
    let pick = |_| {
        let index = u64::from_le_bytes(random.bytes()) % values.len().max(1) as u64;
        usize::try_from(index).ok().and_then(|index| values.get(index)).copied().unwrap_or_default()
    };
    (0..values.len()).map(pick).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn asked_for(name: &str) -> Option<usize> {
    std::env::args().skip_while(|argument| argument != name).nth(1)?.parse().ok()
}

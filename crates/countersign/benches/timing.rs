//! Does time tell who has an account (EN-2)? `cargo bench -p countersign --bench timing -- [--samples 1000] [--runs 3]`.
//!
//! Interleaves failed logins: a wrong password, an unknown name, a disabled account, one without a password; then the same
//! for accounts with bcrypt hashes of another system. Each time is compared with that of a wrong password in the same round,
//! so that whatever slows the machine for a while slows both; the median of these differences is given with a 99 %
//! bootstrap interval. A class tells if its interval lies beyond 1 % of the hash time; it may do so in one run of three.
//! Two deliberately leaky controls must be caught in every run: no hash for unknown names, and a thirtieth too much
//! time for known ones. Needs an otherwise idle machine.
//!
//! `-- --smoke` is for `scripts/test`: three runs of a hundred, where only the control without a hash has to be caught.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::unchecked_time_subtraction, reason = "a monotonic clock does not go back")]

use std::time::Duration;

use countersign::account::{CustomClaims, Role, Username};
use countersign::audit::{Actor, Context};
use countersign::clock::{Clock, Timestamp};
use countersign::id::AccountId;
use countersign::login::LoginError;
use countersign::master_key::MasterKeys;
use countersign::password::{AccountKey, Password, PasswordHash, PasswordHasher, Requester};
use countersign::random::Random;
use countersign::session::SessionPolicy;
use countersign::store::sqlite::SqliteStore;
use countersign::store::{NewAccount, Store};
use countersign::{Countersign, Options};

const DEFAULT_SAMPLES: usize = 1_000;
const DEFAULT_RUNS: usize = 3;
const RESAMPLES: usize = 2_000;
/// bcrypt of cost 10 takes four times as long, and there is no need for as many.
const BCRYPT_SHARE: usize = 4;
const BCRYPT: &str = "$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm";
/// Names in each class; each is guessed at in turn, and a day passes between two guesses at one name.
const NAMES: usize = 20;
const TOLERATED: f64 = 0.01;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Wrong,
    Unknown,
    Disabled,
    WithoutPassword,
    LeakNoHash,
    LeakAThirtieth,
}

impl Class {
    const ALL: [Self; 6] = [
        Self::Wrong,
        Self::Unknown,
        Self::Disabled,
        Self::WithoutPassword,
        Self::LeakNoHash,
        Self::LeakAThirtieth,
    ];

    const fn is_control(self) -> bool {
        matches!(self, Self::LeakNoHash | Self::LeakAThirtieth)
    }

    fn name(self, number: usize) -> String {
        let kind = match self {
            Self::Wrong | Self::LeakAThirtieth => "known",
            Self::Unknown | Self::LeakNoHash => "nobody",
            Self::Disabled => "disabled",
            Self::WithoutPassword => "without",
        };
        format!("{kind}{number}")
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let smoke = std::env::args().any(|argument| argument == "--smoke");
    let samples = asked_for("--samples").unwrap_or(if smoke { 100 } else { DEFAULT_SAMPLES });
    let runs = asked_for("--runs").unwrap_or(DEFAULT_RUNS);
    let clock = Clock::system();
    for (hash, samples) in [(None, samples), (Some(BCRYPT), samples.div_ceil(BCRYPT_SHARE))] {
        let countersign = scene(&clock, hash).await?;
        let (mut told, mut now) = ([0; Class::ALL.len()], clock.now());
        for run in 1..=runs {
            let times = measure(&countersign, &clock, samples, &mut now).await?;
            report(run, hash.map_or("argon2id", |_| "bcrypt"), &times, &mut told);
        }
        verdict(runs, told, smoke)?;
    }
    println!("time tells nothing, and what leaks on purpose was caught");
    Ok(())
}

fn report(
    run: usize,
    kind: &str,
    times: &[Vec<f64>; Class::ALL.len()],
    told: &mut [usize; Class::ALL.len()],
) {
    let [wrong, ..] = times;
    let hash = median(wrong);
    println!("{kind}, run {run}: {} rounds, a wrong password takes {:.2} ms", wrong.len(), hash * 1e3);
    for ((class, times), told) in Class::ALL.into_iter().zip(times).zip(told).skip(1) {
        let differences: Vec<f64> = times.iter().zip(wrong).map(|(time, wrong)| time - wrong).collect();
        let (low, high) = interval(&differences, &Random::insecure_seeded(run as u64));
        let (low, high) = (low / hash, high / hash);
        // What passes has nothing in its interval that proves a difference of 1 % or more.
        let tells = low > TOLERATED || high < -TOLERATED;
        *told += usize::from(tells);
        let gap = median(&differences) / hash * 100.0;
        let verdict = if tells { "tells" } else { "tells nothing" };
        println!("  {class:22?} {gap:+7.2} % ({:+7.2} % .. {:+7.2} %)  {verdict}", low * 100.0, high * 100.0);
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
    clock: &Clock,
    samples: usize,
    now: &mut Timestamp,
) -> Result<[Vec<f64>; Class::ALL.len()], Error> {
    let mut times = [const { Vec::new() }; Class::ALL.len()];
    for sample in 0..samples {
        if sample.is_multiple_of(NAMES) {
            *now = now.plus(Duration::from_hours(25)); // earlier failures are forgotten: this is about time, not throttling
        }
        // Each round begins with another class, so that none always comes after the same one.
        for turn in 0..Class::ALL.len() {
            let index = (sample + turn) % Class::ALL.len();
            let (Some(class), Some(times)) = (Class::ALL.get(index), times.get_mut(index)) else { continue };
            times.push(guess(countersign, clock, (*class, sample % NAMES), *now).await?);
        }
    }
    Ok(times)
}

async fn guess(
    countersign: &Countersign<SqliteStore>,
    clock: &Clock,
    (class, number): (Class, usize),
    now: Timestamp,
) -> Result<f64, Error> {
    let context = Context::local(Actor::Anonymous, now);
    let name = class.name(number);
    let start = clock.monotonic();
    if class == Class::LeakNoHash {
        countersign.find_account_by_name(&Username::parse(&name)?).await?;
    } else {
        match countersign.authenticate(&name, "a wrong password", &context).await {
            Err(LoginError::InvalidCredentials) => {}
            other => return Err(format!("not looked at: {other:?}").into()),
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
        for class in [Class::Wrong, Class::Disabled, Class::WithoutPassword] {
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

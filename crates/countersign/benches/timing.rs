//! Does time tell who has an account (EN-2)? `cargo bench --bench timing -- [--samples 5000]`.
//!
//! Interleaves failed logins of four classes (unknown name, wrong password, disabled, without a password), compares the
//! median times of each with those of a wrong password, and gives a 99 % bootstrap interval of the difference. A class passes
//! if the interval holds a difference of under 1 % of the hash time, in two of three runs. Two deliberately leaky
//! controls must be caught each time: no hash for unknown names, and half a millisecond too much for known ones.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::unchecked_time_subtraction, reason = "a monotonic clock does not go back")]

use std::time::Duration;

use countersign::account::{CustomClaims, Role, Username};
use countersign::accounts::Registration;
use countersign::audit::{Actor, Context};
use countersign::clock::{Clock, Timestamp};
use countersign::id::AccountId;
use countersign::login::LoginError;
use countersign::master_key::MasterKeys;
use countersign::random::Random;
use countersign::session::SessionPolicy;
use countersign::store::sqlite::SqliteStore;
use countersign::store::{AccountChange, NewAccount, Store};
use countersign::{Countersign, Options};

const PASSWORD: &str = "correct horse battery staple";
const DEFAULT_SAMPLES: usize = 300;
const RUNS: usize = 3;
const RESAMPLES: usize = 2_000;
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
    LeakHalfAMillisecond,
}

impl Class {
    const ALL: [Self; 6] = [
        Self::Wrong,
        Self::Unknown,
        Self::Disabled,
        Self::WithoutPassword,
        Self::LeakNoHash,
        Self::LeakHalfAMillisecond,
    ];

    const fn is_control(self) -> bool {
        matches!(self, Self::LeakNoHash | Self::LeakHalfAMillisecond)
    }

    fn name(self, number: usize) -> String {
        let kind = match self {
            Self::Wrong | Self::LeakHalfAMillisecond => "known",
            Self::Unknown | Self::LeakNoHash => "nobody",
            Self::Disabled => "disabled",
            Self::WithoutPassword => "without",
        };
        format!("{kind}{number}")
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let samples = samples_asked_for().unwrap_or(DEFAULT_SAMPLES);
    let clock = Clock::system();
    let countersign = scene(&clock).await?;
    let (mut failures, mut now) = ([0; Class::ALL.len()], clock.now());
    for run in 1..=RUNS {
        let times = measure(&countersign, &clock, samples, &mut now).await?;
        let [wrong, ..] = &times;
        let hash = median(wrong);
        println!("run {run}: {samples} samples a class, a wrong password takes {:.2} ms", hash * 1e3);
        for ((class, times), failures) in Class::ALL.into_iter().zip(&times).zip(&mut failures).skip(1) {
            let (low, high) = interval(wrong, times, &Random::insecure_seeded(run as u64));
            let (low, high) = (low / hash, high / hash);
            // What passes has nothing in its interval that proves a difference of 1 % or more.
            let told = low > TOLERATED || high < -TOLERATED;
            *failures += usize::from(told);
            let verdict = if told { "tells" } else { "tells nothing" };
            println!("  {class:22?} {:+7.2} % .. {:+7.2} %  {verdict}", low * 100.0, high * 100.0);
        }
    }
    verdict(failures)
}

fn verdict(failures: [usize; Class::ALL.len()]) -> Result<(), Error> {
    for (class, failures) in Class::ALL.into_iter().zip(failures) {
        if class.is_control() && failures < RUNS {
            return Err(format!("the control {class:?} was caught in {failures} of {RUNS} runs only").into());
        }
        if !class.is_control() && failures > 1 {
            return Err(format!("{class:?} can be told from a wrong password").into());
        }
    }
    println!("time tells nothing, and both controls were caught every time");
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
    if class == Class::LeakHalfAMillisecond {
        let end = clock.monotonic() + Duration::from_micros(500);
        while clock.monotonic() < end {
            std::hint::spin_loop();
        }
    }
    Ok((clock.monotonic() - start).as_secs_f64())
}

async fn scene(clock: &Clock) -> Result<Countersign<SqliteStore>, Error> {
    let mut options = Options::new("https://auth.example", "api");
    options.hashing.threads = std::num::NonZeroUsize::MIN;
    let store = SqliteStore::in_memory(SessionPolicy::default())?;
    let random = Random::system();
    let keys = MasterKeys::generate(&random);
    let countersign = Countersign::open(store, options, keys, clock.clone(), random.clone()).await?;
    let operator = Context::local(Actor::CommandLine, clock.now());
    for number in 0..NAMES {
        for class in [Class::Wrong, Class::Disabled] {
            let username = Username::parse(&class.name(number))?;
            let registration =
                Registration { username, role: Role::default(), claims: CustomClaims::default() };
            let account = countersign.create_account(registration, PASSWORD, &operator).await?;
            if class == Class::Disabled {
                let change = AccountChange { disabled: Some(true), ..AccountChange::default() };
                countersign.change_account(account.id, change, &operator).await?;
            }
        }
        let without = NewAccount {
            id: AccountId::random(&random),
            username: Username::parse(&Class::WithoutPassword.name(number))?,
            role: Role::default(),
            claims: CustomClaims::default(),
            password_hash: None,
            disabled: false,
        };
        countersign.store().create_account(without, &operator).await?;
    }
    Ok(countersign)
}

/// The 99 % bootstrap interval of the difference of the medians.
fn interval(reference: &[f64], other: &[f64], random: &Random) -> (f64, f64) {
    let mut differences: Vec<f64> = (0..RESAMPLES)
        .map(|_| median(&resampled(other, random)) - median(&resampled(reference, random)))
        .collect();
    differences.sort_by(f64::total_cmp);
    let at = |per_mille: usize| differences.get(RESAMPLES * per_mille / 1000).copied().unwrap_or_default();
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

fn samples_asked_for() -> Option<usize> {
    std::env::args().skip_while(|argument| argument != "--samples").nth(1)?.parse().ok()
}

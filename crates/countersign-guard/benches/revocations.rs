//! What a million ended sessions cost a verifier: memory, and time of a request whose token is in the cache.
//! `cargo bench -p countersign-guard --bench revocations -- [entries]`. The two guards take turns, and the smallest time
//! of each counts: noise only ever adds. Bars: 60 MiB, 1.2 times.

#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot start has nothing to report")]

use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign_guard::Guard;
use countersign_guard::jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign};
use serde_json::json;

const NOW: i64 = 1_700_000_000;
const ROUNDS: usize = 300;

fn main() {
    let entries = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(1_000_000_usize);
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let tokens: Vec<String> = (0..1_000).map(|_| token(&key)).collect();
    let (empty, full) = (guard(&key), guard(&key));

    let before = resident_bytes();
    (0..entries).for_each(|_| full.revocations().revoke(&session_id(), NOW + 900));
    let bytes = resident_bytes().saturating_sub(before);
    println!("{entries} entries: {} MiB, {} bytes an entry", bytes >> 20, bytes / entries.max(1));

    let (mut none, mut many) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        none = none.min(time(&empty, &tokens));
        many = many.min(time(&full, &tokens));
    }
    let each = |time: Duration| time.as_nanos() / 1_000;
    println!("a cached token: {} ns without entries, {} ns with them", each(none), each(many));
    println!("ratio {:.2}", many.as_secs_f64() / none.as_secs_f64());
}

fn guard(key: &SigningKey) -> Guard {
    let policy = ClaimsPolicy::new("https://auth.example", "api", TokenType::AccessToken, Duration::ZERO);
    Guard::with_clock(JwkSet::new(vec![key.verifying_key()]).unwrap(), policy, || NOW)
}

fn token(key: &SigningKey) -> String {
    let claims = json!({
        "iss": "https://auth.example", "aud": "api", "sub": "ada", "sid": session_id(), "jti": session_id(),
        "role": "user", "iat": NOW, "exp": NOW + 900,
    });
    sign(&claims, key, "at+jwt").unwrap()
}

/// A random UUID.
fn session_id() -> String {
    let random = || RandomState::new().hash_one(());
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

fn time(guard: &Guard, tokens: &[String]) -> Duration {
    let start = Instant::now();
    for token in tokens {
        black_box(guard.verify(black_box(token)).unwrap());
    }
    start.elapsed()
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

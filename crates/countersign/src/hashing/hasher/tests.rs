use std::num::NonZeroUsize;
use std::time::Duration;

use super::*;
use crate::base::clock::Timestamp;
use crate::base::requester::AccountKey;

const SOMEBODY: Requester =
    Requester { client: None, account: AccountKey::from_bytes([1; 16]), known_device: false };

fn options() -> HashingOptions {
    HashingOptions { threads: NonZeroUsize::MIN, ..HashingOptions::default() }
}

fn hasher_with(options: &HashingOptions) -> PasswordHasher {
    PasswordHasher::new(options, Clock::system(), Random::insecure_seeded(1)).unwrap()
}

fn hasher() -> PasswordHasher {
    hasher_with(&options())
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

fn stored(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

async fn verify(hasher: &PasswordHasher, text: &str, stored: Option<PasswordHash>) -> Verification {
    let attempt = Attempt { password: password(text), stored, requester: SOMEBODY };
    hasher.verify(attempt).await.unwrap()
}

/// PW-2, PP-4: a new hash is right for its password in any composition, for no other, and differs each time.
#[tokio::test]
async fn a_hash_is_right_for_its_password_only() {
    let hasher = hasher();
    let first = hasher.hash(password("caf\u{e9} au lait, please"), SOMEBODY).await.unwrap();
    let second = hasher.hash(password("caf\u{e9} au lait, please"), SOMEBODY).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(
        verify(&hasher, "cafe\u{301} au lait, please", Some(first.clone())).await,
        Verification::Match
    );
    for wrong in ["Caf\u{e9} au lait, please", "caf\u{e9} au lait, please ", ""] {
        assert_eq!(verify(&hasher, wrong, Some(first.clone())).await, Verification::Mismatch, "{wrong:?}");
    }
}

/// EN-2, PW-6: unknown name, no password, garbage, a bomb: each costs the one hash that a wrong password
/// costs.
#[tokio::test]
async fn exactly_one_hash_is_computed_whatever_is_stored() {
    let hasher = hasher();
    let good = hasher.hash(password("correct horse battery"), SOMEBODY).await.unwrap();
    for stored in [
        None,
        Some(good),
        Some(stored("")),
        Some(stored("$argon2id$v=19$m=4194304,t=1000,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA")),
        Some(stored("$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")),
        Some(stored("$2b$10$\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}")),
        Some(stored(&"$".repeat(1_000_000))),
    ] {
        let before = hasher.stats().computed;
        assert_eq!(verify(&hasher, "wrong", stored.clone()).await, Verification::Mismatch);
        assert_eq!(hasher.stats().computed - before, 1, "{stored:?}");
    }
}

/// PW-3: right but weaker than what is made now, or made by another system.
#[tokio::test]
async fn a_right_password_with_a_weaker_hash_is_outdated() {
    let hasher = hasher();
    let weak = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert_eq!(verify(&hasher, "password", Some(stored(weak))).await, Verification::MatchOutdated);
    let typed = format!("{{typed}}{weak}");
    assert_eq!(verify(&hasher, "password", Some(stored(&typed))).await, Verification::MatchOutdated);
}

/// PW-5: bcrypt is checked as its system did, but a hash is not made anew from characters that bcrypt never
/// looked at.
#[tokio::test]
async fn a_password_that_bcrypt_cut_is_right_but_not_hashed_anew() {
    let hasher = hasher();
    let (exact, longer) = ("x".repeat(72), "x".repeat(80));
    let bcrypt = Some(stored(&bcrypt::hash(&longer, 10).unwrap()));
    assert_eq!(verify(&hasher, &longer, bcrypt.clone()).await, Verification::Match);
    assert_eq!(verify(&hasher, &exact, bcrypt.clone()).await, Verification::MatchOutdated);
    assert_eq!(verify(&hasher, &"x".repeat(71), bcrypt).await, Verification::Mismatch);
}

/// PP-4 for imports: other systems hashed the bytes as they came.
#[tokio::test]
async fn imported_hashes_are_checked_over_the_bytes_as_typed() {
    let hasher = hasher();
    let decomposed = "cafe\u{301}";
    let bcrypt = Some(stored(&bcrypt::hash(decomposed, 10).unwrap()));
    assert_eq!(verify(&hasher, decomposed, bcrypt).await, Verification::MatchOutdated);
}

/// LM-1: more than fits is refused at once, and the rest is answered.
#[tokio::test]
async fn overload_is_refused_with_a_time_to_come_back() {
    let hasher = hasher_with(&HashingOptions { max_wait: Duration::from_millis(60), ..options() });
    let attempts = (0..100)
        .map(|_| hasher.verify(Attempt { password: password("wrong"), stored: None, requester: SOMEBODY }));
    let mut answered = 0;
    for outcome in join_all(attempts).await {
        match outcome {
            Ok(verification) => {
                assert_eq!(verification, Verification::Mismatch);
                answered += 1;
            }
            Err(HashingError::Overloaded { retry_after }) => assert!(retry_after >= Duration::from_secs(1)),
            Err(error) => panic!("{error}"),
        }
    }
    let stats = hasher.stats();
    assert!(answered > 0 && stats.refused > 50, "{stats:?}");
    assert_eq!((stats.computed, stats.refused, stats.waiting), (answered, 100 - answered, 0));
}

/// CC-6: callers that hang up free their places, and the pool goes on.
#[tokio::test]
async fn callers_that_hang_up_leave_nothing_behind() {
    let hasher = hasher();
    for _ in 0..20 {
        let attempts = (0..20).map(|_| hasher.hash(password("never waited for"), SOMEBODY));
        let mut attempts = attempts.map(Box::pin).collect::<Vec<_>>();
        for attempt in &mut attempts {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(attempt.as_mut().poll(cx)));
            let _ = polled.await;
        }
        drop(attempts);
        assert_eq!(hasher.stats().waiting, 0);
    }
    assert!(hasher.hash(password("still alive"), SOMEBODY).await.is_ok());
}

#[tokio::test]
async fn the_last_clone_stops_and_joins_the_threads() {
    let hasher = hasher();
    let threads = Arc::downgrade(&hasher.pool.shared);
    let clone = hasher.clone();
    drop(hasher);
    assert!(clone.hash(password("one more"), SOMEBODY).await.is_ok());
    drop(clone);
    assert_eq!(threads.strong_count(), 0, "a thread still runs");
}

/// LM-1: deadlines are kept by the clock that was passed in.
#[tokio::test]
async fn who_waits_past_the_deadline_is_refused() {
    let clock = Clock::manual(Timestamp::from_unix_millis(0));
    let plan =
        PoolPlan { cost: crate::password::Argon2Cost::DEFAULT, threads: 1, max_wait: Duration::from_secs(1) };
    let shared = Arc::new(Shared::new(&plan, clock.clone(), Random::insecure_seeded(1)));
    let (answer, answered) = oneshot::channel();
    let job = Job { password: password("x"), task: Task::Hash { answer } };
    let waiting = shared.submit(job, SOMEBODY).unwrap();
    clock.advance(Duration::from_secs(1));
    let worker = std::thread::spawn({
        let shared = Arc::clone(&shared);
        move || shared.work()
    });
    assert!(matches!(answered.await.unwrap(), Err(HashingError::Overloaded { .. })));
    drop(waiting);
    shared.stop();
    worker.join().unwrap();
    assert_eq!(shared.computed.load(Ordering::Relaxed), 0);
}

/// Runs futures side by side on one task, in order.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        let mut pending = false;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(cx) {
                    std::task::Poll::Ready(ready) => *output = Some(ready),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}

fn peppered(keys: &str) -> PasswordHasher {
    let pepper = Some(crate::base::master_key::MasterKeys::parse(keys).unwrap());
    hasher_with(&HashingOptions { pepper, ..options() })
}

/// PW-4: without the key there is no login; with a new one all logins work, and rows change without any
/// password.
#[tokio::test]
async fn a_pepper_can_be_introduced_and_changed_without_passwords() {
    let (one, two) = (format!("1 {}", "11".repeat(32)), format!("2 {}", "22".repeat(32)));
    let plain = hasher();
    let old = plain.hash(password("correct horse battery"), SOMEBODY).await.unwrap();
    let first = peppered(&one);
    assert_eq!(verify(&first, "correct horse battery", Some(old.clone())).await, Verification::MatchOutdated);
    let sealed = first.with_newest_pepper(&old).unwrap();
    assert_eq!(first.with_newest_pepper(&sealed), None);
    assert_eq!(verify(&first, "correct horse battery", Some(sealed.clone())).await, Verification::Match);
    assert_eq!(verify(&first, "wrong horse battery", Some(sealed.clone())).await, Verification::Mismatch);
    let new = first.hash(password("another"), SOMEBODY).await.unwrap();
    assert!(new.as_str().starts_with("{sealed}") && !new.as_str().contains("argon2"));

    assert_eq!(verify(&plain, "correct horse battery", Some(sealed.clone())).await, Verification::Mismatch);
    assert_eq!(plain.can_check(&sealed), Err(UnreadableHash::Sealed), "a stolen database alone");

    let both = peppered(&format!("{two}\n{one}"));
    assert_eq!(
        verify(&both, "correct horse battery", Some(sealed.clone())).await,
        Verification::MatchOutdated
    );
    let moved = both.with_newest_pepper(&sealed).unwrap();
    let second = peppered(&two);
    assert_eq!(verify(&second, "correct horse battery", Some(moved)).await, Verification::Match);
    assert_eq!(second.can_check(&sealed), Err(UnreadableHash::Sealed));
    assert_eq!(second.with_newest_pepper(&sealed), None, "what cannot be read is left alone");
}

/// EN-2: an unknown name costs one hash of the costs that known ones have.
#[tokio::test]
async fn unknown_names_are_checked_like_known_ones() {
    let hasher = hasher();
    let bcrypt = stored(&bcrypt::hash("whatever it was", 10).unwrap());
    hasher.learn_hash_mix([&bcrypt]);
    assert_eq!(hasher.check(None, SOMEBODY.account).recipe.work(), 3500);
    let before = hasher.stats().computed;
    assert_eq!(
        verify(&hasher, "whatever it was", None).await,
        Verification::Mismatch,
        "a dummy never matches"
    );
    assert_eq!(hasher.stats().computed - before, 1);
    assert!(!hasher.take_new_hash_kind());
    let other = stored(&bcrypt::hash("whatever it was", 11).unwrap());
    assert_eq!(verify(&hasher, "wrong", Some(other)).await, Verification::Mismatch);
    assert!(hasher.take_new_hash_kind(), "there is more to learn");
}

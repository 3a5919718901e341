//! The real use cases over the real SQLite store, in thousands of lives drawn from seeds, with an auditor who checks
//! the security model's invariants after every step.
//!
//! - `COUNTERSIGN_SEED=17 cargo test --test simulation one_life -- --nocapture` lives one seed again and prints it all.
//! - `COUNTERSIGN_SEEDS=100000 cargo test --release --test simulation` lives more of them.
//! - `COUNTERSIGN_DEEP=1 cargo test --test simulation planted -- --nocapture` says how soon each planted bug is found.

#[cfg(test)]
mod auditor;
#[cfg(test)]
mod executor;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod world;

#[cfg(test)]
mod lives {
    use crate::faulty::Bug;
    use crate::world::run;

    /// Lives the seeds of one half; in two tests, so that two cores share them.
    fn live(odd: u64) {
        let seeds = std::env::var_os("COUNTERSIGN_SEEDS")
            .and_then(|text| text.to_str()?.parse().ok())
            .unwrap_or(1_000_u64);
        let mut steps = 0;
        for seed in (0..seeds).filter(|seed| seed % 2 == odd) {
            let outcome = run(seed, None);
            steps += outcome.steps;
            if let Some(failure) = outcome.failure {
                let from = outcome.trace.len().saturating_sub(60);
                panic!("{}\nseed {seed}: {failure}", outcome.trace[from..].join("\n"));
            }
        }
        println!("{} lives, {steps} steps", seeds / 2);
    }

    #[test]
    fn even_lives_keep_every_invariant() {
        live(0);
    }

    #[test]
    fn odd_lives_keep_every_invariant() {
        live(1);
    }

    #[test]
    fn one_life_is_lived_the_same_way_again() {
        let seed =
            std::env::var_os("COUNTERSIGN_SEED").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(7);
        let (first, second) = (run(seed, None), run(seed, None));
        println!("{}\n{:?}", first.trace.join("\n"), first.failure);
        assert_eq!(first.trace, second.trace);
        assert_eq!(first.steps, second.steps);
    }

    /// Every planted bug is found, or the auditor is blind. Those that need luck are looked for on command.
    #[test]
    fn planted_bugs_are_found() {
        let deep = std::env::var_os("COUNTERSIGN_DEEP").is_some();
        let soon = [
            Bug::RotationNotStored,
            Bug::LogoutNotStored,
            Bug::LogoutNotTold,
            Bug::DisableNotTold,
            Bug::PasswordChangeNotTold,
            Bug::LoginReplacesNothing,
            Bug::StaleAccount,
            Bug::PasswordChangeKeepsNothing,
            Bug::FailureNotRecorded,
            Bug::GreedySweep,
            Bug::RevocationsNotFollowed,
            Bug::LastWriteLost,
            Bug::NoMinimumAge,
            Bug::NoGrace,
            Bug::ReuseForgiven,
            Bug::ReplayRotates,
            Bug::GuessesForgotten,
        ];
        let late = [
            Bug::GuessesForgotten,
            Bug::FastClock,
            Bug::SlowClock,
            Bug::LoginIgnoresPasswordVersion,
            Bug::CookieOnFresh,
        ];
        for bug in soon.into_iter().chain(late.into_iter().filter(|_| deep)) {
            let tries = if late.contains(&bug) { 1_000 } else { 30 };
            let found = (0..tries).find_map(|seed| Some((seed, run(seed, Some(bug)).failure?)));
            match found {
                Some((seed, failure)) => println!("{bug:?}: life {}: {failure}", seed + 1),
                None => panic!("{bug:?} was not found in {tries} lives"),
            }
        }
    }
}

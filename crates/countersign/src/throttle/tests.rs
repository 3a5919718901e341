use std::collections::BTreeMap;

use futures_util::FutureExt as _;

use super::*;
use crate::base::random::Random;
use crate::model::device_cookie::{DeviceCookies, DeviceId};

const START: i64 = 1_800_000_000_000;

struct Scene {
    throttle: Throttle,
    now: Timestamp,
}

impl Scene {
    fn new() -> Self {
        Self::with(ThrottleOptions::default())
    }

    fn with(options: ThrottleOptions) -> Self {
        let throttle = Throttle::new(options).unwrap();
        Self { throttle, now: Timestamp::from_unix_millis(START) }
    }

    fn wait(&mut self, by: Duration) {
        self.now = self.now.plus(by);
    }

    /// A wrong guess: `Ok` if it was looked at.
    fn guess(&self, guess: &Guess) -> Result<(), Duration> {
        self.throttle.reserve(guess, self.now).map(Reservation::failed).map_err(|error| error.retry_after)
    }

    /// A right one.
    fn sign_in(&self, guess: &Guess) -> Result<(), Duration> {
        let reserved = self.throttle.reserve(guess, self.now);
        reserved.map(|reservation| _ = reservation.succeeded()).map_err(|error| error.retry_after)
    }
}

/// What a store keeps.
#[derive(Clone, Default)]
struct Kept(BTreeMap<ThrottleKey, ThrottleRecord>);

impl Kept {
    /// Takes what a process has counted, gives it the totals; says how many keys there were.
    fn exchange(&mut self, scene: &Scene) -> usize {
        let unsent = scene.throttle.take_unsent(100);
        let totals = self.add(unsent.deltas().to_vec(), scene.now);
        unsent.sent(&totals, scene.now);
        totals.len()
    }

    fn add(&mut self, deltas: Vec<ThrottleDelta>, now: Timestamp) -> Vec<ThrottleRecord> {
        let exchange = ThrottleExchange { deltas, now, options: ThrottleOptions::default() };
        let totals = exchange.deltas.iter().map(|delta| exchange.total(self.0.get(&delta.key), delta));
        let totals: Vec<_> = totals.collect();
        self.0.extend(totals.iter().map(|total| (total.key, *total)));
        totals
    }

    /// Teaches a process all that is kept.
    fn teach(&self, scene: &Scene) {
        scene.throttle.learn(&self.0.values().copied().collect::<Vec<_>>(), scene.now);
    }

    fn failures(&self) -> Vec<u32> {
        self.0.values().map(|record| record.failures).collect()
    }
}

fn on(account: u32) -> Guess {
    let key = AccountKey::from_bytes(u128::from(account).to_le_bytes());
    Guess { account: key, client: None, device: None }
}

fn from(account: u32, client: [u8; 4]) -> Guess {
    Guess { client: Some(client.into()), ..on(account) }
}

fn device(seed: u64) -> DeviceId {
    let keys =
        crate::base::master_key::MasterKeys::generate(&crate::base::random::Random::insecure_seeded(1));
    let (cookies, now) = (DeviceCookies::new(&keys), Timestamp::from_unix_millis(START));
    let cookie = cookies.remember(None, "bob", now, &crate::base::random::Random::insecure_seeded(seed));
    cookies.find(&cookie, "bob", now).unwrap()
}

/// TH-1: 150 guesses as fast as allowed: delays from the fifth on, and never more than eighty looked at.
#[test]
fn eighty_guesses_of_unknown_devices_and_no_more() {
    let mut scene = Scene::new();
    let mut looked_at = 0;
    let mut waits = Vec::new();
    for _ in 0..150 {
        match scene.guess(&on(1)) {
            Ok(()) => looked_at += 1,
            Err(wait) if wait >= options::DAY => break,
            Err(wait) => {
                waits.push(wait.as_secs());
                scene.wait(wait);
                assert_eq!(scene.guess(&on(1)), Ok(()), "after the wait that was asked for");
                looked_at += 1;
            }
        }
    }
    assert_eq!(looked_at, 80);
    assert_eq!(waits[..12], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
}

/// TH-1: stopped means one a day, or none at all.
#[test]
fn after_eighty_failures_the_rest_is_one_a_day_or_none() {
    for (stop, days) in [(WhenStopped::OneADay, 10), (WhenStopped::Strict, 0)] {
        let mut scene = Scene::with(ThrottleOptions { when_stopped: stop, ..ThrottleOptions::default() });
        for _ in 0..80 {
            scene.wait(Duration::from_mins(15));
            scene.guess(&on(1)).unwrap();
        }
        let mut looked_at = 0;
        for _ in 0..240 {
            scene.wait(Duration::from_hours(1));
            looked_at += u32::from(scene.guess(&on(1)).is_ok());
        }
        assert_eq!(looked_at, days, "{stop:?}");
    }
}

/// TH-1: whoever pauses for a day just before the stop, or just before the first wait, has not begun a new
/// row; by the letter of NIST SP 800-63B-4 never, and otherwise not after the first wait.
#[test]
fn a_pause_of_a_day_buys_few_guesses() {
    for (stop, in_a_row, most) in [
        (WhenStopped::OneADay, 79, 100),
        (WhenStopped::OneADay, 4, 40),
        (WhenStopped::Strict, 79, 80),
        (WhenStopped::Strict, 4, 40),
    ] {
        let mut scene = Scene::with(ThrottleOptions { when_stopped: stop, ..ThrottleOptions::default() });
        let mut looked_at = 0;
        for _ in 0..10 {
            for _ in 0..in_a_row {
                scene.wait(Duration::from_mins(15));
                looked_at += usize::from(scene.guess(&on(1)).is_ok());
            }
            scene.wait(options::DAY);
        }
        assert!(looked_at <= most, "{stop:?}, {in_a_row} in a row: {looked_at}");
    }
}

/// TH-2: ten thousand wrong guesses from elsewhere, and the owner's device signs in at the first try.
#[test]
fn a_known_device_is_not_shut_out_by_strangers() {
    let mut scene = Scene::new();
    for attempt in 0..10_000_u32 {
        let [a, b, ..] = attempt.to_le_bytes();
        let _ = scene.guess(&from(1, [198, 51, a, b]));
        scene.wait(Duration::from_secs(30));
    }
    assert!(scene.guess(&on(1)).is_err(), "strangers are stopped");
    let known = Guess { device: Some(device(1)), ..on(1) };
    assert_eq!(scene.sign_in(&known), Ok(()));
    assert_eq!(scene.guess(&on(1)), Ok(()), "the owner is there: the stop is lifted");
    assert!(scene.guess(&on(1)).is_err(), "and no more than that");
}

/// TH-2: a stolen device has ten guesses, then it is like any other.
#[test]
fn a_device_has_its_own_small_budget() {
    let mut scene = Scene::new();
    let known = Guess { device: Some(device(1)), ..on(1) };
    for _ in 0..10 {
        let reservation = scene.throttle.reserve(&known, scene.now).unwrap();
        assert!(reservation.is_known_device());
    }
    for _ in 0..5 {
        let reservation = scene.throttle.reserve(&known, scene.now).unwrap();
        assert!(!reservation.is_known_device(), "counted as unknown");
    }
    assert!(scene.guess(&known).is_err());
    let other = Guess { device: Some(device(2)), ..on(1) };
    assert_eq!(scene.sign_in(&other), Ok(()), "another device of the owner");
    scene.wait(options::DAY * 30);
    assert!(scene.throttle.reserve(&known, scene.now).unwrap().is_known_device());
}

/// TH-1: whoever collects device cookies has no more guesses for it: all known devices together have twenty,
/// which with the eighty of unknown ones makes the hundred. A success of one of them gives all their twenty
/// back.
#[test]
fn all_devices_of_an_account_share_a_budget() {
    let mut scene = Scene::new();
    let with = |seed| Guess { device: Some(device(seed)), ..on(1) };
    let mut looked_at = Vec::new();
    for seed in 0..150 {
        looked_at.extend(scene.throttle.reserve(&with(seed), scene.now).map(|guess| guess.is_known_device()));
        scene.wait(Duration::from_mins(10));
    }
    assert_eq!(looked_at.iter().filter(|known| **known).count(), 20);
    assert!(looked_at.len() <= 100, "{}", looked_at.len());
    let elsewhere = Guess { device: Some(device(1)), ..on(2) };
    assert!(scene.throttle.reserve(&elsewhere, scene.now).unwrap().is_known_device(), "another account");

    let mut scene = Scene::new();
    for seed in 0..19 {
        scene.guess(&with(seed)).unwrap();
    }
    assert_eq!(scene.sign_in(&with(99)), Ok(()));
    for seed in 100..120 {
        assert!(scene.throttle.reserve(&with(seed), scene.now).unwrap().is_known_device(), "{seed}");
    }
    assert!(!scene.throttle.reserve(&with(121), scene.now).unwrap().is_known_device());
    scene.wait(options::DAY * 30);
    assert!(scene.throttle.reserve(&with(121), scene.now).unwrap().is_known_device(), "the next month");
}

/// TH-2: an owner who has used up a device's attempts, and then signs in on it like on an unknown one, has it
/// back.
#[test]
fn a_success_restores_the_device_it_came_from() {
    let scene = Scene::new();
    let known = Guess { device: Some(device(1)), ..on(1) };
    for _ in 0..10 {
        scene.guess(&known).unwrap();
    }
    let reservation = scene.throttle.reserve(&known, scene.now).unwrap();
    assert!(!reservation.is_known_device());
    assert!(reservation.succeeded());
    assert!(scene.throttle.reserve(&known, scene.now).unwrap().is_known_device());
}

/// TH-3: five hundred at the same instant, before any of them is answered.
#[test]
fn guesses_in_parallel_do_not_outrun_the_count() {
    let scene = Scene::new();
    let reservations: Vec<_> = (0..500).map(|_| scene.throttle.reserve(&on(1), scene.now)).collect();
    assert_eq!(reservations.iter().filter(|reserved| reserved.is_ok()).count(), 5);
}

/// TH-3: a success forgets its own count only; who hangs up has failed.
#[test]
fn a_success_resets_its_own_counter() {
    let scene = Scene::new();
    for account in [1, 2] {
        for _ in 0..4 {
            drop(scene.throttle.reserve(&on(account), scene.now).unwrap());
        }
    }
    assert_eq!(scene.sign_in(&on(1)), Ok(()));
    assert_eq!((scene.guess(&on(1)), scene.guess(&on(1))), (Ok(()), Ok(())));
    assert_eq!(scene.guess(&on(2)), Ok(()));
    assert!(scene.guess(&on(2)).is_err());
}

/// What an overloaded server never looked at is nobody's failure.
#[test]
fn attempts_that_were_not_checked_do_not_count() {
    let scene = Scene::new();
    for _ in 0..100 {
        scene.throttle.reserve(&from(1, [192, 0, 2, 1]), scene.now).unwrap().not_checked();
    }
    assert!(scene.throttle.take_unsent(100).deltas().is_empty(), "a flood that is shed writes nothing");
    assert_eq!(scene.guess(&from(1, [192, 0, 2, 1])), Ok(()));
}

/// Nor does it make anybody wait anew: the wait runs from the last attempt that was looked at.
#[test]
fn attempts_that_were_not_checked_prolong_no_wait() {
    let mut scene = Scene::new();
    for _ in 0..5 {
        scene.guess(&on(1)).unwrap();
    }
    scene.wait(Duration::from_secs(1));
    scene.throttle.reserve(&on(1), scene.now).unwrap().not_checked();
    assert_eq!(scene.guess(&on(1)), Ok(()));
}

/// TH-7: one address, many names; all addresses of a /64 are one, those of a /48 have a higher limit in
/// common.
#[test]
fn a_network_has_a_rate_over_all_names() {
    let mut scene = Scene::new();
    let v6 = |account: u32, network: u16| Guess {
        client: Some(format!("2001:db8:1:{network:x}::{account:x}").parse().unwrap()),
        ..on(account)
    };
    let looked_at = (0..5_000).filter(|&account| scene.guess(&v6(account, 1)).is_ok()).count();
    assert_eq!(looked_at, 60);
    scene.wait(Duration::from_mins(1));
    let looked_at = (5_000..5_100).filter(|&account| scene.guess(&v6(account, 1)).is_ok()).count();
    assert_eq!(looked_at, 10);
    let networks = (2..200_u16).flat_map(|network| (0..60_u32).map(move |n| (network, n)));
    let looked_at = networks
        .filter(|&(network, n)| scene.guess(&v6(10_000 + u32::from(network) * 64 + n, network)).is_ok());
    let looked_at = looked_at.count();
    assert!((100..=700).contains(&looked_at), "the neighbourhood ends it: {looked_at}");
}

/// TH-7: a success costs its network nothing: an office behind one address signs in all morning.
#[test]
fn successes_do_not_use_up_the_rate_of_a_network() {
    let scene = Scene::new();
    for account in 0..5_000 {
        assert_eq!(scene.sign_in(&from(account, [192, 0, 2, 1])), Ok(()), "{account}");
    }
    assert!(!scene.throttle.spray_suspected());
}

/// TH-9: one guess on each of 5,000 accounts from 500 addresses raises the alarm once; known devices notice
/// nothing.
#[test]
fn spraying_is_noticed_and_known_devices_are_not_affected() {
    let mut scene = Scene::new();
    let mut alarms = 0;
    for account in 0..5_000_u32 {
        let [a, b, ..] = (account % 500).to_le_bytes();
        let _ = scene.guess(&from(account, [a, b, 113, 7]));
        alarms += u32::from(scene.throttle.take_spray_alarm());
        scene.wait(Duration::from_millis(100));
    }
    assert_eq!((alarms, scene.throttle.spray_suspected()), (1, true));
    scene.throttle.keep_spray_alarm();
    assert!(
        scene.throttle.take_spray_alarm() && !scene.throttle.take_spray_alarm(),
        "not lost if not written"
    );
    let known = Guess { device: Some(device(1)), ..from(1, [0, 0, 113, 7]) };
    assert_eq!(scene.sign_in(&known), Ok(()));
    let tightened = (0..60).filter(|&n| scene.guess(&from(90_000 + n, [203, 0, 113, 9])).is_ok()).count();
    assert_eq!(tightened, 15);
    scene.wait(Duration::from_hours(1));
    scene.guess(&on(99_999)).unwrap();
    assert!(!scene.throttle.spray_suspected(), "it ends by itself");
}

/// TH-6: a restart in the middle of an attack changes nothing, and a second node learns the count.
#[test]
fn counts_survive_a_restart() {
    let (scene, mut kept) = (Scene::new(), Kept::default());
    for _ in 0..5 {
        scene.guess(&on(1)).unwrap();
    }
    let wait = scene.guess(&on(1)).unwrap_err();
    drop(scene.throttle.take_unsent(100)); // the store did not answer
    assert_eq!((kept.exchange(&scene), kept.failures()), (1, vec![5]), "they are handed out again");
    assert_eq!(kept.exchange(&scene), 0, "each failure once");

    let restarted = Scene::new();
    kept.teach(&restarted);
    assert_eq!(restarted.guess(&on(1)), Err(wait));
    assert_eq!(kept.exchange(&restarted), 0, "nothing new to store");
    let key = *kept.0.keys().next().unwrap();
    assert_eq!(ThrottleKey::from_bytes(*key.as_bytes()), key);
}

/// TH-6: what could not be sent comes before what was counted meanwhile, and a pardon in between forgives it.
#[test]
fn what_could_not_be_sent_keeps_its_place() {
    let (scene, mut kept) = (Scene::new(), Kept::default());
    for _ in 0..2 {
        scene.guess(&on(1)).unwrap();
    }
    let lost = scene.throttle.take_unsent(100);
    scene.guess(&on(1)).unwrap();
    drop(lost);
    kept.exchange(&scene);
    assert_eq!(kept.failures(), [3]);

    let lost = scene.throttle.take_unsent(100);
    scene.guess(&on(1)).unwrap();
    let also_lost = scene.throttle.take_unsent(100);
    scene.sign_in(&on(1)).unwrap();
    scene.guess(&on(1)).unwrap();
    drop((also_lost, lost));
    kept.exchange(&scene);
    assert_eq!(kept.failures(), [1]);
}

/// TH-6: another process that set the password anew (the command line) has forgiven what was counted here.
#[test]
fn what_another_process_forgives_is_forgiven_here() {
    let (mut scene, mut kept) = (Scene::new(), Kept::default());
    for _ in 0..5 {
        scene.guess(&on(1)).unwrap();
    }
    kept.exchange(&scene);
    let counted = kept.clone();
    scene.wait(Duration::from_millis(1));
    let tool = Scene { throttle: Throttle::new(ThrottleOptions::default()).unwrap(), now: scene.now };
    tool.throttle.forgive(on(1).account, tool.now);
    kept.exchange(&tool);
    assert!(kept.0.values().all(|total| total.failures == 0 && total.last_failure_at == tool.now));

    assert!(scene.guess(&on(1)).is_err());
    kept.teach(&scene);
    assert_eq!(scene.guess(&on(1)), Ok(()));
    counted.teach(&scene);
    assert_eq!(scene.guess(&on(1)), Ok(()), "the older count does not come back");
}

/// TH-6: a success here is not undone by failures that happened before it elsewhere and are heard of later.
#[test]
fn a_late_failure_does_not_undo_a_pardon() {
    let (mut here, elsewhere, mut kept) = (Scene::new(), Scene::new(), Kept::default());
    for _ in 0..2 {
        here.guess(&on(1)).unwrap();
        elsewhere.guess(&on(1)).unwrap();
    }
    here.wait(Duration::from_millis(1));
    here.sign_in(&on(1)).unwrap();
    kept.exchange(&here);
    kept.exchange(&elsewhere);
    assert_eq!(kept.failures(), [0]);
    here.guess(&on(1)).unwrap();
    kept.exchange(&here);
    assert_eq!(kept.failures(), [1], "later ones count");
}

/// TH-6: so has a sign-in at another node; and what was forgiven is written down only where there was
/// something.
#[test]
fn a_success_is_stored_if_there_was_a_failure() {
    let (scene, mut kept) = (Scene::new(), Kept::default());
    scene.sign_in(&on(1)).unwrap();
    assert_eq!(kept.exchange(&scene), 0);
    scene.guess(&on(1)).unwrap();
    kept.exchange(&scene);
    assert_eq!(kept.failures(), [1]);
    scene.sign_in(&on(1)).unwrap();
    scene.sign_in(&on(1)).unwrap();
    assert_eq!((kept.exchange(&scene), kept.failures(), kept.exchange(&scene)), (1, vec![0], 0));
}

/// TH-2: nodes hear of an owner who was there, and unknown devices may try once more at all of them.
#[test]
fn a_stop_is_lifted_at_every_node() {
    let (mut scene, mut kept) = (Scene::new(), Kept::default());
    for _ in 0..80 {
        scene.wait(Duration::from_mins(15));
        scene.guess(&on(1)).unwrap();
    }
    kept.exchange(&scene);
    scene.wait(Duration::from_mins(15));
    let other = Scene { throttle: Throttle::new(ThrottleOptions::default()).unwrap(), now: scene.now };
    kept.teach(&other);
    assert!(scene.guess(&on(1)).is_err() && other.guess(&on(1)).is_err());
    scene.sign_in(&Guess { device: Some(device(1)), ..on(1) }).unwrap();
    kept.exchange(&scene);
    kept.teach(&other);
    assert_eq!((kept.failures(), other.guess(&on(1))), (vec![79], Ok(())));
    kept.exchange(&other);
    kept.teach(&scene);
    assert_eq!((kept.failures(), scene.guess(&on(1)).is_err()), (vec![80], true));
}

/// TH-6: an older state from the store never lowers a newer count here.
#[test]
fn learning_keeps_what_is_newer() {
    let (mut scene, mut kept) = (Scene::new(), Kept::default());
    scene.guess(&on(1)).unwrap();
    kept.exchange(&scene);
    scene.wait(Duration::from_millis(1));
    for _ in 0..4 {
        scene.guess(&on(1)).unwrap();
    }
    let unanswered = scene.throttle.take_unsent(100);
    kept.teach(&scene);
    assert!(scene.guess(&on(1)).is_err());
    drop(unanswered);
    kept.teach(&scene);
    assert!(scene.guess(&on(1)).is_err());
}

/// Few failures of the day before are no beginning of today's, whichever process counted them.
#[test]
fn failures_that_are_forgotten_are_not_added_to() {
    let (mut scene, mut kept) = (Scene::new(), Kept::default());
    for _ in 0..4 {
        scene.guess(&on(1)).unwrap();
    }
    kept.exchange(&scene);
    scene.wait(options::DAY);
    let other = Scene { throttle: Throttle::new(ThrottleOptions::default()).unwrap(), now: scene.now };
    other.guess(&on(1)).unwrap();
    kept.exchange(&other);
    kept.teach(&scene);
    assert_eq!(kept.failures(), [1]);
    assert_eq!((scene.guess(&on(1)), other.guess(&on(1))), (Ok(()), Ok(())));
}

/// TH-6: whatever several nodes count, forgive, send, fail to send and hear, in whatever order: a failure counts once,
/// unless a pardon
/// happened after it, or was stored after it.
#[test]
fn totals_are_the_failures_since_the_last_pardon_however_nodes_exchange_them() {
    const NODES: usize = 3;
    for seed in 0..2_000 {
        let dice = Random::insecure_seeded(seed);
        let below = |count: u64| usize::try_from(u64::from_le_bytes(dice.bytes()) % count).unwrap();
        // Far from the limits: what is counted is looked at here, not what is refused.
        let options = ThrottleOptions { delay_from: 70, ..ThrottleOptions::default() };
        let mut nodes = [(); NODES].map(|()| Scene::with(options));
        let (mut kept, mut told) = (Kept::default(), Told::default());
        for step in 0..60 {
            let now = Timestamp::from_unix_millis(START + step * 10);
            for node in &mut nodes {
                node.now = now;
            }
            let at = below(NODES as u64);
            let node = &nodes[at];
            match below(10) {
                0..4 => {
                    node.guess(&on(1)).unwrap();
                    told.unsent.push((at, Said::Failed(now)));
                }
                4 => {
                    node.throttle.forgive(on(1).account, now);
                    told.unsent.push((at, Said::Forgave(now)));
                }
                5 => {
                    drop(node.throttle.take_unsent(100));
                }
                6 => kept.teach(node),
                _ => {
                    kept.exchange(node);
                    told.send(at);
                }
            }
        }
        for (at, node) in nodes.iter().enumerate() {
            kept.exchange(node);
            told.send(at);
        }
        let key = ThrottleKey::account(on(1).account);
        let total = kept.0.get(&key).map_or(0, |total| total.failures);
        assert_eq!(total, told.total(), "seed {seed}");
        for node in &nodes {
            kept.teach(node);
            assert_eq!(node.throttle.lock().failures_of(key, node.now).count, total, "seed {seed}");
        }
    }
}

#[derive(Clone, Copy)]
enum Said {
    Failed(Timestamp),
    Forgave(Timestamp),
}

/// What happened, event by event: to be counted at the end, and not on the way as the code does.
#[derive(Default)]
struct Told {
    unsent: Vec<(usize, Said)>,
    sent: Vec<Said>,
}

impl Told {
    fn send(&mut self, node: usize) {
        let (own, others) = std::mem::take(&mut self.unsent).into_iter().partition(|(at, _)| *at == node);
        self.unsent = others;
        let own: Vec<_> = own;
        self.sent.extend(own.into_iter().map(|(_, said)| said));
    }

    fn total(&self) -> u32 {
        // One that comes after a later one says nothing new.
        let mut pardons: Vec<(usize, Timestamp)> = Vec::new();
        for (place, said) in self.sent.iter().enumerate() {
            if let Said::Forgave(at) = *said
                && pardons.iter().all(|(_, earlier)| *earlier <= at)
            {
                pardons.push((place, at));
            }
        }
        let counts = |(place, said): &(usize, &Said)| match **said {
            Said::Failed(at) => !pardons.iter().any(|(later, forgiven)| *later > *place || at < *forgiven),
            Said::Forgave(_) => false,
        };
        u32::try_from(self.sent.iter().enumerate().filter(counts).count()).unwrap()
    }
}

/// LM-11, TH-1: ever new names push each other out of the bounded memory, and not the account under attack.
#[test]
fn memory_is_bounded_and_keeps_the_account_under_attack() {
    let scene = Scene::with(ThrottleOptions { max_records: 1_024, ..ThrottleOptions::default() });
    for _ in 0..5 {
        scene.guess(&on(0)).unwrap();
    }
    for account in 1..20_000 {
        let _ = scene.guess(&on(account));
    }
    assert!(scene.guess(&on(0)).is_err());
    assert!(scene.throttle.take_unsent(usize::MAX).deltas().len() <= 1_024);
}

/// OP-9, TH-10: a clock that was an hour, or ten years, ahead and is set right shuts nobody out, neither the
/// account and the network that somebody failed on then nor others, and is no licence to guess.
#[test]
fn a_clock_that_was_ahead_shuts_nobody_out() {
    for ahead in [Duration::from_hours(1), options::DAY * 3650] {
        let mut scene = Scene::new();
        let (right, home) = (scene.now, [192, 0, 2, 1]);
        scene.wait(ahead);
        for _ in 0..5 {
            assert_eq!(scene.guess(&from(1, home)), Ok(()));
        }
        assert_eq!(scene.guess(&from(2, home)), Ok(()));
        let mut stored = Kept::default();
        stored.exchange(&scene);
        scene.now = right;
        assert_eq!(scene.sign_in(&from(2, home)), Ok(()), "one failure, then");
        assert_eq!(scene.sign_in(&from(3, home)), Ok(()), "another account of the network");
        assert_eq!(scene.guess(&from(1, home)), Ok(()), "how long ago the failures were is not known");
        assert_eq!(scene.guess(&from(1, home)), Err(Duration::from_secs(2)), "but they count");
        stored.teach(&scene);
        assert_eq!(scene.guess(&from(1, home)), Err(Duration::from_secs(2)), "whatever is read back");
        assert!(!scene.throttle.spray_suspected());
    }
}

/// Nor does it keep out what another process has counted by the right clock.
#[test]
fn a_clock_that_was_ahead_learns_from_others() {
    let (mut scene, other) = (Scene::new(), Scene::new());
    let right = scene.now;
    scene.wait(Duration::from_hours(1));
    scene.guess(&on(1)).unwrap();
    for _ in 0..5 {
        other.guess(&on(1)).unwrap();
    }
    let (mut wrong, mut kept) = (Kept::default(), Kept::default());
    wrong.exchange(&scene);
    scene.now = right;
    kept.exchange(&other);
    kept.teach(&scene);
    assert_eq!(scene.guess(&on(1)), Err(Duration::from_secs(1)));
}

/// Nor does its pardon forgive what is still to come, at any node, nor its failure move the next ones into the future.
#[test]
fn a_pardon_from_a_clock_that_was_ahead_ends_with_the_mistake() {
    let (mut wrong, right, mut kept) = (Scene::new(), Scene::new(), Kept::default());
    wrong.wait(Duration::from_hours(1));
    wrong.guess(&on(1)).unwrap();
    wrong.throttle.forgive(on(1).account, wrong.now);
    kept.exchange(&wrong);
    for _ in 0..5 {
        right.guess(&on(1)).unwrap();
        kept.exchange(&right);
    }
    let key = ThrottleKey::account(on(1).account);
    assert_eq!((kept.0[&key].failures, kept.0[&key].last_failure_at), (5, right.now));
    assert_eq!(right.guess(&on(1)), Err(Duration::from_secs(1)));
    wrong.now = right.now;
    kept.teach(&wrong);
    assert_eq!(wrong.guess(&on(1)), Err(Duration::from_secs(1)));
}

/// As many attempts as are looked at without a wait, not yet decided.
fn undecided(scene: &Scene, guess: &Guess, number: usize) -> Vec<Reservation> {
    (0..number).map(|_| scene.throttle.reserve(guess, scene.now).unwrap()).collect()
}

/// Whether this guess may wait for others: `None` if it is counted or refused.
fn turn(scene: &Scene, guess: &Guess) -> Option<Turn> {
    scene.throttle.reserve(guess, scene.now).err().and_then(|refused| refused.turn)
}

/// Of a sixth attempt at the same moment nobody knows yet whether it is one too many.
#[test]
fn an_attempt_waits_for_those_before_it_until_enough_have_really_failed() {
    let scene = Scene::new();
    let mut before = undecided(&scene, &on(1), 5);
    assert!(turn(&scene, &on(2)).is_none(), "another account is not concerned");
    for failed in 0..5 {
        let mut sixth = turn(&scene, &on(1)).unwrap_or_else(|| panic!("refused after {failed} failures"));
        assert!(sixth.wait().now_or_never().is_none());
        before.pop().unwrap().failed();
        assert!(sixth.wait().now_or_never().is_some(), "it asks again");
    }
    let refused = scene.throttle.reserve(&on(1), scene.now).unwrap_err();
    assert_eq!((refused.retry_after, refused.turn.is_none()), (Duration::from_secs(1), true));
    assert!(scene.throttle.lock().undecided.is_empty());
}

/// Each way in which an attempt can end, and also when it ends before anybody waits.
#[test]
fn a_success_and_an_attempt_that_was_not_checked_let_the_next_one_in() {
    let succeeded: fn(Reservation) = |reservation| {
        _ = reservation.succeeded();
    };
    for decide in [succeeded, Reservation::not_checked] {
        let scene = Scene::new();
        let mut before = undecided(&scene, &on(1), 5);
        let mut sixth = turn(&scene, &on(1)).unwrap();
        decide(before.pop().unwrap());
        assert!(sixth.wait().now_or_never().is_some(), "not lost");
        assert!(scene.throttle.reserve(&on(1), scene.now).is_ok());
    }
    let scene = Scene::new();
    let before = undecided(&scene, &on(1), 5);
    let mut sixth = turn(&scene, &on(1)).unwrap();
    drop(before);
    assert!(sixth.wait().now_or_never().is_some(), "who hangs up has failed");
    assert!(turn(&scene, &on(1)).is_none());
}

/// TH-1: after a wait one attempt is looked at. The next may be right too, and is refused only if the first
/// was wrong.
#[test]
fn after_a_wait_the_second_waits_for_the_first() {
    for (is_right, next) in [(true, Ok(())), (false, Err(Duration::from_secs(2)))] {
        let mut scene = Scene::new();
        for _ in 0..5 {
            scene.guess(&on(1)).unwrap();
        }
        assert!(turn(&scene, &on(1)).is_none(), "all five are decided");
        scene.wait(Duration::from_secs(1));
        let first = undecided(&scene, &on(1), 1).pop().unwrap();
        assert!(turn(&scene, &on(1)).is_some());
        if is_right {
            assert!(first.succeeded());
        } else {
            first.failed();
        }
        assert_eq!(scene.guess(&on(1)), next);
    }
}

/// TH-7: a network's burst is used up by attempts that may all be right.
#[test]
fn an_attempt_waits_for_others_of_its_network() {
    let scene = Scene::new();
    let home = |account| from(account, [192, 0, 2, 1]);
    let mut before: Vec<_> =
        (0..60).map(|account| scene.throttle.reserve(&home(account), scene.now).unwrap()).collect();
    let mut next = turn(&scene, &home(60)).unwrap();
    _ = before.pop().unwrap().succeeded();
    assert!(next.wait().now_or_never().is_some());
    before.push(scene.throttle.reserve(&home(60), scene.now).unwrap());
    before.into_iter().for_each(Reservation::failed);
    assert!(turn(&scene, &home(61)).is_none(), "sixty have failed");
    assert!(
        turn(&scene, &from(61, [192, 0, 3, 1])).is_none() && scene.guess(&from(62, [192, 0, 3, 1])).is_ok()
    );
}

/// TH-2: a device that wakes with twelve requests, while strangers have used up what unknown devices have.
#[test]
fn a_known_device_waits_for_itself() {
    let scene = Scene::new();
    for _ in 0..5 {
        scene.guess(&on(1)).unwrap();
    }
    let known = Guess { device: Some(device(1)), ..on(1) };
    let mut before = undecided(&scene, &known, 10);
    let mut next = turn(&scene, &known).unwrap();
    _ = before.pop().unwrap().succeeded();
    assert!(next.wait().now_or_never().is_some());
    assert!(scene.throttle.reserve(&known, scene.now).unwrap().is_known_device());
}

/// LM-11: those who wait are bounded, over all and at one account, and a place that is left is free again.
#[test]
fn places_to_wait_are_bounded() {
    let scene = Scene::with(ThrottleOptions { max_waiting: 8, ..ThrottleOptions::default() });
    let _undecided: Vec<_> = (0..6).map(|account| undecided(&scene, &on(account), 5)).collect();
    let mut waiting: Vec<_> =
        (0..4).flat_map(|account| [(); 2].map(|()| turn(&scene, &on(account)))).collect();
    assert!(waiting.iter().all(Option::is_some));
    assert!(turn(&scene, &on(0)).is_none() && turn(&scene, &on(5)).is_none());
    drop(waiting.pop());
    assert!(turn(&scene, &on(0)).is_none(), "two wait at this account");
    assert!(turn(&scene, &on(5)).is_some());
    let none = Scene::with(ThrottleOptions { max_waiting: 0, ..ThrottleOptions::default() });
    let _undecided = undecided(&none, &on(1), 5);
    assert!(turn(&none, &on(1)).is_none());
}

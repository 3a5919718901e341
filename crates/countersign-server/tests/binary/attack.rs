//! Attacks on passwords, from a socket. How many guesses were looked at is counted in the audit log, which has one event
//! for each password that was checked and wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Barrier;

use serde_json::json;

use crate::harness::{Answer, PASSWORD, Place, Server, eventually};

const WRONG: &str = "not the right passphrase";
/// The server takes this machine for its proxy, so that a test can come from any address.
const BEHIND_PROXY: [&str; 4] =
    ["--set", "behind_proxy=127.0.0.1", "--set", "public_origin=https://auth.example"];
/// So that no wait of a name ends during a test, however slow the machine.
const WAITS_OF_AN_HOUR: [&str; 4] =
    ["--set", "throttle.first_delay=1h", "--set", "throttle.longest_delay=1h"];
/// Likewise for the wait of a network.
const NETWORKS_WAIT_AN_HOUR: [&str; 2] = ["--set", "throttle.network_interval=1h"];

/// A connection that is kept: thousands of guesses a second.
struct Attacker(TcpStream);

impl Attacker {
    fn of(server: &Server) -> Self {
        Self(server.connect())
    }

    /// Tries a password; `headers` are whole lines with CR LF.
    fn guess(&mut self, name: &str, password: &str, headers: &str) -> Answer {
        let body = json!({ "username": name, "password": password }).to_string();
        let head = "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        let length = body.len();
        // In one piece: pieces would wait for each other's acknowledgement.
        let request = format!("{head}{headers}Content-Length: {length}\r\n\r\n{body}");
        self.0.write_all(request.as_bytes()).unwrap();
        let (mut text, mut chunk) = (String::new(), [0; 4096]);
        loop {
            let read = self.0.read(&mut chunk).unwrap();
            assert!(read > 0, "the server closed the connection after {text:?}");
            text += std::str::from_utf8(&chunk[..read]).unwrap();
            let Some(answer) = Answer::parse(&text) else { continue };
            let length = answer.head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if answer.body.len() == length.unwrap().parse::<usize>().unwrap() {
                return answer;
            }
        }
    }
}

/// Guesses over so many connections at once, `number` by number, and counts the answers by status.
fn guess_over(
    connections: usize,
    server: &Server,
    numbers: std::ops::Range<usize>,
    of: impl Fn(usize) -> (String, String) + Sync,
) -> Statuses {
    let counted = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..connections)
            .map(|first| {
                let (numbers, of) = (numbers.clone().skip(first).step_by(connections), &of);
                scope.spawn(move || {
                    let mut attacker = Attacker::of(server);
                    let guess = |number| {
                        let (name, headers) = of(number);
                        attacker.guess(&name, WRONG, &headers).status
                    };
                    numbers.map(guess).collect::<Vec<_>>()
                })
            })
            .collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect::<Vec<_>>()
    });
    Statuses(counted)
}

struct Statuses(Vec<u16>);

impl Statuses {
    fn count(&self, status: u16) -> usize {
        self.0.iter().filter(|seen| **seen == status).count()
    }
}

fn from(address: &str) -> String {
    format!("X-Forwarded-For: {address}\r\n")
}

/// The cookies that a sign-in sets, as a browser sends them back.
fn known_device(server: &Server, name: &str) -> String {
    let login = server.login(name, PASSWORD);
    assert_eq!(login.status, 200, "{login:?}");
    let cookies = login.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let device = cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.contains("csd_"));
    format!("Cookie: {}\r\n", device.unwrap())
}

fn events(place: &Place, kind: &str) -> Vec<serde_json::Value> {
    let ran = place.run(&["audit", "--json", "--kind", kind]);
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// TH-1, TH-2, TH-6, TH-8: ten thousand guesses on one account from elsewhere. Five are looked at, the owner's device signs
/// in at the first try, a stolen one has ten guesses more, and after `kill -9` it is all as it was.
#[test]
fn ten_thousand_guesses_are_refused_and_the_owner_is_not() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&WAITS_OF_AN_HOUR);
    let (owner, stolen) = (known_device(&server, "ann"), known_device(&server, "ann"));

    let guesses = guess_over(8, &server, 0..10_000, |number| {
        (["ann", "ANN", "Ann"][number % 3].to_owned(), String::new())
    });
    assert_eq!((guesses.count(401), guesses.count(429)), (5, 9_995));
    assert_eq!(events(&place, "login_failed").len(), 5, "looked at and answered are the same");

    let mut attacker = Attacker::of(&server);
    assert_eq!(attacker.guess("ann", PASSWORD, "").status, 429, "the right one is not looked at either");
    let with_stolen = (0..150).filter(|_| attacker.guess("ann", WRONG, &stolen).status == 401).count();
    assert_eq!(with_stolen, 10);
    assert_eq!(attacker.guess("ann", PASSWORD, &owner).status, 200);

    server.signal("KILL");
    server.wait();
    let server = place.serve(&WAITS_OF_AN_HOUR);
    let mut attacker = Attacker::of(&server);
    assert_eq!(attacker.guess("ann", PASSWORD, "").status, 429);
    assert_eq!(attacker.guess("ann", WRONG, &stolen).status, 429);
    assert_eq!(attacker.guess("ann", PASSWORD, &owner).status, 200);
}

/// TH-1: a new password that the operator sets lets the owner in: the running server forgets what was counted.
#[test]
fn setting_the_password_by_command_lets_the_owner_in() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&WAITS_OF_AN_HOUR);
    let mut owner = Attacker::of(&server);
    for _ in 0..5 {
        assert_eq!(owner.guess("ann", WRONG, "").status, 401);
    }
    assert_eq!(owner.guess("ann", PASSWORD, "").status, 429);
    let ran = place.run_with(&["user", "set-password", "ann"], "another long passphrase\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    eventually(|| owner.guess("ann", "another long passphrase", "").status == 200);
}

/// TH-3: five hundred at the same instant.
#[test]
fn five_hundred_guesses_at_once_do_not_outrun_the_count() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&WAITS_OF_AN_HOUR);
    let ready = Barrier::new(500);
    let statuses = std::thread::scope(|scope| {
        let guess = || {
            let mut attacker = Attacker::of(&server);
            ready.wait();
            attacker.guess("ann", WRONG, "").status
        };
        let guesses: Vec<_> = (0..500).map(|_| scope.spawn(guess)).collect();
        Statuses(guesses.into_iter().map(|guess| guess.join().unwrap()).collect())
    });
    assert_eq!((statuses.count(401), statuses.count(429)), (5, 495));
    assert_eq!(events(&place, "login_failed").len(), 5);
}

/// TH-9, LG-4, LG-7: one guess on each of 5,000 names from 500 addresses: written down once, tighter for strangers, and
/// a known device notices nothing.
#[test]
fn spraying_is_noticed_and_known_devices_are_not_affected() {
    let place = Place::new();
    place.add_user("ann", "user");
    let server = place.serve(&[&BEHIND_PROXY[..], &NETWORKS_WAIT_AN_HOUR].concat());
    let owner = known_device(&server, "ann");
    let spray =
        |number: usize| (format!("name{number}"), from(&format!("10.{}.{}.1", number % 2, number % 250)));
    // The first few hundred are looked at, eight at a time; of the rest, sent all at once, most are shed.
    let (slow, fast) = (guess_over(8, &server, 0..400, spray), guess_over(64, &server, 400..5_000, spray));
    assert_eq!(slow.count(401) + slow.count(503), 400);
    assert_eq!(fast.count(401) + fast.count(429) + fast.count(503), 4_600);
    eventually(|| !events(&place, "spray_suspected").is_empty());
    assert_eq!(events(&place, "spray_suspected").len(), 1);

    let mut attacker = Attacker::of(&server);
    assert_eq!(attacker.guess("ann", PASSWORD, &format!("{owner}{}", from("10.0.0.1"))).status, 200);
    let stranger = from("192.0.2.7");
    let looked_at =
        (0..30).filter(|n| attacker.guess(&format!("other{n}"), WRONG, &stranger).status == 401).count();
    assert_eq!(looked_at, 15, "a quarter of sixty");
}

/// TP-2, TH-7: forged addresses buy no guesses, neither without a proxy nor through one.
#[test]
fn forged_addresses_buy_no_guesses() {
    for (settings, real) in [(&[][..], ""), (&BEHIND_PROXY[..], ", 203.0.113.9:4711")] {
        let place = Place::new();
        let server = place.serve(&[settings, &NETWORKS_WAIT_AN_HOUR].concat());
        let mut attacker = Attacker::of(&server);
        let mut guess = |number: usize| {
            let forged = from(&format!("198.51.{}.{number}{real}", number % 200));
            attacker.guess(&format!("name{number}"), WRONG, &forged).status
        };
        let looked_at = (0..150).filter(|number| guess(*number) == 401).count();
        assert_eq!(looked_at, 60);
        let failed = events(&place, "login_failed");
        assert_eq!(failed.len(), looked_at);
        let seen = if real.is_empty() { "127.0.0.1" } else { "203.0.113.9" };
        assert!(failed.iter().all(|event| event["address"] == seen), "{failed:?}");
        if !real.is_empty() {
            let elsewhere = attacker.guess("name", WRONG, &from("203.0.114.1"));
            assert_eq!(elsewhere.status, 401, "another client of the proxy");
        }
    }
}

/// EN-1, EN-3: names that exist, that nobody has, that are disabled and that cannot be: the same answers in the same
/// order, byte for byte but for the time. A wait may end between two of them on a slow machine, so there are three
/// tries, each from a network of its own; a tell would show in each.
#[test]
fn known_and_unknown_names_get_the_same_answers() {
    let place = Place::new();
    for attempt in 0..3 {
        place.add_user(&format!("known{attempt}"), "user");
        place.add_user(&format!("disabled{attempt}"), "user");
        assert_eq!(place.run(&["user", "disable", &format!("disabled{attempt}")]).code, Some(0));
    }
    let server = place.serve(&BEHIND_PROXY);
    let mut attacker = Attacker::of(&server);
    let mut all_the_same = |attempt: usize| {
        let mut sequences: [Vec<String>; 4] = Default::default();
        let address = from(&format!("192.0.2.{attempt}"));
        for guess in 0..10 {
            for (kind, seen) in ["known", "disabled", "nobody", "no name "].iter().zip(&mut sequences) {
                // The right password where it must not matter: a disabled account always, a throttled one too.
                let password = if guess < 5 && *kind == "known" { WRONG } else { PASSWORD };
                let answer = attacker.guess(&format!("{kind}{attempt}"), password, &address);
                let own = |line: &str| line.starts_with("date: ") || line.starts_with("x-request-id: ");
                let head = answer.head.lines().filter(|line| !own(line));
                seen.push(head.chain([answer.body.as_str()]).collect::<Vec<_>>().join("\n"));
            }
        }
        let [first, ..] = &sequences;
        let is = |answers: &[String], status: &str| answers.iter().all(|answer| answer.contains(status));
        is(&first[..5], "HTTP/1.1 401 ")
            && is(&first[5..], "HTTP/1.1 429 ")
            && sequences.iter().all(|sequence| sequence == first)
    };
    assert!((0..3).any(&mut all_the_same), "they differ each time");
}

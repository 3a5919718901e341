//! A server that hands over to a new one (SIGUSR2) while clients go on: no request is refused, nobody is logged out. One that
//! cannot take over leaves the old one serving.
//!
//! `COUNTERSIGN_SWAPS=20` hands over so often.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::harness::{
    Answer, BINARY, PASSWORD, PATIENCE, Place, address_after, eventually, kill, on_command, request_to,
};
use crate::postgres::{self, new_database};

/// Every refresh rotates, and a token that comes twice ends its session: no response may get lost.
/// On a busy machine a password waits for its hash, and is not refused for that: it would look like a fault of ours.
const STRICT: [&str; 8] = [
    "--set",
    "password.max_wait=10s",
    "--set",
    "session.grace=0s",
    "--set",
    "session.min_age=0s",
    "--set",
    "public_origin=http://localhost:3000",
];

/// A server whose program may be another process from one moment to the next. Killed when it is dropped.
struct Served<'a> {
    place: &'a Place,
    first: Child,
    address: SocketAddr,
}

impl<'a> Served<'a> {
    fn start(place: &'a Place, command: Command) -> Self {
        let first = Self::spawn(place, command);
        let mut served = Self { place, first, address: SocketAddr::from(([0, 0, 0, 0], 0)) };
        eventually(|| served.said().contains("listening on"));
        served.address =
            served.said().lines().find_map(|line| address_after(line, "listening on http")).unwrap();
        served
    }

    fn spawn(place: &Place, mut command: Command) -> Child {
        let log = File::create(place.path("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    fn said(&self) -> String {
        fs::read_to_string(self.place.path("log")).unwrap()
    }

    fn times(&self, words: &str) -> usize {
        self.said().matches(words).count()
    }

    /// The process that serves.
    fn id(&self) -> u32 {
        let said = self.said();
        let last = said.lines().rev().find_map(|line| line.split_once("handed over process="));
        last.map_or(self.first.id(), |(_, id)| id.trim().parse().unwrap())
    }

    fn signal(&self, name: &str) {
        assert!(kill(self.id(), name), "{}", self.said());
    }

    /// Hands over, and waits until that is done.
    fn hand_over(&self) {
        let before = self.times("handed over process=");
        self.signal("USR2");
        eventually(|| self.times("handed over process=") > before);
    }

    /// Tries to hand over, and waits until that has failed.
    fn fail_to_hand_over(&self, why: &str) {
        let (id, before) = (self.id(), self.times("the hand-over failed, serving on"));
        self.signal("USR2");
        eventually(|| self.times("the hand-over failed, serving on") > before);
        let said = self.said();
        assert!(said.contains(why), "{why}: {said}");
        let ready = request_to(self.address, "GET /readyz", "", "").unwrap();
        assert_eq!((ready.status, self.id()), (200, id), "{said}");
    }

    fn stop(&self) {
        self.signal("TERM");
        eventually(|| TcpStream::connect(self.address).is_err());
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.said());
        }
        kill(self.id(), "KILL");
        let _ = self.first.kill();
        let _ = self.first.wait();
    }
}

fn serve(place: &Place, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    place.program(program, &[&["serve", "--listen", "127.0.0.1:0"][..], arguments].concat())
}

/// Goes on for as long as it is told to.
type Client = fn(SocketAddr, &dyn Fn() -> bool);

/// Clients that go on until they are told to stop. The first thing that goes wrong ends the test.
fn under_load(address: SocketAddr, during: impl FnOnce(&dyn Fn())) {
    let (over, done) = (AtomicBool::new(false), [(); 5].map(|()| AtomicU64::new(0)));
    // The last one is told, too, when `during` panics.
    let ends = EndsWhenDropped(&over);
    std::thread::scope(|scope| {
        let clients: [Client; 5] = [sign_in, refresh, refresh, ask, ask_on_one_connection];
        for (client, count) in clients.into_iter().zip(&done) {
            let over = &over;
            scope.spawn(move || {
                client(address, &|| {
                    count.fetch_add(1, Ordering::Relaxed);
                    !over.load(Ordering::Relaxed)
                });
            });
        }
        let all_go_on = || {
            let before = done.each_ref().map(|count| count.load(Ordering::Relaxed));
            eventually(|| {
                done.iter().zip(before).all(|(now, before)| now.load(Ordering::Relaxed) > before + 3)
            });
        };
        all_go_on();
        during(&all_go_on);
        drop(ends);
    });
}

struct EndsWhenDropped<'a>(&'a AtomicBool);

impl Drop for EndsWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn call(address: SocketAddr, request: &str, headers: &str, body: &str) -> Answer {
    let answer =
        request_to(address, request, headers, body).unwrap_or_else(|error| panic!("{request}: {error}"));
    assert_eq!(answer.status, 200, "{request}: {answer:?}");
    answer
}

fn login(address: SocketAddr, name: &str) -> Answer {
    let body = serde_json::json!({ "username": name, "password": PASSWORD }).to_string();
    call(address, "POST /api/login", "Content-Type: application/json\r\n", &body)
}

fn bearer(answer: &Answer) -> String {
    format!("Authorization: Bearer {}\r\n", answer.token())
}

fn sign_in(address: SocketAddr, goes_on: &dyn Fn() -> bool) {
    while goes_on() {
        login(address, "ann");
    }
}

fn refresh(address: SocketAddr, goes_on: &dyn Fn() -> bool) {
    let mut last = login(address, "bob");
    while goes_on() {
        last = call(address, "POST /api/refresh", &format!("Cookie: {}\r\n", last.cookie().unwrap()), "");
        call(address, "GET /api/profile", &bearer(&last), "");
    }
}

fn ask(address: SocketAddr, goes_on: &dyn Fn() -> bool) {
    let bearer = bearer(&login(address, "bob"));
    while goes_on() {
        call(address, "GET /api/profile", &bearer, "");
    }
}

/// As a pool of connections does: the same one for as long as the server says so.
fn ask_on_one_connection(address: SocketAddr, goes_on: &dyn Fn() -> bool) {
    let bearer = bearer(&login(address, "bob"));
    let mut connection = None;
    while goes_on() {
        let stream = connection.get_or_insert_with(|| {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        });
        write!(stream, "GET /api/profile HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n").unwrap();
        let answer = read_answer(stream);
        assert_eq!(answer.status, 200, "{answer:?}");
        if answer.head.contains("connection: close") {
            connection = None;
        }
    }
}

fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut text = Vec::new();
    loop {
        let mut some = [0; 4096];
        let length = stream.read(&mut some).unwrap();
        text.extend(&some[..length]);
        let so_far = String::from_utf8_lossy(&text);
        assert!(length > 0, "the connection was closed after {so_far:?}");
        let Some(answer) = Answer::parse(&so_far) else { continue };
        let length = answer.head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if answer.body.len() >= length.parse().unwrap() {
            return answer;
        }
    }
}

fn swap_under_load(place: &Place) {
    let served = Served::start(place, serve(place, BINARY, &STRICT));
    let swaps = usize::try_from(on_command("COUNTERSIGN_SWAPS", 3)).unwrap();
    under_load(served.address, |all_go_on| {
        for _ in 0..swaps {
            served.hand_over();
            all_go_on();
        }
    });
    served.stop();
    let said = served.said();
    assert_eq!(
        (served.times("handed over process="), served.times("starting ")),
        (swaps, swaps + 1),
        "{said}"
    );
    assert!(!said.contains("ERROR") && !said.contains("aborted"), "{said}");
    // Whoever signs in all the time has more sessions than may be, in the end.
    let ended =
        said.lines().filter(|line| line.contains("\"session_ended\"") && !line.contains("\"too_many\""));
    assert!(ended.count() == 0 && !said.contains("refresh_reuse_detected"), "{said}");
}

#[test]
fn no_request_fails_and_nobody_is_logged_out() {
    let place = Place::new();
    place.add_user("ann", "user");
    place.add_user("bob", "user");
    swap_under_load(&place);
}

#[test]
fn the_same_on_postgresql() {
    let (url, _) = new_database();
    let place = postgres::place(&url);
    assert_eq!(place.run(&["init"]).code, Some(0));
    place.add_user_to_shared("ann", "user");
    place.add_user_to_shared("bob", "user");
    swap_under_load(&place);
}

/// A new program that is broken in any way, at any time, leaves the old one serving.
#[test]
fn a_program_that_cannot_take_over_leaves_the_old_one_serving() {
    let mut place = Place::new();
    place.set("PATH", "/usr/bin:/bin");
    place.add_user("ann", "user");
    place.write("countersign.toml", "");
    let (program, good) = (place.path("bin/countersign"), place.path("good"));
    fs::create_dir(place.path("bin")).unwrap();
    fs::copy(BINARY, &good).unwrap();
    put_in_place(&good, &program);
    let served = Served::start(&place, serve(&place, &program, &[]));
    let session = login(served.address, "ann");

    let script = |text: &str| {
        let path = place.path("bad");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        put_in_place(&path, &program);
    };
    fs::remove_file(&program).unwrap();
    served.fail_to_hand_over("cannot start");
    script("exit 3");
    served.fail_to_hand_over("the new server has ended while it prepared (exit status: 3)");
    script("printf x >&0; exec sleep 60");
    served.fail_to_hand_over("the new program does not know how to take over");
    // The store is closed by then, and opened again.
    script("printf p >&0; head -c 1 <&0 >/dev/null");
    served.fail_to_hand_over("the new server has ended while it opened the store");
    put_in_place(&good, &program);
    place.write("countersign.toml", "acess_ttl = 1\n");
    served.fail_to_hand_over("there is no key \"acess_ttl\"");
    place.write("countersign.toml", "data_dir = \"elsewhere\"\n");
    served.fail_to_hand_over("there is no database");

    place.write("countersign.toml", "");
    assert_eq!(request_to(served.address, "GET /api/profile", &bearer(&session), "").unwrap().status, 200);
    served.hand_over();
    assert_eq!(request_to(served.address, "GET /api/profile", &bearer(&session), "").unwrap().status, 200);
}

/// As an upgrade does: a file that runs cannot be written.
fn put_in_place(file: &Path, program: &Path) {
    let new = program.with_extension("new");
    fs::copy(file, &new).unwrap();
    fs::rename(new, program).unwrap();
}

/// SIGTERM while another server prepares: both end.
#[test]
fn a_stop_ends_the_hand_over_too() {
    let mut place = Place::new();
    place.set("PATH", "/usr/bin:/bin");
    place.make_database();
    let program = place.path("countersign");
    put_in_place(Path::new(BINARY), &program);
    let mut served = Served::start(&place, serve(&place, &program, &[]));
    let slow = place.path("slow");
    fs::write(&slow, format!("#!/bin/sh\necho $$ >{}\nexec sleep 600\n", place.path("pid").display()))
        .unwrap();
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).unwrap();
    put_in_place(&slow, &program);
    served.signal("USR2");
    eventually(|| fs::read_to_string(place.path("pid")).is_ok_and(|pid| pid.ends_with('\n')));
    let new = fs::read_to_string(place.path("pid")).unwrap();
    served.signal("TERM");
    assert_eq!(served.first.wait().unwrap().code(), Some(0), "{}", served.said());
    assert!(!Path::new(&format!("/proc/{}", new.trim())).exists());
}

/// What systemd hears.
#[test]
fn the_service_manager_is_told() {
    let mut place = Place::new();
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = |words: &str| {
        let mut message = [0; 256];
        loop {
            let length = socket.recv(&mut message).unwrap_or_else(|error| panic!("{words}: {error}"));
            let said = String::from_utf8_lossy(&message[..length]).into_owned();
            if said.contains(words) {
                return said;
            }
            assert_eq!(said, "WATCHDOG=1\n", "instead of {words}");
        }
    };
    place.set("NOTIFY_SOCKET", place.path("notify").to_str().unwrap());
    place.set("WATCHDOG_USEC", "100000");
    place.make_database();
    let served = Served::start(&place, serve(&place, BINARY, &[]));
    hear("READY=1");
    hear("WATCHDOG=1");
    served.signal("HUP");
    assert!(hear("RELOADING=1").contains("MONOTONIC_USEC="));
    hear("READY=1");
    let old = served.id();
    served.signal("USR2");
    hear("RELOADING=1");
    let new = hear("MAINPID=");
    assert!(new.contains("READY=1"), "{new}");
    eventually(|| served.id() != old);
    assert!(new.contains(&format!("MAINPID={}\n", served.id())), "{new}");
    hear("READY=1");
    hear("WATCHDOG=1");
    served.signal("TERM");
    hear("STOPPING=1");
}

/// systemd's own implementation of its protocol.
#[test]
fn systemd_passes_sockets_on() {
    let mut place = Place::new();
    place.make_database();
    place.set("COUNTERSIGN_METRICS", "127.0.0.1:1");
    let [port, metrics] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let (listen, listen_metrics) = (format!("--listen={port}"), format!("--listen={metrics}"));
    let arguments = [listen.as_str(), &listen_metrics, "--fdname=web:metrics", BINARY, "serve"];
    let mut activated = Served::spawn(&place, place.program("systemd-socket-activate", &arguments));
    let served = |path: &str, address: SocketAddr| request_to(address, &format!("GET {path}"), "", "");
    eventually(|| served("/healthz", port).is_ok_and(|answer| answer.status == 200));
    assert_eq!(served("/metrics", metrics).unwrap().status, 200);
    assert!(kill(activated.id(), "TERM"));
    assert_eq!(activated.wait().unwrap().code(), Some(0));

    // TP-1: who opens the socket makes no difference.
    let public = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap();
    let listen = format!("--listen={public}");
    let arguments = [listen.as_str(), BINARY, "serve"];
    let mut refused = Served::spawn(&place, place.program("systemd-socket-activate", &arguments));
    eventually(|| TcpStream::connect(("127.0.0.1", public.port())).is_ok());
    assert_eq!(refused.wait().unwrap().code(), Some(2));
    let said = fs::read_to_string(place.path("log")).unwrap();
    assert!(said.contains("can be reached from other machines") && said.contains("LISTEN_FDS"), "{said}");
}

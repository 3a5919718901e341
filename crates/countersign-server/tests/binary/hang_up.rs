//! Clients that hang up at any point of a request (CC-6, J9): afterwards the server holds as many connections, as much
//! memory and as many places for password hashes as before, and no session is broken.
//!
//! `COUNTERSIGN_HANG_UPS=10000` hangs up so often.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use countersign::internal::base::random::Random;

use crate::database::Database;
use crate::harness::{Answer, PASSWORD, Place, Server, eventually, on_command};

const CLIENTS: u64 = 8;
/// Every refresh rotates. Bad logins come from many networks, or they would be refused before a hash is asked for.
const OPTIONS: [&str; 8] = [
    "--set",
    "session.grace=0s",
    "--set",
    "session.min_age=0s",
    "--set",
    "behind_proxy=127.0.0.1",
    "--set",
    "public_origin=https://auth.example.com",
];

#[test]
fn clients_that_hang_up_leave_nothing_behind() {
    let hang_ups = on_command("COUNTERSIGN_HANG_UPS", 2_000);
    let seed = on_command("COUNTERSIGN_SEED", u64::from_le_bytes(Random::system().bytes()));
    println!("COUNTERSIGN_SEED={seed}");
    let place = Place::new();
    for client in 0..CLIENTS {
        place.add_user(&format!("ann{client}"), "user");
    }
    place.add_user("bob", "user");
    place.add_user("carl", "user");
    let server = place.serve(&OPTIONS);
    let bob = server.login("bob", PASSWORD);
    let round = |number: u64| {
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (server, dice) = (&server, Random::insecure_seeded(seed ^ (number << 32) ^ client));
                scope.spawn(move || hang_up_often(server, client, &dice, hang_ups / 2 / CLIENTS));
            }
        });
        // The last of them are noticed, and what they asked for is done.
        eventually(|| server.open_files() <= 40);
        (server.open_files(), server.resident_kib())
    };
    // The first round fills caches, pools and stacks.
    let (files, memory) = round(0);
    let (files_after, memory_after) = round(1);
    println!(
        "{files} files and {memory} KiB after {} hang-ups, then {files_after} and {memory_after}",
        hang_ups / 2
    );
    assert!(memory_after <= memory + 4096, "memory grows: {memory} KiB, then {memory_after}");

    // No place in the queue of hashes is lost, no connection is short, no session is broken.
    for client in 0..CLIENTS {
        assert_eq!(server.login(&format!("ann{client}"), PASSWORD).status, 200);
    }
    assert_eq!(server.profile(&bob.token()).status, 200);
    assert_eq!(server.refresh(&bob.cookie().unwrap()).unwrap().status, 200);
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
    Database::of(&place).assert_consistent();
}

/// Sends a part of a request, or the whole of it, and hangs up; or reads a part of the answer first.
fn hang_up_often(server: &Server, client: u64, dice: &Random, times: u64) {
    let below = |most: usize| usize::from(u16::from_le_bytes(dice.bytes())) % most;
    let mut session = signed_in(server, client);
    for _ in 0..times {
        // A rotation that was cut off may have been made: its session is not tried again.
        let mut is_spent = false;
        let text = match below(20) {
            // A right password too; such a login counts as a failed one, so it is not one of ours.
            0 => login("carl", PASSWORD, below(65536)),
            1 => login(&format!("nobody{}", below(1000)), "a guess that is long enough", below(65536)),
            2..8 => {
                request("POST", "/api/logout", "Content-Type: application/json\r\n", "{\"everywhere\":false}")
            }
            8..14 => {
                request("GET", "/api/profile", &format!("Authorization: Bearer {}\r\n", session.token()), "")
            }
            _ => {
                is_spent = true;
                request("POST", "/api/refresh", &format!("Cookie: {}\r\n", session.cookie().unwrap()), "")
            }
        };
        let sent = match below(4) {
            0 => below(text.len()),
            _ => text.len(),
        };
        let Ok(mut stream) = TcpStream::connect(server.address) else { panic!("no more connections") };
        stream.write_all(&text.as_bytes()[..sent]).unwrap();
        if sent == text.len() {
            match below(3) {
                0 => drop(stream.shutdown(std::net::Shutdown::Write)),
                1 => drop(stream.read(&mut [0; 16])),
                _ => {}
            }
            if is_spent && below(8) == 0 {
                session = signed_in(server, client);
            }
        }
    }
}

/// Signs in, however many hashes others have asked for.
fn signed_in(server: &Server, client: u64) -> Answer {
    let mut answer = server.login(&format!("ann{client}"), PASSWORD);
    while answer.status == 503 {
        answer = server.login(&format!("ann{client}"), PASSWORD);
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

fn login(name: &str, password: &str, network: usize) -> String {
    let body = format!(r#"{{"username":"{name}","password":"{password}"}}"#);
    let from = format!("X-Forwarded-For: 10.{}.{}.1\r\n", network / 256, network % 256);
    request("POST", "/api/login", &format!("Content-Type: application/json\r\n{from}"), &body)
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

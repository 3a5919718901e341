//! PW-8: what is left of a password in the server's memory when it is idle, and who could look.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};

use crate::harness::{Answer, Place, Server, eventually};

fn core_limit(process: &str) -> String {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_crash_leaves_no_core_file_unless_asked_for() {
    let place = Place::new();
    let private = place.serve(&[]);
    assert_eq!(core_limit(&private.id().to_string()), "0 0 bytes");
    // Of root, whoever runs it: nobody else may read it (proc(5), dumpable).
    let owner = fs::metadata(format!("/proc/{}/mem", private.id())).unwrap().uid();
    assert_eq!(owner, 0);
    drop(private);
    let open = place.serve(&["--set", "core_dumps=on"]);
    assert_eq!(core_limit(&open.id().to_string()), core_limit("self"));
    assert!(open.stop().1.contains("core_dumps is on"));
}

/// How often these bytes are in the memory that the server can write to.
fn count(server: &Server, wanted: &str) -> usize {
    let process = format!("/proc/{}", server.id());
    let memory = File::open(format!("{process}/mem")).unwrap();
    let maps = fs::read_to_string(format!("{process}/maps")).unwrap();
    let mut hits = 0;
    for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let address = |hex| u64::from_str_radix(hex, 16).unwrap();
        let mut bytes = vec![0; usize::try_from(address(to) - address(from)).unwrap()];
        // A mapping may have gone meanwhile.
        let read = memory.read_at(&mut bytes, address(from)).unwrap_or(0);
        // The library's search is fast in the debug profile too.
        hits += String::from_utf8_lossy(&bytes[..read]).matches(wanted).count();
    }
    hits
}

#[test]
fn a_password_is_gone_from_memory_when_it_was_checked() {
    let place = Place::new();
    // So that this test may look; it does not run as root everywhere.
    let server = place.serve(&["--set", "core_dumps=on"]);
    let canary = "canary passphrase \u{e4}\u{f6}";
    // One that JSON can only write with an escape, which its reader decodes into a buffer of its own.
    let body = format!(r#"{{"username":"nobody","password":"{canary}\u0021"}}"#);
    let mut open = server.connect();
    let head = "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    open.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 4096];
    let length = open.read(&mut answer).unwrap();
    assert_eq!(Answer::parse(&String::from_utf8_lossy(&answer[..length])).unwrap().status, 401);
    assert_eq!(server.login("nobody", canary).status, 401);
    eventually(|| count(&server, canary) == 0);
    assert!(count(&server, "countersign-data") > 0, "and this is found, so the search works");
    drop(open);
}

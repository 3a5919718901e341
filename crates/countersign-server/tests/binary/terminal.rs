//! What somebody at a terminal is asked, and when. `script` (util-linux) is the terminal.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use crate::harness::{PASSWORD, PATIENCE, Place};

struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

impl Terminal {
    fn run(place: &Place, arguments: &str) -> Self {
        let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_countersign"));
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(place.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let (show, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut part = [0; 1024];
            while let Ok(length @ 1..) = output.read(&mut part) {
                if show.send(part[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = child.stdin.take().unwrap();
        Self { child, keys, screen, shown: String::new() }
    }

    /// Waits for this text, types a line, and forgets what was shown before.
    fn at(&mut self, text: &str, line: &str) {
        while !self.shown.contains(text) {
            let part = self.screen.recv_timeout(PATIENCE);
            let part = part.unwrap_or_else(|_| panic!("{text:?} is not shown: {}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&part));
        }
        self.shown.clear();
        writeln!(self.keys, "{line}").unwrap();
    }

    /// Waits for the end; gives the exit code and what was shown since the last line was typed.
    fn end(mut self) -> (Option<i32>, String) {
        while let Ok(part) = self.screen.recv_timeout(PATIENCE) {
            self.shown.push_str(&String::from_utf8_lossy(&part));
        }
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.shown))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const NEW: &str = " (at least 15 characters): ";
const REPEAT: &str = "Repeat the password: ";

#[test]
fn a_password_that_is_refused_is_asked_for_again() {
    let place = Place::with_database();
    for (command, done) in
        [("user add ann", "Added ann"), ("user set-password ann", "Set the password of ann")]
    {
        let mut terminal = Terminal::run(&place, command);
        terminal.at(NEW, "short");
        terminal.at(REPEAT, "short");
        terminal.at("must have at least 15 characters; choose another one", PASSWORD);
        terminal.at(REPEAT, "another long enough passphrase");
        terminal.at("the passwords differ", PASSWORD);
        terminal.at(REPEAT, PASSWORD);
        let (code, shown) = terminal.end();
        assert!(code == Some(0) && shown.contains(done), "{code:?} {shown}");
    }
    let mut terminal = Terminal::run(&place, "user add bob");
    terminal.at(NEW, "");
    let (code, shown) = terminal.end();
    assert!(code == Some(1) && shown.contains("nothing was changed"), "{code:?} {shown}");
}

#[test]
fn nobody_thinks_of_a_password_for_a_name_that_is_taken() {
    let place = Place::with_database();
    place.add_user("ann", "user");
    let (code, shown) = Terminal::run(&place, "user add ANN").end();
    assert!(code == Some(1) && shown.contains("the user name is taken"), "{code:?} {shown}");
    assert!(!shown.contains("New password"), "{shown}");
}

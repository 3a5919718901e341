//! Starts the binary in a folder of its own, talks HTTP to it, and collects everything that it says.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// Nothing in a test may wait longer for something that is about to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Whoever looks without a pause holds the lock of what it looks at nearly all the time, and keeps it from whoever has something
/// to write there: a receiver that has to note a request before it answers lets its client wait.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_countersign");
pub(crate) const PASSWORD: &str = "a long enough passphrase";

/// A folder to run commands in.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The binary with these arguments, in this folder, with an environment of the test's own.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(BINARY, arguments)
    }

    /// The same with another program.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end with this on standard input; one that does not end is killed after [`PATIENCE`].
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        self.run_in("", arguments, input)
    }

    /// The same in a folder below this one.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str], input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .current_dir(self.path(folder))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses at once does not read it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let (id, (ended, end)) = (child.id(), mpsc::channel());
        let watch = std::thread::spawn(move || {
            if end.recv_timeout(PATIENCE).is_err() {
                kill(id, "KILL");
            }
        });
        let ran = Ran::from(child.wait_with_output().unwrap());
        let _ = ended.send(());
        watch.join().unwrap();
        ran
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// A folder with a database in it.
    pub(crate) fn with_database() -> Self {
        let place = Self::new();
        place.make_database();
        place
    }

    /// Makes the database, if there is none yet, with the environment and the files of the folder.
    pub(crate) fn make_database(&self) {
        if !self.path("countersign-data/countersign.db").exists() {
            let ran = self.run(&["init"]);
            assert!(ran.code == Some(0), "{ran:?}");
        }
    }

    /// Adds an account with [`PASSWORD`]; makes the database if there is none yet.
    pub(crate) fn add_user(&self, name: &str, role: &str) {
        self.make_database();
        self.add_user_to_shared(name, role);
    }

    /// The same in a database that is there.
    pub(crate) fn add_user_to_shared(&self, name: &str, role: &str) {
        let ran = self.run_with(&["user", "add", name, "--role", role], &format!("{PASSWORD}\n"));
        assert!(ran.code == Some(0), "{ran:?}");
    }

    /// Starts `serve`; makes the database if there is none yet.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        self.make_database();
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        self.start(&all)
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn start(&self, arguments: &[&str]) -> Server {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, listening) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let said_so_far = Arc::<Mutex<String>>::default();
        let all = Arc::clone(&said_so_far);
        let log = std::thread::spawn(move || {
            let mut metrics = None;
            for line in stderr.lines().map_while(Result::ok) {
                metrics = address_after(&line, "metrics on http").or(metrics);
                if let Some(address) = address_after(&line, "listening on http") {
                    let _ = said.send((address, metrics));
                }
                *all.lock().unwrap() += &(line + "\n");
            }
            std::mem::take(&mut *all.lock().unwrap())
        });
        let Ok((address, metrics)) = listening.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            panic!("the server did not start: {}", log.join().unwrap());
        };
        Server { child, address, metrics, log: Some(log), said_so_far }
    }
}

/// The address in a line of the log such as `listening on https://127.0.0.1:3000`.
pub(crate) fn address_after(line: &str, words: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once(words)?;
    let digits = |c: char| c.is_ascii_hexdigit() || ".:[]".contains(c);
    let address = address.trim_start_matches('s').trim_start_matches("://");
    let end = address.find(|c| !digits(c)).unwrap_or(address.len());
    address[..end].parse().ok()
}

pub(crate) fn kill(id: u32, signal: &str) -> bool {
    Command::new("kill").arg(format!("-{signal}")).arg(id.to_string()).status().unwrap().success()
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// A running server; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where the metrics are, if they are.
    pub(crate) metrics: Option<SocketAddr>,
    log: Option<JoinHandle<String>>,
    said_so_far: Arc<Mutex<String>>,
}

impl Server {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its log until now.
    pub(crate) fn said(&self) -> String {
        self.said_so_far.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        assert!(kill(self.child.id(), name));
    }

    /// How many files and sockets it has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// How much memory it holds.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Waits for its end; gives how it ended and everything it said.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        said.push_str(&self.log.take().unwrap().join().unwrap());
        (status, said)
    }

    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.wait()
    }

    /// A connection that gives up on reading after [`PATIENCE`].
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// One request on a connection of its own; `headers` are whole lines with CR LF.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        self.try_request(method, path, headers, body).unwrap()
    }

    /// The same when the server may be gone.
    pub(crate) fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        request_to(self.address, &format!("{method} {path}"), headers, body)
    }

    /// A page of metrics, in the format that `accept` asks for.
    pub(crate) fn metrics(&self, accept: &str) -> Answer {
        let headers = format!("Accept: {accept}\r\n");
        request_to(self.metrics.unwrap(), "GET /metrics", &headers, "").unwrap()
    }

    pub(crate) fn login(&self, name: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "username": name, "password": password }).to_string();
        self.request("POST", "/api/login", "Content-Type: application/json\r\n", &body)
    }

    pub(crate) fn profile(&self, token: &str) -> Answer {
        self.request("GET", "/api/profile", &format!("Authorization: Bearer {token}\r\n"), "")
    }

    pub(crate) fn refresh(&self, cookie: &str) -> std::io::Result<Answer> {
        self.try_request("POST", "/api/refresh", &format!("Cookie: {cookie}\r\n"), "")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.said());
        }
    }
}

/// One request (its method and its path) on a connection of its own; `headers` are whole lines with CR LF.
pub(crate) fn request_to(
    address: SocketAddr,
    request: &str,
    headers: &str,
    body: &str,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    stream.write_all(format!("{head}Content-Length: {length}\r\n{headers}\r\n{body}").as_bytes())?;
    let mut answer = Vec::new();
    // A server that has refused what it has not read to its end resets the connection after its answer.
    let ended = stream.read_to_end(&mut answer);
    match Answer::parse(&String::from_utf8_lossy(&answer)) {
        Some(answer) => Ok(answer),
        None => Err(ended.err().unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into())),
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head: head.to_owned(), body: body.to_owned() })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn token(&self) -> String {
        self.json()["accessToken"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    /// The refresh cookie as `name=value`.
    pub(crate) fn cookie(&self) -> Option<String> {
        let line = self.head.lines().find_map(|line| line.strip_prefix("set-cookie: "))?;
        line.split(';').next().map(str::to_owned)
    }

    pub(crate) fn request_id(&self) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
        line.unwrap_or_else(|| panic!("{self:?}"))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// How much of something a test does: as much as this environment variable says, or else `usually`.
pub(crate) fn on_command(variable: &str, usually: u64) -> u64 {
    std::env::var_os(variable).map_or(usually, |text| text.to_str().unwrap().parse().unwrap())
}

/// Asks until it holds; gives up after [`PATIENCE`].
pub(crate) fn eventually(mut holds: impl FnMut() -> bool + Send) {
    let (done, waiting) = mpsc::channel();
    let (given_up, pause) = mpsc::channel::<()>();
    let held = std::thread::scope(|scope| {
        scope.spawn(move || {
            while !holds() {
                if pause.recv_timeout(BETWEEN_LOOKS) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
            let _ = done.send(());
        });
        let held = waiting.recv_timeout(PATIENCE);
        drop(given_up);
        held
    });
    assert_eq!(held, Ok(()), "it never came true");
}

/// Runs curl as a user would type it; gives its standard output.
pub(crate) fn curl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("curl").arg("-sS").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "curl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

//! A PostgreSQL server of this test process, from the installed binaries: made when the first test asks for it, gone with
//! the process however that ends. Each test gets a database of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Whether tests that run on one store at a time shall run on this one.
pub(crate) fn is_wanted() -> bool {
    std::env::var_os("COUNTERSIGN_TEST_STORE").is_some_and(|store| store == "postgres")
}

/// Makes an empty database; gives its name.
pub(crate) fn new_database() -> String {
    server().new_database()
}

/// Runs SQL with another program than ours, as its superuser; gives what it prints.
pub(crate) fn sql(database: &str, sql: &str) -> String {
    server().sql(database, sql)
}

/// Lets a function of the server give something else, on connections that are made from now on; it can be given
/// something else again at any time.
pub(crate) fn pretend(database: &str, function: &str, kind: &str, value: &str) {
    sql(
        database,
        &format!(
            "ALTER DATABASE {database} SET search_path = public, pg_catalog;
             CREATE OR REPLACE FUNCTION public.{function}() RETURNS {kind} LANGUAGE sql AS 'SELECT {value}'"
        ),
    );
}

/// The address of this database.
pub(crate) fn url(database: &str) -> String {
    server().url(database)
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&[], &[]))
}

/// A server that ends when it is dropped.
pub(crate) struct Server {
    binaries: PathBuf,
    /// Its files, and the socket on which it listens.
    directory: PathBuf,
    port: String,
    databases: AtomicU32,
    /// A shell that ends the server and deletes its files when its standard input is closed: as this process ends.
    _shell: Child,
}

impl Server {
    /// Starts a server with these settings beside the usual ones, like `ssl=on`, and these files beside its own, by name.
    pub(crate) fn start(settings: &[&str], files: &[(&str, &str)]) -> Self {
        let binaries = binaries();
        let template = template(&binaries);
        let directory = new_directory().keep();
        let unpacked = command("tar", &directory).arg("-xf-").stdin(template).status().unwrap();
        assert!(unpacked.success());
        let socket = directory.to_str().unwrap();
        let port =
            settings.iter().find_map(|setting| setting.strip_prefix("port=")).unwrap_or("5432").to_owned();
        let settings =
            [&format!("unix_socket_directories='{socket}'"), USUAL_SETTINGS, &settings.join("\n"), ""];
        let mut file = OpenOptions::new().append(true).open(directory.join("data/postgresql.conf")).unwrap();
        file.write_all(settings.join("\n").as_bytes()).unwrap();
        for (name, text) in files {
            let path = directory.join("data").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give_away(&path);
        }
        let mut shell = command("/bin/sh", &directory);
        shell.args(["-c", SCRIPT]).env("BINARIES", &binaries).env("DIRECTORY", &directory).process_group(0);
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        Self { binaries, directory, port, databases: AtomicU32::new(0), _shell: shell }
    }

    /// Makes an empty database; gives its name.
    pub(crate) fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Ends it in the way that `pg_ctl stop` calls so; as a crash of the machine does it is `immediate`.
    pub(crate) fn stop(&self, mode: &str) {
        let program = self.binaries.join("pg_ctl");
        self.run(program.to_str().unwrap(), &["stop", "--silent", "--pgdata=data", "--mode", mode]);
    }

    /// While it is stopped: what a standby may have that gets nothing more from now on.
    pub(crate) fn keep_files(&self) {
        self.run("cp", &["--archive", "data", "kept"]);
    }

    /// While it is stopped: that standby takes its place.
    pub(crate) fn put_files_back(&self) {
        self.run("rm", &["--recursive", "data"]);
        self.run("mv", &["kept", "data"]);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = command(program, &self.directory);
        // What it starts goes on, and would hold the test's own output open.
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "{program} {arguments:?}");
    }

    /// Whether it takes new connections.
    pub(crate) fn is_up(&self) -> bool {
        let mut psql = Command::new(self.binaries.join("psql"));
        let query = psql.arg(self.url("postgres")).args(["--no-psqlrc", "--command", "SELECT"]);
        query.output().unwrap().status.success()
    }

    /// Runs SQL with another program than ours, as its superuser; gives what it prints.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        self.sql_at(&self.url(database), sql)
    }

    /// The same by another way to it.
    pub(crate) fn sql_at(&self, url: &str, sql: &str) -> String {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        let output = psql.arg(url).args(["--command", sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The address of this database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://tester:{PASSWORD}@{}:{}/{database}", self.host(), self.port)
    }

    /// Where it listens, as a URL has it.
    pub(crate) fn host(&self) -> String {
        self.directory.to_str().unwrap().replace('/', "%2F")
    }

    /// The folder of the socket.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Ends all its processes as a power failure would.
    pub(crate) fn kill(&self) {
        let lock = fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap();
        let postmaster = lock.lines().next().unwrap();
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        let killed = Command::new("kill").arg("-KILL").arg(postmaster).status().unwrap();
        assert!(killed.success());
        // Those of them that have noticed are gone already.
        let _ = Command::new("kill").arg("-KILL").args(children.split_whitespace()).output();
    }

    /// Starts it after it was killed or stopped; false while something of it is left.
    pub(crate) fn start_again(&self) -> bool {
        let mut start = command(self.binaries.join("pg_ctl"), &self.directory);
        start.args(["start", "--silent", "--wait", "--pgdata=data", "--log=log"]).process_group(0);
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }
}

/// `initdb` takes a second of the processor, and every test may be a process of its own: what it makes is kept.
fn template(binaries: &Path) -> File {
    let version = Command::new(binaries.join("postgres")).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let version = version.split_whitespace().nth(2).unwrap().to_owned();
    let path = directory_of_templates().join(format!("postgresql-{version}.tar"));
    if let Ok(file) = File::open(&path) {
        return file;
    }
    let directory = new_directory();
    fs::write(directory.path().join("password"), PASSWORD).unwrap();
    fs::set_permissions(directory.path().join("password"), fs::Permissions::from_mode(0o644)).unwrap();
    let mut initdb = command(binaries.join("initdb"), directory.path());
    initdb.args(["--pgdata=data", "--username=tester", "--pwfile=password", "--auth=scram-sha-256"]);
    initdb.args(["--encoding=UTF8", "--no-locale", "--no-sync", "--wal-segsize=1"]);
    let output = initdb.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let archive = directory.path().join("data.tar");
    let tar = Command::new("tar").arg("-cf").arg(&archive).arg("data").current_dir(directory.path()).status();
    assert!(tar.unwrap().success());
    // Of several processes that make it at once, each moves a whole one there.
    let own = path.with_extension(format!("{}.tar", std::process::id()));
    fs::copy(&archive, &own).unwrap();
    fs::rename(&own, &path).unwrap();
    File::open(&path).unwrap()
}

/// Unit tests have no directory of their own.
fn directory_of_templates() -> PathBuf {
    option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from)
}

/// A directory for whoever runs the server.
pub(crate) fn new_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    give_away(directory.path());
    directory
}

/// What root has made belongs to whoever runs the server.
fn give_away(path: &Path) {
    if as_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// Runs in `directory`, and not as root: PostgreSQL refuses to.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env("LC_ALL", "C");
    if as_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn as_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where `COUNTERSIGN_TEST_POSTGRES` says; else Debian's place for each version, or what is on the path.
fn binaries() -> PathBuf {
    if let Some(directory) = std::env::var_os("COUNTERSIGN_TEST_POSTGRES") {
        return PathBuf::from(directory);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let versions = versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("postgres").exists());
    let number = |bin: &PathBuf| {
        bin.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok())
    };
    versions
        .max_by_key(number)
        .or_else(|| {
            let path = std::env::var_os("PATH")?;
            std::env::split_paths(&path).find(|directory| directory.join("postgres").exists())
        })
        .unwrap_or_else(|| panic!("these tests need PostgreSQL: scripts/test installs it"))
}

const NOBODY: u32 = 65534;
const PASSWORD: &str = "secret";
/// Nothing here has to survive a crash of the machine.
const USUAL_SETTINGS: &str = "
listen_addresses=''
fsync=off
shared_buffers=16MB
max_connections=200";
/// Starts the server, says so, and ends it with the end of standard input.
const SCRIPT: &str = r#"
"$BINARIES/pg_ctl" start --silent --wait --pgdata=data --log=log || { cat log >&2; exit 1; }
echo ready
exec >/dev/null 2>&1
cat >/dev/null
"$BINARIES/pg_ctl" stop --silent --mode=immediate --pgdata=data
cd / && rm -rf "$DIRECTORY"
"#;

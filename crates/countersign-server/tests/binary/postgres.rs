//! The server and its commands on a PostgreSQL database that several nodes share.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::harness::{PASSWORD, Place, Server, eventually};
use crate::postgresql;

/// Tokens are to be good on every node, and each listens on another port.
pub(crate) const ORIGIN: [&str; 2] = ["--set", "public_origin=http://localhost:3000"];

/// The address of an empty database, and its name.
pub(crate) fn new_database() -> (String, String) {
    let name = postgresql::new_database();
    (postgresql::url(&name), name)
}

/// A folder whose commands use this database.
pub(crate) fn place(url: &str) -> Place {
    let mut place = Place::new();
    place.set("COUNTERSIGN_STORE", url);
    place
}

fn node(place: &Place) -> Server {
    place.start(&["serve", "--listen", "127.0.0.1:0"])
}

/// What an operator and a client do, on a database that the first command fills.
#[test]
fn server_and_commands_work_on_postgresql() {
    let (url, name) = new_database();
    let place = Place::new();
    place.write("password", "secret\n");
    let store = format!("store={}", url.replace(":secret", ""));
    let ran = place.run(&["init", "--set", &store, "--set", "store_password_file=password"]);
    assert!(ran.code == Some(0) && ran.out.contains(&format!("/{name}")), "{ran:?}");
    assert!(!place.path("countersign-data/countersign.db").exists(), "the data directory has the key alone");
    let ran = place.run_with(&["user", "add", "ann", "--role", "admin"], &format!("{PASSWORD}\n"));
    assert!(ran.code == Some(0) && ran.err.contains(&format!("/{name}")), "{ran:?}");
    let server = node(&place);
    let login = server.login("ann", PASSWORD);
    assert_eq!(server.profile(&login.token()).status, 200);
    let refreshed = server.refresh(&login.cookie().unwrap()).unwrap();
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    assert_eq!(server.request("GET", "/readyz", "", "").status, 200);
    let sessions = place.run(&["session", "list", "--json"]).json();
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{sessions}");
    assert_eq!(place.run(&["key", "list", "--json"]).json().as_array().map(Vec::len), Some(1));
    place.run(&["feed-key", "add", "shop"]);
    place.run(&["client", "add", "till"]);
    let cookie = format!("Cookie: {}\r\n", login.cookie().unwrap());
    assert_eq!(server.request("POST", "/api/logout", &cookie, "").status, 204);
    assert_eq!(server.profile(&login.token()).status, 401);
    let audit = place.run(&["audit", "--json"]).out;
    for kind in ["account_created", "login_succeeded", "session_ended", "feed_key_created", "client_created"]
    {
        assert!(audit.contains(kind), "{kind}: {audit}");
    }
    let (status, said) = server.stop();
    assert!(status.success() && said.contains(&format!("/{name}")), "{said}");
    assert!(!said.contains(":secret") && !audit.contains(":secret"));
}

/// Everything that needs it says at once what is wrong with the database, and never the password.
#[test]
fn a_database_that_cannot_be_used_is_refused_with_the_reason() {
    let (url, name) = new_database();
    let read_only = postgresql::Server::start(&[], &[("standby.signal", "")]);
    let refused = |url: &str, why: &[&str]| {
        let place = place(url);
        place.write("countersign.toml", "");
        place.write("master.key", &format!("1 {}\n", "0123456789abcdef".repeat(4)));
        for command in [&["user", "list"][..], &["config", "check"], &["init"]] {
            let ran = place.run(&[command, &["--set", "master_key_file=master.key"]].concat());
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(why.iter().all(|why| ran.err.contains(why)), "{why:?}: {ran:?}");
            assert!(!format!("{ran:?}").contains(":secret") && !ran.err.contains("guess"), "{ran:?}");
        }
    };
    refused("postgres://tester:guess@127.0.0.1:1/auth", &["postgres://127.0.0.1:1/auth cannot be reached"]);
    refused(&url.replace(":secret", ":guess"), &["check the user, the password", "authentication failed"]);
    refused(&url.replace(&name, "missing"), &["does not take this connection", "\"missing\" does not exist"]);
    refused(&read_only.url("postgres"), &["takes no writes: it is a standby"]);
    assert_eq!(place(&url).run(&["init"]).code, Some(0));
    postgresql::sql(&name, "INSERT INTO schema_history VALUES (999, 999, '9.9.9')");
    refused(&url, &["needs at least version 9.9.9", "schema 999"]);
}

/// Of several hosts, the one that takes writes is used.
#[test]
fn the_primary_is_found_among_the_hosts() {
    let standby = postgresql::Server::start(&[], &[("standby.signal", "")]);
    let primary = postgresql::Server::start(&[], &[]);
    let place = place(&format!("postgres://tester:secret@{},{}/postgres", standby.host(), primary.host()));
    let ran = place.run(&["init"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    place.add_user_to_shared("ann", "admin");
    assert_eq!(primary.sql("postgres", "SELECT count(*) FROM accounts"), "1\n");
}

/// A server that starts before its database waits for it.
#[test]
fn a_server_waits_for_its_database() {
    let database = postgresql::Server::start(&[], &[]);
    let place = place(&database.url("postgres"));
    assert_eq!(place.run(&["init"]).code, Some(0));
    database.kill();
    let mut serve = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut serve = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(serve.stderr.take().unwrap()).lines().map_while(Result::ok);
    let waiting = said.find(|line| line.contains("trying again")).unwrap();
    assert!(waiting.contains("cannot be reached") && !waiting.contains(":secret"), "{waiting}");
    eventually(|| database.start_again());
    assert!(said.any(|line| line.contains("listening on")));
    serve.kill().unwrap();
    serve.wait().unwrap();
}

/// A pooler (`PgBouncer`) in transaction mode; ended when it is dropped.
struct Bouncer {
    process: Child,
    directory: TempDir,
}

impl Bouncer {
    fn start(database: &postgresql::Server) -> Self {
        let directory = postgresql::new_directory();
        let path = directory.path().to_str().unwrap();
        let config = format!(
            "[databases]\n* = host={} port=5432\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = {path}\n\
             auth_type = scram-sha-256\nauth_file = {path}/users\npool_mode = transaction\n",
            database.directory().display()
        );
        std::fs::write(directory.path().join("config"), config).unwrap();
        std::fs::write(directory.path().join("users"), "\"tester\" \"secret\"\n").unwrap();
        let path = format!("{}:/usr/sbin", std::env::var_os("PATH").unwrap().to_str().unwrap());
        let mut bouncer = postgresql::command("env", directory.path());
        bouncer.arg(format!("PATH={path}")).args(["pgbouncer", "config"]);
        let bouncer = bouncer.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = bouncer.spawn().unwrap();
        eventually(|| UnixStream::connect(directory.path().join(".s.PGSQL.6432")).is_ok());
        Self { process, directory }
    }

    fn url(&self, database: &str) -> String {
        let host = self.directory.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://tester:secret@{host}:6432/{database}")
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_pooler_in_transaction_mode_may_stand_in_between() {
    let database = postgresql::Server::start(&[], &[]);
    let name = database.new_database();
    let bouncer = Bouncer::start(&database);
    let place = place(&bouncer.url(&name));
    assert_eq!(place.run(&["init"]).code, Some(0));
    place.add_user_to_shared("ann", "admin");
    let ran = place.run(&["config", "check"]);
    assert!(ran.code == Some(0) && ran.err.contains("through a pooler"), "{ran:?}");
    let ran = place.run(&["doctor", "--only", "store.pooler"]);
    assert!(
        ran.out.contains("! store.pooler: a pooler is in between, and store_direct is not set"),
        "{ran:?}"
    );
    let arguments = [&["serve", "--listen", "127.0.0.1:0"][..], &ORIGIN].concat();
    let nodes = [(); 2].map(|()| place.start(&arguments));
    let login = nodes[0].login("ann", PASSWORD);
    let (token, cookie) = (login.token(), login.cookie().unwrap());
    // Old enough to be rotated.
    database.sql(&name, "UPDATE sessions SET rotated_at = rotated_at - 30000");
    let refreshed = nodes[1].refresh(&cookie).unwrap();
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    // Another client would find a statement under a name that it gives to its own.
    let kept = database.sql_at(&bouncer.url(&name), "SELECT count(*) FROM pg_prepared_statements");
    assert_eq!(kept.trim(), "0");
    let headers = format!("Cookie: {}\r\n", refreshed.cookie().unwrap());
    let change = format!(r#"{{"currentPassword":"{PASSWORD}","newPassword":"another long passphrase"}}"#);
    let bearer = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    assert_eq!(nodes[1].request("PUT", "/api/password", &bearer, &change).status, 204);
    assert_eq!(nodes[0].request("POST", "/api/logout", &headers, "").status, 204);
    for node in &nodes {
        eventually(|| node.profile(&token).status == 401);
    }
    drop(bouncer);
    eventually(|| nodes[0].request("GET", "/readyz", "", "").status == 503);
}

/// A pooler passes no notifications on: the other node is told by a connection of its own to the database.
#[test]
fn notifications_go_past_the_pooler() {
    let database = postgresql::Server::start(&[], &[]);
    let name = database.new_database();
    let bouncer = Bouncer::start(&database);
    let place = place(&bouncer.url(&name));
    assert_eq!(place.run(&["init"]).code, Some(0));
    let direct = format!("store_direct={}", database.url(&name).replace(":secret", ""));
    let _node = place.start(&[&["serve", "--listen", "127.0.0.1:0", "--set", &direct][..], &ORIGIN].concat());
    drop(bouncer);
    // Of all connections, one does not come from the pooler.
    let others =
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    eventually(|| database.sql(&name, others).lines().count() == 1);
    assert!(database.sql(&name, others).starts_with("LISTEN "));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server's certificate for localhost with its key, and the authority that vouches for it.
fn new_certificate() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let (key, issuer) = (KeyPair::generate().unwrap(), Issuer::new(authority, authority_key));
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    (certificate.pem(), key.serialize_pem(), authority_pem)
}

/// TP-1: what is sent to another machine is encrypted, for a server whose certificate and name are right.
#[test]
fn a_connection_by_tls_is_to_a_server_that_is_trusted() {
    let (certificate, key, authority) = new_certificate();
    let port = free_port();
    let settings = ["listen_addresses='127.0.0.1'", &format!("port={port}"), "ssl=on"];
    let files = [("server.crt", certificate.as_str()), ("server.key", key.as_str())];
    let database = postgresql::Server::start(&settings, &files);
    let at = |host: &str, parameters: &str| {
        let place = place(&format!(
            "postgres://tester:secret@{host}:{port}/postgres?sslmode=verify-full{parameters}"
        ));
        place.write("authority.pem", &authority);
        place.write("stranger.pem", &new_certificate().2);
        place
    };
    for (host, parameters, why) in [
        ("localhost", "", "UnknownIssuer"),
        ("localhost", "&sslrootcert=stranger.pem", "certificate"),
        ("127.0.0.1", "&sslrootcert=authority.pem", "not valid for name"),
        ("localhost", "&sslrootcert=missing.pem", "certificates to trust"),
    ] {
        let ran = at(host, parameters).run(&["init"]);
        assert!(
            ran.code == Some(1) && ran.err.contains(why) && !ran.err.contains("secret"),
            "{why}: {ran:?}"
        );
    }
    let other_port = free_port();
    let settings = ["listen_addresses='127.0.0.1'", &format!("port={other_port}")];
    let _without = postgresql::Server::start(&settings, &[]);
    let ran =
        self::place(&format!("postgres://tester:secret@localhost:{other_port}/postgres?sslmode=require"));
    let ran = ran.run(&["init"]);
    assert!(ran.code == Some(1) && ran.err.contains("server does not support TLS"), "{ran:?}");
    let place = at("localhost", "&sslrootcert=authority.pem");
    let ran = place.run(&["init"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = place.run(&["config", "check"]);
    assert!(ran.err.contains("primary, TLS, no pooler"), "{ran:?}");
    let server = node(&place);
    assert_eq!(server.request("GET", "/readyz", "", "").status, 200);
    let encrypted = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE application_name = 'countersign'";
    assert_eq!(database.sql("postgres", encrypted), "t\n");
}

/// What `config check` finds, and what of it an operator should know.
#[test]
fn the_configuration_check_says_what_the_database_is() {
    let (url, name) = new_database();
    let place = place(&url);
    let check = || place.run(&["config", "check"]);
    let ran = check();
    assert!(
        ran.code == Some(0) && ran.err.contains("no tables yet") && ran.err.contains("no master key yet"),
        "{ran:?}"
    );
    assert_eq!(place.run(&["init"]).code, Some(0));
    let ran = check();
    for found in [
        "PostgreSQL 1",
        "primary, no TLS, no pooler, schema ",
        "synchronous_commit = on",
        "waits for no standby",
        " ms ",
    ] {
        assert!(ran.err.contains(found), "{found}: {ran:?}");
    }
    assert!(ran.out.contains(&format!("/{name}")) && !format!("{ran:?}").contains(":secret"), "{ran:?}");
    assert!(!ran.err.contains("warning: store"), "{ran:?}");
    postgresql::sql(&name, &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    let ran = check();
    assert!(ran.code == Some(1) && ran.err.contains("synchronous_commit = off"), "{ran:?}");
}

/// A commit that waits for a standby, but not for its disk.
#[test]
fn the_configuration_check_warns_of_a_standby_that_may_forget() {
    let settings = ["synchronous_standby_names='standby'", "synchronous_commit=local"];
    let database = postgresql::Server::start(&settings, &[]);
    let ran = place(&database.url("postgres")).run(&["config", "check"]);
    assert!(ran.err.contains("a commit waits for standby"), "{ran:?}");
    assert!(ran.err.contains("warning: store.durable: synchronous_commit = local does not wait"), "{ran:?}");
}

/// OP-10: development data is on a database of its own, which no real server takes, and the other way round.
#[test]
fn development_on_postgresql_stays_apart_from_real_data() {
    let (url, name) = new_database();
    let (real_url, _) = new_database();
    let developer = Place::new();
    for _ in 0..2 {
        let server = developer.start(&["dev", "--listen", "127.0.0.1:0", "--store", &url]);
        assert_eq!(server.login("admin", "password123").status, 200);
        let (_, said) = server.stop();
        assert!(said.contains(&format!("/{name}\n")) && !said.contains(":secret"), "{said}");
    }
    assert_eq!(postgresql::sql(&name, "SELECT count(*) FROM accounts"), "2\n");
    let operator = place(&real_url);
    assert_eq!(operator.run(&["init"]).code, Some(0));
    let dev = ["dev", "--listen", "127.0.0.1:0", "--store", &real_url];
    for (place, command, why) in [
        (&operator, dev.to_vec(), "is missing"),
        (
            &operator,
            [&dev[..], &["--data-dir", "countersign-data"]].concat(),
            "was not made by `countersign dev`",
        ),
        (&place(&url), vec!["init"], "is missing"),
    ] {
        let ran = place.run(&command);
        assert!(ran.code == Some(1) && ran.err.contains(why), "{ran:?}");
    }
    std::fs::write(developer.path(".env"), format!("COUNTERSIGN_STORE={url}\n")).unwrap();
    for command in
        [["--data-dir", "countersign-dev"], ["--set", "master_key_file=countersign-dev/master.key"]]
    {
        let ran = developer.run(&[&["serve", "--listen", "127.0.0.1:0"], &command[..]].concat());
        assert!(ran.code == Some(1) && ran.err.contains("was made by `countersign dev`"), "{ran:?}");
    }
}

/// LG-2, OP-1: the password of the database is in no output at any level, wherever it comes from.
#[test]
fn the_password_of_the_database_is_in_no_output() {
    let canary = "cAnArY-of-the-database";
    let database = postgresql::Server::start(&[], &[]);
    database.sql("postgres", &format!("CREATE ROLE ann LOGIN PASSWORD '{canary}'"));
    database.sql("postgres", "CREATE DATABASE auth OWNER ann");
    let host = database.host();
    let with_password = format!("postgres://ann:{canary}@{host}/auth");
    let mut in_address = place(&with_password);
    in_address.set("COUNTERSIGN_LOG__LEVEL", "trace");
    let mut in_file = place(&format!("postgres://ann@{host}/auth"));
    in_file.write("password", &format!("{canary}\n"));
    in_file.set("COUNTERSIGN_STORE_PASSWORD_FILE", "password");
    in_file.set("COUNTERSIGN_LOG__LEVEL", "trace");
    let mut in_variable = place(&format!("postgres://ann@{host}/auth"));
    in_variable.set("COUNTERSIGN_STORE_PASSWORD", canary);
    let mut said = String::new();
    let mut run = |place: &Place, arguments: &[&str], code: i32| {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        said += &ran.out;
        said += &ran.err;
    };
    run(&in_address, &["init"], 0);
    let key = in_address.path("countersign-data/master.key");
    for place in [&in_address, &in_file, &in_variable] {
        std::fs::create_dir_all(place.path("countersign-data")).unwrap();
        if place.path("countersign-data/master.key") != key {
            std::fs::copy(&key, place.path("countersign-data/master.key")).unwrap();
        }
        run(place, &["config", "check"], 0);
        run(place, &["config", "check", "--json"], 0);
        run(place, &["user", "list"], 0);
    }
    run(&in_address, &["user", "list", "--set", &format!("store={with_password}")], 2);
    in_file.write("countersign.toml", &format!("store = \"{with_password}\"\n"));
    run(&in_file, &["user", "list"], 2);
    in_file.write("countersign.toml", "");
    let server = node(&in_file);
    database.kill();
    eventually(|| server.request("GET", "/readyz", "", "").status == 503);
    run(&in_address, &["user", "list"], 1);
    said += &server.stop().1;
    assert!(said.contains("cannot be reached"), "{said}");
    assert!(!said.contains(canary), "{said}");
}

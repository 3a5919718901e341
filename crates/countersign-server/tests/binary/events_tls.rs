//! `events = "syslog:tls:…"`: the audit log at a syslog daemon by TLS (RFC 5425), with the real rsyslog and with one that breaks off.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::events::{content, exported, lines};
use crate::harness::{PASSWORD, Place, eventually, kill};

/// A certificate for these hosts that vouches for itself, in the place.
fn certificate(place: &Place, hosts: &[&str]) -> CertifiedKey<KeyPair> {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(hosts).unwrap();
    place.write("cert.pem", &made.cert.pem());
    place.write("key.pem", &made.signing_key.serialize_pem());
    made
}

/// rsyslog, which writes each message as it came to `rsyslog.log`; it is asked to stop when this is dropped.
struct Rsyslog(Child);

impl Rsyslog {
    fn start(place: &Place, port: u16) -> Self {
        let folder = place.path("");
        let folder = folder.display();
        place.write(
            "rsyslog.conf",
            &format!(
                r#"module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
global(workDirectory="{folder}" maxMessageSize="64k" defaultNetstreamDriverCAFile="{folder}/cert.pem"
       defaultNetstreamDriverCertFile="{folder}/cert.pem" defaultNetstreamDriverKeyFile="{folder}/key.pem")
template(name="raw" type="string" string="%rawmsg%\n")
input(type="imtcp" port="{port}" address="127.0.0.1")
action(type="omfile" file="{folder}/rsyslog.log" template="raw")
"#
            ),
        );
        let config = place.path("rsyslog.conf");
        let mut command = Command::new("/usr/sbin/rsyslogd");
        command.arg("-n").arg("-f").arg(config).arg("-i").arg(place.path("rsyslog.pid"));
        Self(command.spawn().unwrap())
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        kill(self.0.id(), "TERM");
        let _ = self.0.wait();
    }
}

/// LG-9: rsyslog has the rows of an export; what happens while it is away comes when it is back.
#[test]
fn rsyslog_gets_the_rows_by_tls_and_what_it_has_missed() {
    let place = Place::new();
    place.add_user("ann", "user");
    certificate(&place, &["127.0.0.1"]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let events = format!("events=syslog:tls:127.0.0.1:{port}");
    let rsyslog = Rsyslog::start(&place, port);
    let server = place.serve(&["--set", &events, "--set", "events_ca_file=cert.pem"]);
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    // A row can come twice, as at a start that overtakes that of the daemon, and none is missing or in front of an earlier one.
    let received = || {
        let mut all: Vec<_> = lines(&place, "rsyslog.log").iter().map(|line| content(line)).collect();
        all.dedup();
        all
    };
    eventually(|| received() == exported(&place));
    drop(rsyslog);
    assert_eq!(server.login("ann", "wrong").status, 401);
    eventually(|| server.said().contains("the audit log could not be sent, will be tried again"));
    let before = received().len();
    assert!(before < exported(&place).len());
    let _rsyslog = Rsyslog::start(&place, port);
    eventually(|| received() == exported(&place));
    eventually(|| server.said().contains("the audit log is sent again"));
}

/// A daemon with TLS in the test's own hands.
struct Daemon {
    listener: TcpListener,
    config: Arc<ServerConfig>,
}

impl Daemon {
    fn start(certified: &CertifiedKey<KeyPair>) -> Self {
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap(), config: Arc::new(config) }
    }

    fn events(&self) -> String {
        format!("events=syslog:tls:{}", self.listener.local_addr().unwrap())
    }

    fn accept(&self) -> StreamOwned<ServerConnection, TcpStream> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).unwrap();
        StreamOwned::new(connection, self.listener.accept().unwrap().0)
    }
}

/// TP-5, LG-9: nothing is sent to a daemon whose certificate nobody vouches for, or that is for another host, and the log says why.
#[test]
fn a_daemon_that_is_not_trusted_gets_nothing() {
    for (host, ca_file, why) in [
        ("127.0.0.1", None, "UnknownIssuer"),
        ("siem.example", Some("events_ca_file=cert.pem"), "not valid for name"),
    ] {
        let place = Place::new();
        place.add_user("ann", "user");
        let daemon = Daemon::start(&certificate(&place, &[host]));
        let events = daemon.events();
        let received = Arc::<Mutex<Vec<u8>>>::default();
        let receiving = Arc::clone(&received);
        std::thread::spawn(move || {
            loop {
                let mut text = Vec::new();
                let _ = daemon.accept().read_to_end(&mut text);
                receiving.lock().unwrap().extend(text);
            }
        });
        let mut arguments = vec!["--set", events.as_str()];
        arguments.extend(ca_file.iter().flat_map(|file| ["--set", file]));
        let server = place.serve(&arguments);
        eventually(|| {
            server.said().contains("the audit log could not be sent") && server.said().contains(why)
        });
        assert_eq!(server.login("ann", PASSWORD).status, 200, "and nobody waits for it");
        let (status, said) = server.stop();
        assert!(status.success(), "{said}");
        assert_eq!(received.lock().unwrap().len(), 0);
    }
}

/// LG-9: what a daemon has taken and not read when it ends is sent to the next one.
#[test]
fn a_daemon_by_tls_that_breaks_off_gets_everything_again() {
    let place = Place::new();
    place.add_user("ann", "user");
    let daemon = Daemon::start(&certificate(&place, &["127.0.0.1"]));
    let server = place.serve(&["--set", &daemon.events(), "--set", "events_ca_file=cert.pem"]);
    let mut first = daemon.accept();
    first.read_exact(&mut [0; 10]).unwrap();
    // It ends with a reset, as a machine does that has lost what it had.
    rustix::net::sockopt::set_socket_linger(&first.sock, Some(Duration::ZERO)).unwrap();
    drop(first);
    let expected = exported(&place);
    let mut received = Vec::new();
    while received.len() < expected.len() {
        let mut stream = daemon.accept();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        drop(stream);
        let mut rest = text.as_str();
        while let Some((length, more)) = rest.split_once(' ') {
            let (message, after) = more.split_at(length.parse().unwrap());
            received.push(content(message));
            rest = after;
        }
    }
    assert_eq!(received, expected);
    eventually(|| server.said().contains("the audit log is sent again"));
}

//! A guard in another process than the server: it follows the real feed, through logouts, kills, outages and new keys.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use countersign_guard::jwt::{ClaimsPolicy, TokenType};
use countersign_guard::{AccessClaims, Follow, Guard, GuardBuilder, Issuer, Refusal, WhenLate};

use crate::harness::{PASSWORD, Place, Server, eventually};

/// A server that comes back to its address, with an account and a feed key.
pub(crate) struct Issuing {
    pub(crate) place: Place,
    address: SocketAddr,
    key: String,
}

impl Issuing {
    pub(crate) fn new() -> Self {
        let mut place = Place::new();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        place.set("COUNTERSIGN_PUBLIC_ORIGIN", &format!("http://{address}"));
        place.add_user("ann", "admin");
        let ran = place.run(&["feed-key", "add", "gateway"]);
        assert!(ran.code == Some(0), "{ran:?}");
        Self { place, address, key: ran.out.trim().to_owned() }
    }

    pub(crate) fn serve(&self) -> Server {
        self.place.start(&["serve", "--listen", &self.address.to_string()])
    }

    pub(crate) fn guard(&self) -> GuardBuilder {
        self.guard_with(Follow::with_key(&*self.key))
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn guard_with(&self, feed: Follow) -> GuardBuilder {
        let issuer = self.issuer();
        let policy = ClaimsPolicy::new(&*issuer, &*issuer, TokenType::AccessToken, Duration::from_secs(30));
        Guard::builder(Issuer::discover(policy).follow(feed))
    }
}

fn log_out(server: &Server, token: &str) {
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(server.request("POST", "/api/logout", &bearer, "").status, 204);
}

fn is_revoked(guard: &Guard, token: &str) -> bool {
    guard.verify(token).is_err_and(|refusal| refusal == Refusal::Revoked)
}

/// Log out here, refused there; also after the server was killed and has come back.
#[test]
fn a_guard_refuses_what_was_logged_out() {
    let issuing = Issuing::new();
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    let tokens: Vec<_> = (0..3).map(|_| server.login("ann", PASSWORD).token()).collect();
    assert!(tokens.iter().all(|token| guard.verify(token).is_ok()), "{:?}", guard.verify(&tokens[0]));
    log_out(&server, &tokens[0]);
    eventually(|| is_revoked(&guard, &tokens[0]));
    assert!(guard.verify(&tokens[1]).is_ok());
    server.signal("KILL");
    drop(server);
    let server = issuing.serve();
    log_out(&server, &tokens[1]);
    eventually(|| is_revoked(&guard, &tokens[1]));
    assert!(is_revoked(&guard, &tokens[0]) && guard.verify(&tokens[2]).is_ok());
}

#[test]
fn a_guard_without_its_issuer_is_late_and_does_as_it_was_told() {
    let issuing = Issuing::new();
    let server = issuing.serve();
    let (tell, told) = channel();
    let builder = issuing.guard().when_late(WhenLate::Reject);
    let guard =
        builder.on_feed_change(move |status| tell.send(status.is_fresh).unwrap()).start().blocking().unwrap();
    let token = server.login("ann", PASSWORD).token();
    assert!(told.recv().unwrap() && guard.verify(&token).is_ok());
    server.signal("KILL");
    drop(server);
    assert!(!told.recv().unwrap());
    assert_eq!(guard.verify(&token).unwrap_err(), Refusal::FeedLate);
    let _server = issuing.serve();
    assert!(told.recv().unwrap());
    assert!(guard.verify(&token).is_ok());
}

/// The way to the feed is cut, the one to the server is not: sessions are asked about, and a log-out counts.
#[test]
fn a_guard_whose_feed_is_cut_asks_the_server() {
    let issuing = Issuing::new();
    let ran = issuing.place.run(&["client", "add", "gateway"]);
    assert!(ran.code == Some(0), "{ran:?}");
    let server = issuing.serve();
    let relay = Relay::start(issuing.address);
    let (tell, told) = channel();
    let feed = Follow::with_key(&*issuing.key).at(format!("http://{}/api/revocations", relay.address));
    let guard = issuing.guard_with(feed.ask_as("gateway", ran.out.trim())).when_late(WhenLate::Ask);
    let guard =
        guard.on_feed_change(move |status| tell.send(status.is_fresh).unwrap()).start().blocking().unwrap();
    let tokens: Vec<_> = (0..2).map(|_| server.login("ann", PASSWORD).token()).collect();
    assert!(told.recv().unwrap() && tokens.iter().all(|token| guard.verify(token).is_ok()));
    relay.cut();
    assert!(!told.recv().unwrap());
    log_out(&server, &tokens[0]);
    assert_eq!(guard.verify(&tokens[0]).unwrap_err(), Refusal::FeedLate, "it cannot wait");
    assert_eq!(authenticate(&guard, &tokens[0]).unwrap_err(), Refusal::Revoked);
    assert_eq!(
        authenticate(&guard, &tokens[1]).unwrap().session_id(),
        guard.verify(&tokens[1]).unwrap().session_id()
    );
    assert!(is_revoked(&guard, &tokens[0]));
    server.signal("KILL");
    drop(server);
    let other = issuing.serve().login("ann", PASSWORD).token(); // of a server that is gone again
    assert_eq!(authenticate(&guard, &other).unwrap_err(), Refusal::FeedLate);
    assert!(guard.feed_status()[0].ask_failure.is_some());
}

fn authenticate(guard: &Guard, token: &str) -> Result<AccessClaims, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(guard.authenticate_async(&headers))
}

/// Passes connections on to the server, until it is cut: then there is none any more, and no new one.
struct Relay {
    address: SocketAddr,
    connections: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Relay {
    fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Mutex::new(Some(Vec::new())));
        let open = Arc::clone(&connections);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Some(open) = &mut *open.lock().unwrap() else { return };
                let far = TcpStream::connect(to).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                }
                open.push(near);
            }
        });
        Self { address, connections }
    }

    fn cut(&self) {
        for connection in self.connections.lock().unwrap().take().unwrap() {
            connection.shutdown(Shutdown::Both).unwrap();
        }
    }
}

/// No token with the new key is needed for that: the feed says that there is one.
#[test]
fn a_guard_has_new_keys_before_it_sees_them() {
    let issuing = Issuing::new();
    let server = issuing.serve();
    let guard = issuing.guard().start().blocking().unwrap();
    let keys = |guard: &Guard| guard.key_status()[0].keys;
    let before = keys(&guard);
    let ran = issuing.place.run(&["key", "rotate", "--now"]);
    assert!(ran.code == Some(0), "{ran:?}");
    eventually(|| keys(&guard) > before);
    assert!(guard.verify(&server.login("ann", PASSWORD).token()).is_ok());
}

//! `[[webhooks]]`: servers that are told of events get each at least once, in order, signed, also after they were away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::harness::{PASSWORD, Place, eventually};
use crate::hooks::{SECRET, body, field, is_signed};
use crate::support::{self, status};

/// A receiver that notes what it has said yes to.
#[derive(Default)]
struct Receiver {
    taken: Mutex<Vec<String>>,
    attempts: Mutex<Vec<String>>,
    /// 0 is yes.
    fails_with: AtomicU16,
    /// Refuses with 422 what is about a sign-in that failed.
    is_choosy: AtomicBool,
}

impl Receiver {
    fn start() -> (Arc<Self>, support::Server) {
        let receiver = Arc::new(Self::default());
        let taking = Arc::clone(&receiver);
        let server = support::Server::plain(move |request| taking.take(request));
        (receiver, server)
    }

    fn take(&self, request: &str) -> Vec<u8> {
        self.attempts.lock().unwrap().push(request.to_owned());
        if !is_signed(request, SECRET) {
            return status("401 Unauthorized", "");
        }
        if self.is_choosy.load(Ordering::SeqCst) && body(request)["type"] == "login_failed" {
            return status("422 Unprocessable Content", "");
        }
        match self.fails_with.load(Ordering::SeqCst) {
            0 => {
                self.taken.lock().unwrap().push(request.to_owned());
                status("204 No Content", "")
            }
            code => status(&format!("{code} No"), ""),
        }
    }

    fn kinds(&self) -> Vec<String> {
        self.taken.lock().unwrap().iter().map(|it| body(it)["type"].as_str().unwrap().to_owned()).collect()
    }

    fn positions(&self) -> Vec<i64> {
        self.taken.lock().unwrap().iter().map(|it| body(it)["position"].as_i64().unwrap()).collect()
    }
}

fn configure(place: &Place, webhooks: &[(&str, &str, &str)]) {
    place.write("secret", SECRET);
    let table = |(name, origin, more): &(&str, &str, &str)| {
        format!("[[webhooks]]\nname = \"{name}\"\nurl = \"{origin}/in\"\nsecret_file = \"secret\"\n{more}\n")
    };
    place.write("countersign.toml", &webhooks.iter().map(table).collect::<String>());
}

fn listed(place: &Place, name: &str) -> Value {
    let list = place.run(&["webhook", "list", "--json"]).json();
    list.as_array().unwrap().iter().find(|webhook| webhook["name"] == name).unwrap().clone()
}

/// How many rows of the audit log the webhook has not been through.
fn behind(place: &Place, name: &str) -> i64 {
    listed(place, name)["behind"].as_i64().unwrap()
}

/// Until the server has found its place in the audit log: it hears of what happens from then on.
fn until_it_listens(place: &Place, name: &str) {
    eventually(|| listed(place, name)["position"].as_i64() > Some(0));
}

/// WH-1, WH-2: it fails, the server is killed, it recovers: everything comes, once, in order; another has it long since.
#[test]
fn a_receiver_that_fails_and_recovers_gets_everything_in_order() {
    let place = Place::new();
    let ((crm, crm_server), (siem, siem_server)) = (Receiver::start(), Receiver::start());
    place.add_user("ann", "user");
    configure(&place, &[("crm", &crm_server.origin, ""), ("siem", &siem_server.origin, "")]);
    let server = place.serve(&[]);
    for name in ["crm", "siem"] {
        until_it_listens(&place, name);
    }
    assert_eq!(server.login("ann", PASSWORD).status, 200);
    eventually(|| !siem.kinds().is_empty() && behind(&place, "crm") == 0);
    crm.fails_with.store(503, Ordering::SeqCst);
    for name in ["bob", "cyd"] {
        place.add_user(name, "user");
        assert_eq!(place.run(&["user", "disable", name]).code, Some(0));
    }
    let disabled =
        |receiver: &Receiver| receiver.kinds().iter().filter(|kind| *kind == "account_disabled").count();
    eventually(|| disabled(&siem) == 2);
    assert_eq!(disabled(&crm), 0, "it has failed, and nobody else has waited");
    eventually(|| server.said().contains("a webhook could not be told, will be tried again"));
    server.signal("KILL");
    drop(server);
    crm.fails_with.store(0, Ordering::SeqCst);
    let _server = place.serve(&[]);
    eventually(|| disabled(&crm) == 2 && behind(&place, "crm") == 0);
    let positions = crm.positions();
    assert!(positions.is_sorted() && positions.windows(2).all(|two| two[1] - two[0] <= 1), "{positions:?}");
    let created: Vec<_> = crm.kinds().into_iter().filter(|kind| kind.starts_with("account_")).collect();
    assert_eq!(
        created[created.len() - 4..],
        ["account_created", "account_disabled", "account_created", "account_disabled"]
    );
    // The same message has the same ID, however often it was sent.
    let attempts = crm.attempts.lock().unwrap();
    let mut ids: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for attempt in attempts.iter() {
        let position = body(attempt)["position"].as_i64().unwrap();
        ids.entry(position).or_default().push(field(attempt, "webhook-id"));
    }
    assert!(ids.values().any(|ids| ids.len() > 1), "{ids:?}");
    assert!(ids.values().all(|same| same.iter().all(|id| id == &same[0])), "{ids:?}");
    assert_eq!(ids.values().map(|ids| ids[0]).collect::<BTreeSet<_>>().len(), ids.len());
    let said = attempts.join("\n");
    assert!(!said.contains("127.0.0.1\",") && !said.contains("address") && !said.contains(SECRET), "{said}");
}

/// WH-1, WH-3
#[test]
fn only_what_is_wanted_is_sent_and_it_can_be_sent_again() {
    let place = Place::new();
    let (crm, receiver) = Receiver::start();
    place.add_user("ann", "user");
    configure(&place, &[("crm", &receiver.origin, "events = [\"account_disabled\", \"login_failed\"]")]);
    crm.is_choosy.store(true, Ordering::SeqCst);
    let tested = place.run(&["webhook", "test", "crm"]);
    assert!(tested.code == Some(0) && crm.kinds() == ["test"], "{tested:?}");
    let server = place.serve(&[]);
    let disable = || {
        for verb in ["disable", "enable"] {
            assert_eq!(place.run(&["user", verb, "ann"]).code, Some(0));
        }
    };
    until_it_listens(&place, "crm");
    disable();
    eventually(|| crm.kinds().len() > 1 && behind(&place, "crm") == 0);
    assert!(crm.kinds()[1..].iter().all(|kind| kind == "account_disabled"), "{:?}", crm.kinds());
    let before = crm.kinds().len();
    // One that is refused for what it is holds up the next only for a while.
    assert_eq!(server.login("ann", "wrong").status, 401);
    disable();
    eventually(|| crm.kinds().len() > before);
    eventually(|| server.said().contains("a webhook refuses an event, which is left out"));
    let replay = place.run(&["webhook", "replay", "crm", "--since", "0"]);
    assert_eq!(replay.code, Some(0), "{replay:?}");
    crm.is_choosy.store(false, Ordering::SeqCst);
    eventually(|| crm.kinds().iter().any(|kind| kind == "login_failed") && behind(&place, "crm") == 0);
    assert_eq!(place.run(&["webhook", "replay", "erp", "--since", "0"]).code, Some(1));
    crm.fails_with.store(410, Ordering::SeqCst);
    disable();
    eventually(|| server.said().contains("410 Gone"));
    assert_eq!(place.run(&["webhook", "test", "crm"]).code, Some(1));
}

//! `[[webhooks]]`: servers that are told of events get each at least once, in order, signed, also after they were away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::database::Database;
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
}

/// Whether the webhook is switched off, and why.
fn off(place: &Place, name: &str) -> Option<String> {
    listed(place, name)["off"]["reason"].as_str().map(str::to_owned)
}

/// WH-4: one that fails for five days is told nothing more, also by the next server, until it is switched on: then it gets everything.
#[test]
fn a_receiver_that_fails_for_five_days_is_switched_off_until_somebody_switches_it_on() {
    let place = Place::new();
    let ((crm, crm_server), (siem, siem_server)) = (Receiver::start(), Receiver::start());
    place.add_user("ann", "user");
    configure(&place, &[("crm", &crm_server.origin, ""), ("siem", &siem_server.origin, "")]);
    let server = place.serve(&[]);
    for name in ["crm", "siem"] {
        until_it_listens(&place, name);
    }
    crm.fails_with.store(503, Ordering::SeqCst);
    assert_eq!(place.run(&["user", "disable", "ann"]).code, Some(0));
    eventually(|| listed(&place, "crm")["failingSince"].is_string());
    assert_eq!(off(&place, "crm"), None);
    // Five days are over: the next attempt is the last.
    let five_days = 5 * 24 * 3_600_000;
    let is_older = format!("UPDATE audit_readers SET failing_since = failing_since - {five_days}");
    Database::of(&place).execute(&is_older);
    eventually(|| off(&place, "crm").as_deref() == Some("failing"));
    eventually(|| server.said().contains("a webhook is switched off, it has failed for five days"));
    let state = place.run(&["webhook", "list"]).out;
    assert!(state.contains("off since ") && state.contains("(failing)"), "{state}");
    let doctor = || place.run(&["doctor", "--only", "webhooks", "--json"]).out;
    assert!(doctor().contains("crm is switched off since "), "{}", doctor());
    drop(server);
    crm.fails_with.store(0, Ordering::SeqCst);
    let had = crm.attempts.lock().unwrap().len();
    let server = place.serve(&[]);
    assert_eq!(place.run(&["user", "enable", "ann"]).code, Some(0));
    eventually(|| siem.kinds().last().is_some_and(|kind| kind == "account_enabled"));
    eventually(|| server.said().contains("a webhook is switched off: `countersign webhook enable crm`"));
    assert_eq!(crm.attempts.lock().unwrap().len(), had, "nobody asks it any more");
    assert_eq!(off(&place, "siem"), None);
    let enabled = place.run(&["webhook", "enable", "crm", "--json"]);
    assert!(enabled.code == Some(0) && enabled.json()["wasOff"] == true, "{enabled:?}");
    eventually(|| behind(&place, "crm") == 0);
    let told: Vec<_> = crm.kinds().into_iter().filter(|kind| kind.starts_with("account_")).collect();
    assert_eq!(told, ["account_disabled", "account_enabled"], "it goes on where it stopped");
    assert!(place.run(&["webhook", "list"]).out.contains(" on "));
    assert!(doctor().contains("2 webhooks are told"), "{}", doctor());
    assert_eq!(place.run(&["webhook", "enable", "crm"]).out, "crm is switched on already\n");
    assert_eq!(place.run(&["webhook", "enable", "erp"]).code, Some(1));
}

/// WH-4: 410 Gone is for good, also for the next server.
#[test]
fn a_receiver_that_is_gone_is_switched_off() {
    let place = Place::new();
    let (crm, receiver) = Receiver::start();
    place.add_user("ann", "user");
    configure(&place, &[("crm", &receiver.origin, "")]);
    let server = place.serve(&[]);
    until_it_listens(&place, "crm");
    crm.fails_with.store(410, Ordering::SeqCst);
    assert_eq!(place.run(&["user", "disable", "ann"]).code, Some(0));
    eventually(|| server.said().contains("a webhook is switched off, it says 410 Gone"));
    assert_eq!(off(&place, "crm").as_deref(), Some("gone"));
    assert_eq!(place.run(&["webhook", "test", "crm"]).code, Some(1));
    drop(server);
    let server = place.serve(&[]);
    eventually(|| server.said().contains("a webhook is switched off: `countersign webhook enable crm`"));
    crm.fails_with.store(0, Ordering::SeqCst);
    assert_eq!(place.run(&["webhook", "enable", "crm"]).code, Some(0));
    eventually(|| crm.kinds().iter().any(|kind| kind == "account_disabled"));
    eventually(|| server.said().contains("a webhook is switched on"));
}

/// WH-5: the file stays as it is written, the secret is for its owner, and the server that runs takes the webhook over.
#[test]
fn a_webhook_is_added_to_the_file_and_taken_over_by_the_server() {
    let place = Place::new();
    let (crm, receiver) = Receiver::start();
    let before = "# ours\nlog.level = \"info\"   # loud\n\n[session]\n  idle_ttl = \"7d\" # no newline";
    place.write("countersign.toml", before);
    fs::set_permissions(place.path("countersign.toml"), Permissions::from_mode(0o640)).unwrap();
    place.add_user("ann", "user");
    let server = place.serve(&[]);
    let url = format!("{}/in?a=1", receiver.origin);
    let add = |more: &[&str]| place.run(&[&["webhook", "add"], more].concat());
    let added = add(&["crm", &url, "--events", "account_disabled,account_enabled", "--json"]);
    assert_eq!(added.code, Some(0), "{added:?}");
    let added = added.json();
    assert_eq!(added["events"], serde_json::json!(["account_disabled", "account_enabled"]));
    let table = format!(
        "\n\n[[webhooks]]\nname = \"crm\"\nurl = \"{url}\"\nsecret_file = \"countersign-data/webhook-crm.secret\"\n\
         events = [\"account_disabled\", \"account_enabled\"]\n"
    );
    let file = || fs::read_to_string(place.path("countersign.toml")).unwrap();
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(file(), format!("{before}{table}"));
    assert_eq!(mode("countersign.toml"), 0o640);
    let secret_file = "countersign-data/webhook-crm.secret";
    assert_eq!(added["secretFile"], place.path(secret_file).canonicalize().unwrap().to_str().unwrap());
    assert_eq!(mode(secret_file), 0o600);
    let secret = fs::read_to_string(place.path(secret_file)).unwrap();
    assert!(secret.starts_with("whsec_") && secret.ends_with('\n') && secret.len() > 30);

    // What is refused changes nothing.
    let is = (file(), secret.clone());
    for (more, code, why) in [
        (&["crm", url.as_str()][..], 1, "has a webhook \"crm\" already"),
        (&["a b", &url], 2, "1 to 64 letters"),
        (&["erp", "http://erp.example/"], 2, "plain http"),
        (&["erp", "https://user@erp.example/"], 2, "a name before the host"),
        (&["erp", &url, "--events", "account_made"], 2, "is not one of"),
        (&["erp", &url, "--secret-file", secret_file], 1, "cannot write"),
    ] {
        let refused = add(more);
        assert!(refused.code == Some(code) && refused.err.contains(why), "{more:?}: {refused:?}");
        assert_eq!((file(), fs::read_to_string(place.path(secret_file)).unwrap()), is, "{more:?}");
    }
    assert_eq!(add(&["crm", &url, "--json"]).err.matches("\"code\":\"name_taken\"").count(), 1);

    // It is the receiver's now; the running server has not read it yet.
    place.write(secret_file, SECRET);
    server.signal("HUP");
    eventually(|| server.said().contains("SIGHUP: taken over keys=\"webhooks\""));
    until_it_listens(&place, "crm");
    assert_eq!(place.run(&["user", "disable", "ann"]).code, Some(0));
    eventually(|| crm.kinds() == ["account_disabled"]);
    // A secret that cannot be used changes nothing, and another one counts at once.
    place.write(secret_file, "no secret");
    server.signal("HUP");
    eventually(|| server.said().contains("SIGHUP: the configuration is not taken over"));
    assert_eq!(place.run(&["user", "enable", "ann"]).code, Some(0));
    eventually(|| crm.kinds().len() == 2);
    // Without its table it is told nothing more.
    place.write("countersign.toml", before);
    server.signal("HUP");
    eventually(|| server.said().matches("SIGHUP: taken over keys=\"webhooks\"").count() == 2);
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
}

/// WH-5: a file that would not load, and none at all.
#[test]
fn a_webhook_needs_a_file_that_loads_with_it() {
    let place = Place::new();
    let add = || place.run(&["webhook", "add", "crm", "https://crm.example/"]);
    let none = add();
    assert!(none.code == Some(2) && none.err.contains("countersign init"), "{none:?}");
    place.make_database();
    place.write("countersign.toml", "webhooks = []\n");
    let closed = add();
    assert!(closed.code == Some(2) && closed.err.contains("countersign.toml:"), "{closed:?}");
    assert_eq!(fs::read_to_string(place.path("countersign.toml")).unwrap(), "webhooks = []\n");
    assert!(!place.path("countersign-data/webhook-crm.secret").exists());
    let entries = fs::read_dir(place.path("")).unwrap();
    assert!(
        entries.map(|entry| entry.unwrap().file_name()).all(|name| !name.to_string_lossy().contains("new-"))
    );
}

//! SIGHUP: what of the configuration a running server takes over, and what it says about the rest.

use crate::harness::{Answer, PASSWORD, Place, Server, eventually};

fn preflight(server: &Server) -> Answer {
    let headers = "Origin: https://app.example.com\r\nAccess-Control-Request-Method: POST\r\n";
    server.request("OPTIONS", "/api/login", headers, "")
}

fn is_allowed(server: &Server) -> bool {
    preflight(server).head.contains("access-control-allow-origin: https://app.example.com")
}

const BEFORE: &str = "[session]\nmax_per_account = 7\n";
const AFTER: &str = "cors_origins = [\"https://app.example.com\"]\n\
    [session]\nmax_per_account = 8\n\
    [log]\nlevel = \"debug\"\naccess = \"on\"\n\
    [throttle]\ndelay_from = 1\nfirst_delay = \"10m\"\n";

#[test]
fn live_keys_are_taken_over_and_others_are_named() {
    let place = Place::new();
    place.write("countersign.toml", BEFORE);
    place.add_user("ann", "user");
    place.add_user("bob", "user");
    let server = place.serve(&[]);
    assert!(!is_allowed(&server));
    let wrong = |name| server.login(name, "not the passphrase").status;
    assert_eq!([wrong("ann"), wrong("ann")], [401, 401]);
    server.signal("HUP");
    eventually(|| server.said().contains("has not changed"));

    place.write("countersign.toml", AFTER);
    server.signal("HUP");
    // One key is taken over after the other.
    eventually(|| is_allowed(&server) && server.said().contains("SIGHUP: taken over"));
    // Two failures were counted before; now the second of a name has to wait.
    assert_eq!([wrong("ann"), wrong("bob"), wrong("bob")], [429, 401, 429]);

    // What is wrong anywhere changes nothing.
    place.write("countersign.toml", &format!("acess_ttl = 1\n{BEFORE}"));
    server.signal("HUP");
    // Of two signals at once the second may be lost: the first has to be through.
    eventually(|| server.said().contains("acess_ttl"));
    assert!(is_allowed(&server));
    place.write("countersign.toml", BEFORE);
    server.signal("HUP");
    eventually(|| !is_allowed(&server));
    eventually(|| server.login("bob", PASSWORD).status == 200);
    eventually(|| server.said().matches("SIGHUP: taken over").count() == 2);
    // A request that was under way may be logged yet; these are not.
    for _ in 0..5 {
        assert!(!is_allowed(&server));
    }

    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    let lines = |words: &str| said.lines().filter(|line| line.contains(words)).collect::<Vec<_>>();
    let taken = lines("SIGHUP: taken over");
    let keys = ["cors_origins", "throttle.delay_from", "throttle.first_delay", "log.level", "log.access"];
    assert_eq!(taken.len(), 2, "{said}");
    assert!(taken.iter().all(|line| keys.iter().all(|key| line.contains(key))), "{taken:?}");
    let restart = lines("SIGHUP: has changed, and needs a restart");
    assert_eq!(restart.len(), 1, "{said}");
    assert!(restart[0].contains("session.max_per_account") && !restart[0].contains("cors"), "{restart:?}");
    assert_eq!(lines("SIGHUP: the configuration has not changed").len(), 1, "{said}");
    let refused = lines("SIGHUP: the configuration is not taken over");
    assert!(refused.len() == 1 && refused[0].contains("acess_ttl"), "{said}");
    let (while_on, after) = said.split_once(taken[1]).unwrap();
    for only_then in ["countersign::access: request", "DEBUG"] {
        assert!(while_on.contains(only_then), "{only_then}: {said}");
        assert!(after.matches(only_then).count() < 5, "{only_then}: {said}");
    }
}

/// Everything that was sent so far.
fn mails(place: &Place) -> String {
    let files = std::fs::read_dir(place.path("mails")).into_iter().flatten().flatten();
    files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
}

/// EM-8: other words and another sender without a restart; words that could fail change nothing.
#[test]
fn mails_are_sent_as_the_new_configuration_says() {
    let place = Place::new();
    assert_eq!(place.run(&["templates", "export", "theme", "--only", "words/en.ftl"]).code, Some(0));
    let configure = |from: &str, subject: &str| {
        place.write("theme/words/en.ftl", &format!("# contract 1\ntest-subject = {subject}\n"));
        let config = format!("templates = \"theme\"\n[mail]\nurl = \"file:mails\"\nfrom = \"{from}\"\n");
        place.write("countersign.toml", &config);
    };
    configure("first@auth.example", "One");
    let server = place.serve(&[]);
    let send = || assert_eq!(place.run(&["mail", "test", "ann@example.com", "--queue"]).code, Some(0));
    send();
    eventually(|| mails(&place).contains("Subject: One"));

    configure("second@auth.example", "{ $nobody-says-this }");
    server.signal("HUP");
    eventually(|| server.said().contains("SIGHUP: the configuration is not taken over"));
    // What the command itself would refuse; the server goes on with what it has.
    configure("first@auth.example", "Two");
    server.signal("HUP");
    eventually(|| server.said().contains("SIGHUP: the configuration has not changed"));
    send();
    eventually(|| mails(&place).contains("Subject: Two"));
    assert!(!mails(&place).contains("second@auth.example"));

    configure("third@auth.example", "Two");
    server.signal("HUP");
    eventually(|| server.said().contains("SIGHUP: taken over"));
    send();
    eventually(|| mails(&place).contains("third@auth.example"));
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
}

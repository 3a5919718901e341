//! What people do by mail, on the real server.

use serde_json::Value;

use crate::guide;
use crate::harness::{PASSWORD, Place, eventually};

/// The text of the newest mail to this address that has these words in its subject.
fn mail(place: &Place, subject: &str) -> String {
    let mut found = None;
    eventually(|| {
        let files = std::fs::read_dir(place.path("mails")).into_iter().flatten().flatten();
        let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        // A line that is too long for a mail goes on after an equals sign (RFC 2045 §6.7).
        let mut texts = texts.map(|text| text.replace("=\r\n", ""));
        found = texts.find(|text| text.contains(subject) && text.contains("ann@example.com"));
        found.is_some()
    });
    found.unwrap()
}

/// What follows these words, up to the end of the line.
fn after<'a>(text: &'a str, words: &str) -> &'a str {
    text.split_once(words).unwrap_or_else(|| panic!("{text}")).1.lines().next().unwrap().trim()
}

/// EM-1, EM-3: the commands of docs/guides/mail.md, as a reader would run them.
#[test]
fn a_forgotten_password_is_set_as_the_guide_says() {
    let guide = include_str!("../../../../docs/guides/mail.md");
    let place = Place::new();
    place.add_user("ann", "user");
    let server =
        place.serve(&["--set", "mail.url=file:mails", "--set", "mail.from=no-reply@auth.example.com"]);
    let [add, ask, confirm] = guide::commands(guide, &server);
    let token = server.login("ann", PASSWORD).token();
    assert!(guide.contains(PASSWORD), "the guide has the password of the test");

    let added: Value = serde_json::from_str(&guide::run(&place, &add, ("TOKEN", &token))).unwrap();
    let shown = guide.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let shown: Value = serde_json::from_str(shown).unwrap();
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&added), members(&shown));
    let link = format!("/m/{}", after(&mail(&place, "Confirm"), "/m/"));
    assert_eq!(server.request("GET", &link, "", "").status, 200);
    assert_eq!(server.request("POST", &link, "", "").status, 200);

    guide::run(&place, &ask, ("TOKEN", ""));
    let text = mail(&place, "password");
    let code: String = after(&text, "code").chars().filter(char::is_ascii_digit).collect();
    assert_eq!(code.len(), 8, "{text}");
    assert_eq!(guide::run(&place, &confirm, ("CODE", &code)), "");
    assert_eq!(server.profile(&token).status, 401, "every session has ended");
    assert_eq!(server.login("ann", PASSWORD).status, 401);
    assert_eq!(server.login("ann@example.com", "every cloud has a silver lining").status, 200);
}

/// What is open is listed, and one is taken back by its address or its ID; its link is as good as a used one.
#[test]
fn an_invitation_is_withdrawn_on_the_command_line() {
    let place = Place::new();
    place.add_user("root", "admin");
    place.write(
        "countersign.toml",
        "[mail]\nurl = \"file:mails\"\nfrom = \"no-reply@auth.example.com\"\n[registration]\nmode = \"invite\"\n",
    );
    let server = place.serve(&[]);
    let none = place.run(&["invitation", "list"]);
    assert!(none.code == Some(0) && none.err.contains("no invitations"), "{none:?}");
    let invited = place.run(&["user", "invite", "ann@example.com", "--role", "editor", "--json"]).json();
    place.run(&["user", "invite", "ben@example.com"]);
    let listed = place.run(&["invitation", "list", "--json"]).json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]), (2, &invited));
    let text = place.run(&["invitation", "list"]).out;
    assert!(text.contains("ann@example.com") && text.contains("editor"), "{text}");

    let link = format!("/m/{}", after(&mail(&place, "invited"), "/m/"));
    for meant in ["Ann@example.com", listed[1]["id"].as_str().unwrap()] {
        let withdrawn = place.run(&["invitation", "withdraw", meant, "--json"]);
        assert!(withdrawn.code == Some(0) && withdrawn.json()["address"].is_string(), "{withdrawn:?}");
        let again = place.run(&["invitation", "withdraw", meant, "--json"]);
        assert!(again.code == Some(1) && again.err.contains("not_found"), "{again:?}");
    }
    assert_eq!(place.run(&["invitation", "list", "--json"]).json(), serde_json::json!([]));
    assert_eq!(server.request("GET", &link, "", "").status, server.request("GET", "/m/none", "", "").status);
}

/// The command, the mail that the server sends for it, and the account that comes of it.
#[test]
fn somebody_is_invited_on_the_command_line() {
    let place = Place::new();
    place.add_user("root", "admin");
    let invite = ["user", "invite", "ann@example.com", "--role", "editor"];
    let refused = place.run(&invite);
    assert!(refused.code == Some(1) && refused.err.contains("set mail.url and mail.from"), "{refused:?}");
    let mail_set = "[mail]\nurl = \"file:mails\"\nfrom = \"no-reply@auth.example.com\"\n";
    place.write("countersign.toml", mail_set);
    let refused = place.run(&invite);
    assert!(refused.code == Some(1) && refused.err.contains("registration is not open here"), "{refused:?}");
    place.write("countersign.toml", &format!("{mail_set}[registration]\nmode = \"invite\"\n"));
    let server = place.serve(&[]);
    let invited = place.run(&invite);
    assert!(invited.code == Some(0) && invited.out.contains("Invited ann@example.com"), "{invited:?}");
    let again = place.run(&[&invite[..], &["--json"]].concat());
    assert!(again.code == Some(1) && again.err.contains("too_many_mails"), "{again:?}");
    let wrong = place.run(&["user", "invite", "ann"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("name@example.org"), "{wrong:?}");

    let link = format!("/m/{}", after(&mail(&place, "invited"), "/m/"));
    assert_eq!(server.request("GET", &link, "", "").status, 200);
    let form = format!("username=ann&newPassword={}", PASSWORD.replace(' ', "+"));
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    assert_eq!(server.request("POST", &link, kind, &form).status, 200);
    assert_eq!(server.login("ann@example.com", PASSWORD).json()["user"]["role"], "editor");
}

//! Mails and pages as files of one's own: written out, tried, and refused where they could fail later.

use std::fs;

use crate::harness::Place;

const GUIDE: &str = include_str!("../../../../docs/guides/mail.md");

/// The commands of docs/guides/mail.md, in its order.
#[test]
fn templates_are_written_out_changed_and_tried_as_in_the_guide() {
    let place = Place::new();
    place.make_database();
    let run = |command: &str| {
        assert!(GUIDE.contains(&format!("\ncountersign {command}\n")), "the guide has no {command}");
        place.run(&command.split(' ').collect::<Vec<_>>())
    };
    let written = run("templates export theme --only mail/test.txt --only words/de.ftl");
    assert_eq!(written.out, "mail/test.txt\nwords/de.ftl\n", "{written:?}");
    let again = run("templates export theme --only mail/test.txt --only words/de.ftl");
    assert!(again.code == Some(1) && again.err.contains("mail/test.txt exists already"), "{again:?}");

    let (_, sentence) = GUIDE.split_once("is two lines:\n\n```\n").unwrap();
    let (sentence, _) = sentence.split_once("```").unwrap();
    place.write("theme/words/de.ftl", sentence);
    place.write("theme/words/nl.ftl", "# contract 1\n\ntest-subject = Hallo van { $product }\n");
    let tried = run("templates check theme");
    assert!(tried.code == Some(0) && tried.out.ends_with("everything can be used\n"), "{tried:?}");
    assert!(
        tried.out.contains("nl: ") && !tried.out.contains("de: "),
        "the program has the rest of German: {tried:?}"
    );

    place.write("theme/words/de.ftl", "# contract 1\n\ntest-subject = Probe von { $prodct }\n");
    place.write("theme/mail/test.txt", "{# contract 0 #}\n");
    let tried = run("templates check theme");
    assert_eq!(tried.code, Some(1));
    assert!(tried.err.contains("words/de.ftl:3: the message test-subject uses $prodct"), "{tried:?}");
    assert!(tried.err.contains("mail/test.txt:1: it is for contract 0"), "{tried:?}");
    let json = place.run(&["templates", "check", "theme", "--json"]).json();
    assert_eq!(json["faults"][1]["file"], "words/de.ftl");

    for command in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let ran = place.run(&[command, &["--set", "templates=theme"]].concat());
        assert!(ran.code == Some(1) && ran.err.contains("mail/test.txt:1: it is for contract 0"), "{ran:?}");
    }
}

#[test]
fn every_template_that_is_written_out_can_be_used_as_it_is() {
    let place = Place::new();
    let written = place.run(&["templates", "export", "all"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    let files = written.out.lines().filter(|path| place.path("all").join(path).is_file()).count();
    assert!(files > 30 && files == written.out.lines().count(), "{written:?}");
    let tried = place.run(&["templates", "check", "all"]);
    assert_eq!(tried.code, Some(0), "{tried:?}");
    let unknown = place.run(&["templates", "export", "other", "--only", "mail/rest.txt"]);
    assert!(unknown.code == Some(1) && unknown.err.contains("no such template"), "{unknown:?}");
    assert!(!place.path("other").exists() && fs::read_dir(place.path("all")).unwrap().count() == 3);
    assert_eq!(place.run(&["templates", "check"]).code, Some(1), "of which directory?");
}

/// The sign-in page in the language of the browser, in the product's colour.
#[test]
fn pages_are_in_the_language_of_the_browser_and_in_the_colour_of_the_product() {
    let place = Place::new();
    place.make_database();
    let server = place.serve(&["--set", "pages.accent_color=#0a58ca"]);
    for path in ["/login", "/account", "/logn"] {
        for (asked, lang) in [("de-AT,en;q=0.5", "de"), ("fr", "en"), ("en,de;q=0.9", "en")] {
            let headers = format!("Accept: text/html\r\nAccept-Language: {asked}\r\n");
            let page = server.request("GET", path, &headers, "");
            assert!(page.body.contains(&format!(" lang=\"{lang}\" dir=\"ltr\"")), "{path} {asked}: {page:?}");
            assert!(page.head.to_lowercase().contains("vary: accept-language"), "{page:?}");
        }
    }
    let style = server.request("GET", "/assets/style.css", "", "");
    assert!(style.status == 200 && style.body.contains("--accent:#0a58ca"), "{}", style.head);
    server.stop();
    let server = place.serve(&["--set", "languages=de", "--set", "pages.account=off"]);
    assert!(
        server
            .request("GET", "/login", "Accept-Language: en\r\n", "")
            .body
            .contains(" lang=\"de\" dir=\"ltr\"")
    );
    assert_eq!(server.request("GET", "/assets/account.de.js", "", "").status, 404);
    server.stop();

    for (flag, why) in [
        ("pages.accent_color=#ffcc00", "4.5:1 is needed"),
        ("pages.accent_color=blue", "no colour such as"),
        ("languages=deutsch!", "no language tag"),
    ] {
        let ran = place.run(&["config", "check", "--set", flag]);
        assert!(ran.code == Some(2) && ran.err.contains(why), "{ran:?}");
    }
    for command in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let unknown = place.run(&[command, &["--set", "languages=en,tlh"]].concat());
        assert!(unknown.code == Some(1) && unknown.err.contains("words/tlh.ftl"), "{unknown:?}");
    }
}

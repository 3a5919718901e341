use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::check::{MAILS, sample};
use super::*;
use crate::base::clock::Timestamp;
use crate::base::id::TicketId;
use crate::base::random::Random;
use crate::model::outbox::{MailContents, MailTemplate, MailTicket};

fn brand() -> Brand {
    Brand { product_name: "Acme <&> Co".to_owned(), accent: Accent::default(), has_logo: false }
}

fn templates() -> Templates {
    Templates::load(None, &["en".to_owned(), "de".to_owned()], brand()).unwrap()
}

/// The templates with these files in the place of those in the program.
fn themed(files: &[(&str, &str)]) -> Result<Templates, Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let loaded = Templates::load(Some(directory.path()), &["en".to_owned()], brand());
    loaded.map_err(|Faults(faults)| faults.iter().map(ToString::to_string).collect())
}

fn faults(files: &[(&str, &str)]) -> Vec<String> {
    themed(files).map(drop).unwrap_err()
}

#[test]
fn every_mail_in_english_and_german() {
    let (templates, mut all) = (templates(), String::new());
    for language in ["en", "de"] {
        for (name, has_link, has_code) in MAILS {
            let mail = templates.mail(name, &sample(language, (*has_link, *has_code), false)).unwrap();
            writeln!(all, "==== {language} {name}: {}\n{}", mail.subject, mail.text.trim_end()).unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_html_of_a_mail_says_what_its_text_says_and_escapes_every_value() {
    let templates = templates();
    let mut values = sample("en", (true, true), false);
    values.username = Some("<script>alert('x')</script>");
    let mail = templates.mail("reset", &values).unwrap();
    insta::assert_snapshot!(mail.html);
    assert!(!mail.html.contains("<script") && mail.html.contains("Acme &lt;&amp;&gt; Co"));
    assert!(
        mail.html.contains("href=\"https://auth.example.com/m/"),
        "programs that look for links find them"
    );
    assert!(mail.text.contains("<script>alert('x')</script>"), "nothing is escaped in a text: {}", mail.text);
    assert!(mail.subject.contains("Acme <&> Co"));
    assert!(!format!("{mail:?} {values:?}").contains("1234"));
}

/// From the outbox to the words.
#[test]
fn every_mail_of_the_outbox_has_words_and_a_check() {
    let names = MAILS.iter().map(|(name, ..)| *name);
    assert!(names.eq(MailTemplate::ALL.iter().map(|template| template.name())));
    let now = Timestamp::from_unix_millis(1_795_999_080_000);
    let mut contents = MailContents::new("ada@example.com", MailTemplate::Reset);
    contents.locale = Some("de-CH".to_owned());
    contents.parameters.username = Some("ada".to_owned());
    let expires_at = now.plus(std::time::Duration::from_mins(30));
    let id = TicketId::random(&Random::insecure_seeded(1));
    contents.parameters.ticket = Some(MailTicket { id, expires_at, has_code: false });
    let link = Some("https://auth.example.com/auth/m/x");
    let values = MailValues { link, ..MailValues::of(&contents, "https://auth.example.com/auth", now) };
    let mail = templates().mail(contents.template.name(), &values).unwrap();
    assert_eq!(mail.subject, "Wählen Sie ein neues Passwort für Acme <&> Co");
    assert!(
        mail.text.contains("innerhalb von 30 Minuten (bis 30. November 2026, 01:08 Uhr UTC)"),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains("Netzwerkadresse") && !mail.html.contains("Code"), "{}", mail.text);
}

#[test]
fn a_line_break_in_a_name_stays_out_of_the_subject() {
    let mut brand = brand();
    brand.product_name = "A\r\nBcc: eve@example.com\u{2028}\u{85}B".to_owned();
    let templates = Templates::load(None, &["en".to_owned()], brand).unwrap();
    let mail = templates.mail("test", &sample("en", (false, false), false)).unwrap();
    assert_eq!(mail.subject, "Test mail from A Bcc: eve@example.com B");
}

#[test]
fn what_a_mail_needs_and_does_not_get_is_an_error_and_an_unknown_mail_too() {
    let (templates, mut values) = (templates(), sample("en", (true, true), false));
    values.link = None;
    let error = templates.mail("reset", &values).unwrap_err().to_string();
    assert!(error.starts_with("mail/link.txt:"), "{error}");
    values.username = None;
    assert!(templates.mail("reset", &values).unwrap_err().to_string().contains("username"));
    assert!(templates.mail("nothing", &values).is_err());
}

#[test]
fn every_template_of_the_program_can_be_rendered_in_every_language() {
    let mut faults = Vec::new();
    templates().check(&mut faults);
    assert_eq!(faults, []);
}

/// One that somebody begins may be offered before it is complete. Those of the program have every message, with the same
/// variables as English.
#[test]
fn every_language_is_complete_and_none_has_other_variables() {
    let templates = templates();
    let missing = templates.missing_messages();
    assert_eq!(missing.keys().copied().collect::<Vec<_>>(), ["ar", "de", "en", "es", "fr", "it", "pt"]);
    for (tag, messages) in &missing {
        assert_eq!(messages, &Vec::<&str>::new(), "{tag}");
    }
    let english = templates.words.variables("en");
    for tag in missing.keys() {
        for (message, variables) in templates.words.variables(tag) {
            assert_eq!(english.get(message), Some(variables), "{message} in {tag}");
        }
    }
}

/// Nothing is translated that no template shows.
#[test]
fn every_message_is_used() {
    let sources = Sources::embedded();
    let all: String = sources.templates.values().map(AsRef::as_ref).collect();
    let computed = [
        "month-",
        "within-",
        "date-time",
        "device",
        "page-",
        "done-",
        "problem-",
        "scope-",
        "app-refused-",
        "logout-",
    ];
    for message in templates().words.variables("en").keys() {
        let is_used = all.contains(&format!("\"{message}\"")) || message.ends_with("-subject");
        assert!(is_used || computed.iter().any(|start| message.starts_with(start)), "{message}");
    }
}

#[test]
fn spans_and_instants_are_right_in_each_language() {
    let words = &templates().words;
    let within = |language: &str, seconds| {
        when::within(words, language, std::time::Duration::from_secs(seconds)).unwrap()
    };
    for (seconds, english, german) in [
        (0, "within one minute", "innerhalb einer Minute"),
        (89, "within one minute", "innerhalb einer Minute"),
        (1_798, "within 30 minutes", "innerhalb von 30 Minuten"),
        (3_600, "within one hour", "innerhalb einer Stunde"),
        (5_400, "within 90 minutes", "innerhalb von 90 Minuten"),
        (86_399, "within 24 hours", "innerhalb von 24 Stunden"),
        (7 * 86_400, "within 7 days", "innerhalb von 7 Tagen"),
    ] {
        assert_eq!((within("en", seconds), within("de-AT", seconds)), (english.into(), german.into()));
    }
    let at = Timestamp::from_unix_millis(951_782_399_999);
    let date = |language: &str| when::date_time(words, language, at).unwrap();
    assert_eq!(date("en"), "28 February 2000, 23:59 UTC");
    assert_eq!(date("de"), "28. Februar 2000, 23:59 Uhr UTC");
    assert_eq!(date("xx"), date("en"));
}

#[test]
fn pages_have_the_house_look_without_script_and_escape_every_value() {
    let templates = templates();
    let values = PageValues {
        root: "../",
        address: "ada@example.com",
        username: Some("\"><b>ada"),
        min_length: 8,
        problem: Some("password_too_short"),
        ..PageValues::default()
    };
    let html = templates.page("de", Page::NewPassword, &values).unwrap();
    insta::assert_snapshot!(html);
    assert!(!html.contains("<b>") && !html.contains("<script") && !html.contains("style="));
    let refused = templates.page("en", Page::Refused, &values).unwrap();
    assert!(
        refused.contains("<html lang=\"en\" dir=\"ltr\">")
            && refused.contains("<h1>This link does not work</h1>")
    );
    assert!(templates.page("en", Page::Confirm("nothing"), &values).is_err());
    // A reason that no page knows is not shown as it is.
    let other = PageValues { problem: Some("database_down"), ..values };
    assert!(
        templates.page("en", Page::NewAccount("register"), &other).unwrap().contains("That did not work.")
    );
}

/// The direction of the page, marks around what runs the other way, and all six plurals of Arabic.
#[test]
fn arabic_runs_from_right_to_left() {
    let templates = templates();
    let mail = templates.mail_in("ar", "reset", &sample("ar", (true, true), false)).unwrap();
    assert!(mail.html.contains("<html lang=\"ar\" dir=\"rtl\">"), "{}", mail.html);
    assert!(
        mail.text.contains("\u{2068}ada\u{2069}") && mail.html.contains("\u{2068}ada\u{2069}"),
        "{}",
        mail.text
    );
    let german = templates.mail("reset", &sample("de", (true, true), false)).unwrap();
    assert!(german.html.contains("<html lang=\"de\" dir=\"ltr\">") && !german.text.contains('\u{2068}'));
    let hours = [1, 2, 3, 11].map(|hours| {
        let span = std::time::Duration::from_hours(hours);
        when::within(&templates.words, "ar", span).unwrap().replace(['\u{2068}', '\u{2069}'], "")
    });
    assert_eq!(hours, ["خلال ساعة واحدة", "خلال ساعتين", "خلال 3 ساعات", "خلال 11 ساعة"]);
}

/// A page counts characters with all six, and so does its refusal.
#[test]
fn a_page_in_arabic_counts_as_arabic_does() {
    let templates = templates();
    let page = |min_length| {
        let values = PageValues {
            root: "../",
            address: "ada@example.com",
            min_length,
            problem: Some("password_too_short"),
            ..PageValues::default()
        };
        templates
            .page("ar", Page::NewAccount("register"), &values)
            .unwrap()
            .replace(['\u{2068}', '\u{2069}'], "")
    };
    for (least, hint, refusal) in [
        (0, ">بضع كلمات", "فارغة"),
        (1, "حرف واحد على الأقل", "من حرف واحد على الأقل"),
        (2, "حرفان على الأقل", "من حرفين على الأقل"),
        (8, "8 أحرف على الأقل", "من 8 أحرف على الأقل"),
        (15, "15 حرفًا على الأقل", "من 15 حرفًا على الأقل"),
        (100, "100 حرف على الأقل", "من 100 حرف على الأقل"),
    ] {
        let html = page(least);
        assert!(
            html.contains("dir=\"rtl\"") && html.contains(hint) && html.contains(refusal),
            "{least}: {html}"
        );
    }
}

#[test]
fn a_directory_replaces_single_files_and_single_sentences() {
    let text = "{# contract 1 #}\n{% extends \"mail/base.txt\" %}{% block body %}Own: {{ t(\"test-text\") }}{% endblock %}";
    let words = "# contract 1\ntest-subject = Hello from { $product }\n";
    let dutch = "# contract 1\ntest-subject = Hallo van { $product }\n";
    let templates =
        themed(&[("mail/test.txt", text), ("words/en.ftl", words), ("words/nl.ftl", dutch), (".git/x", "")])
            .unwrap();
    let mail =
        |language| templates.mail_in(language, "test", &sample(language, (false, false), false)).unwrap();
    assert_eq!(mail("en").subject, "Hello from Acme <&> Co");
    assert!(mail("en").text.starts_with("Own: Acme <&> Co can send mails."), "{}", mail("en").text);
    assert_eq!(mail("nl-BE").subject, "Hallo van Acme <&> Co");
    assert!(mail("nl").text.contains("can send mails"), "English where Dutch has nothing");
    assert!(mail("de").html.contains("kann E-Mails verschicken"));
    assert!(templates.missing_messages()["nl"].contains(&"reset-subject"));
}

#[test]
fn every_fault_of_a_theme_is_told_with_its_place() {
    let start = "{# contract 1 #}\n";
    let one = |path: &str, text: &str| faults(&[(path, &format!("{start}{text}"))]).join("\n");
    assert_eq!(
        one("mail/test.txt", "\n{{ usrname }}"),
        "mail/test.txt:3: the variable usrname does not exist"
    );
    // Also in a branch that no sample takes.
    assert!(
        one("mail/test.txt", "{% if product == \"\" %}{{ usrname }}{% endif %}")
            .starts_with("mail/test.txt:2: ")
    );
    assert!(
        one("mail/test.txt", "{{ link }}").starts_with("mail/test.txt:2: undefined value"),
        "this mail has none"
    );
    assert!(one("mail/test.txt", "{% if %}").starts_with("mail/test.txt:2: syntax error"));
    assert!(one("mail/test.txt", "\n{{ t(\"nothing\") }}").contains("mail/test.txt:3: "));
    assert!(one("mail/test.txt", "{% include \"mail/none.txt\" %}").starts_with("mail/test.txt:2: "));
    assert!(one("mail/facts.txt", "{{ usrname }}").starts_with("mail/facts.txt:2: "));
    assert!(one("mail/reset.txt", "{{ code }}").contains("a mail without its link is of no use"));
    assert!(one("mail/reset.html", "{{ link }}").contains("a mail without its code is of no use"));
    assert!(one("pages/confirm.html", "{{ product }}").contains("of no use without <form method"));
    assert!(one("pages/done.html", "{{ usrname }}").starts_with("pages/done.html:2: "));
    assert!(one("mail/tset.txt", "").starts_with("mail/tset.txt: there is no template of this name"));
    assert!(one("mail/test.txt", "{% for i in range(100000) %}{{ i }}{% endfor %}").contains("fuel"));
    let words = |text: &str| faults(&[("words/en.ftl", &format!("# contract 1\n{text}"))]).join("\n");
    assert!(words("\ntset-text = x\n").starts_with("words/en.ftl:3: nothing asks for a message tset-text"));
    assert_eq!(
        words("test-text =\n    { $count ->\n        [one] x\n       *[other] { $prodct }\n    }\n"),
        "words/en.ftl:5: the message test-text uses $prodct, which does not exist"
    );
    assert!(words("test-text = { $link }\n").contains("the message test-text in en"), "this mail has none");
    assert!(words("test-text = { $product\n").starts_with("words/en.ftl:"));
    assert!(faults(&[("mail/test.txt", "Hello")])[0].starts_with("mail/test.txt:1: the first line"));
    assert!(faults(&[("words/e_n.ftl", "# contract 1\n")])[0].contains("no language tag"));
    assert!(faults(&[("README", "")])[0].contains("has none of the folders"));
    let two = faults(&[("mail/test.txt", "x"), ("mail/reset.txt", "x")]);
    assert_eq!(two.len(), 2, "all at once: {two:?}");
    let unknown = Templates::load(None, &["tlh".to_owned()], brand()).unwrap_err().to_string();
    assert_eq!(unknown, "words/tlh.ftl: there are no sentences in this language");
}

/// The names that stand in templates are those of the contract, which is documented.
#[test]
fn every_variable_of_the_contract_is_used() {
    let sources = Sources::embedded();
    let all: BTreeSet<String> = {
        let (words, mut none) = (Arc::new(Words::read(&sources.words, &mut Vec::new())), Vec::new());
        let environment = environment(&sources, &words, &mut none);
        let templates =
            environment.templates().flat_map(|(_, template)| template.undeclared_variables(false));
        let sentences = words.variables("en").values().flatten().cloned();
        templates.chain(sentences).filter(|name| name != "t" && name != "self").collect()
    };
    assert_eq!(all, VARIABLES.iter().map(|name| (*name).to_owned()).collect());
}

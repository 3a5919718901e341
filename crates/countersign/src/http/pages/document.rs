//! The built HTML as a product's own: its name, its logo, and no link to a page that is off. What is replaced is what the
//! built files have by default, so they are whole pages too.

use std::time::Duration;

use serde_json::json;

use crate::http::html::escaped;
use crate::http::pages::options::{DemoUser, PagesOptions};
use crate::options::{Options, RegistrationMode};

/// The address of a configured logo, as in the documents.
pub(super) const LOGO: &str = "assets/logo";

/// The document that is served in place of a built one.
pub(super) fn document(built: &str, options: &PagesOptions, server: &Options) -> String {
    // What is about a page that can be off has a line of its own.
    let off = options.off(server).map(|page| format!("data-page=\"{page}\""));
    let on = options.on(server).map(|page| format!("data-without-page=\"{page}\""));
    let marks: Vec<_> = off.chain(on).collect();
    let is_off = |line: &str| marks.iter().any(|mark| line.contains(mark));
    let text: String = built.split_inclusive('\n').filter(|line| !is_off(line)).collect();
    // Not a page, but a part of one.
    let invites = server.email.enabled && server.registration.mode != RegistrationMode::Off;
    let on = options.on(server).chain(invites.then_some("invitations")).collect::<Vec<_>>().join(" ");
    let all = "data-pages=\"account apps admin debugger docs forgot mail-sign-in register invitations\"";
    let text = text.replace(all, &format!("data-pages=\"{on}\""));
    let languages = escaped(&server.languages.join(" "));
    let text = text.replace("data-languages=\"en de\"", &format!("data-languages=\"{languages}\""));
    let length = format!("data-password-length=\"{}\"", server.passwords.min_length);
    let text = text.replace("data-password-length=\"15\"", &length);
    let text = match &options.home {
        Some(home) => text.replace("=\"./\"", &format!("=\"{}\"", escaped(home))),
        None => text.replace(" href=\"./\"", "").replace(" data-home=\"./\"", ""),
    };
    let text = if options.logo.is_some() { text.replace("assets/icon.svg", LOGO) } else { text };
    // No build has it: a page without a server has no passkeys.
    let has_passkeys = server.passkeys.relying_party(&server.issuer).is_some();
    let text = if has_passkeys { text.replacen("<html ", "<html data-passkeys ", 1) } else { text };
    // The last step, so that nothing is looked for in the name.
    text.replace("Countersign", &escaped(&options.product_name))
}

/// The same document with how long a deletion can be taken back, in seconds; without that, nobody deletes their own account.
pub(super) fn with_deletion_grace(document: &str, grace: Option<Duration>) -> String {
    let wanted =
        grace.map_or_else(String::new, |grace| format!(" data-deletion-grace=\"{}\"", grace.as_secs()));
    document.replacen(" data-deletion-grace=\"1209600\"", &wanted, 1)
}

/// The same document with demo users for its script to show.
pub(super) fn with_demo_users(document: &str, users: &[DemoUser]) -> String {
    let users = escaped(&json!(users).to_string());
    document.replacen("<html ", &format!("<html data-demo-users=\"{users}\" "), 1)
}

/// The same document with the issuer that its script's proofs are for.
pub(super) fn with_device_proof(document: &str, issuer: &str) -> String {
    document.replacen("<html ", &format!("<html data-device-proof=\"{}\" ", escaped(issuer)), 1)
}

/// The same document for an address that is so many folders below that of the pages. What leads elsewhere stays.
pub(super) fn below(document: &str, folders: usize) -> String {
    let up = "../".repeat(folders);
    ["./\"", "login\"", "assets/"].iter().fold(document.to_owned(), |text, address| {
        text.replace(&format!("=\"{address}"), &format!("=\"{up}{address}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::files::find;
    use crate::http::pages::logo::Logo;

    const DOCUMENTS: [&str; 18] = [
        "index.html",
        "index.de.html",
        "login.html",
        "login.de.html",
        "forgot.html",
        "forgot.de.html",
        "mail-sign-in.html",
        "mail-sign-in.de.html",
        "register.html",
        "register.de.html",
        "account.html",
        "account.de.html",
        "admin.html",
        "debugger.html",
        "docs.html",
        "docs.de.html",
        "missing.html",
        "missing.de.html",
    ];

    fn built(name: &str) -> &'static str {
        std::str::from_utf8(&find(name).unwrap().bytes).unwrap()
    }

    fn server(by_mail: bool, min_length: usize) -> Options {
        let mut options = Options::new("https://auth.example", "api");
        (options.email.enabled, options.email.sign_in) = (by_mail, by_mail);
        options.registration.mode = RegistrationMode::Open;
        options.passwords.min_length = min_length;
        options.passkeys.enabled = false;
        if cfg!(feature = "oidc") && by_mail {
            options.oauth.clients.push(crate::options::OauthClient::new("wiki", "Wiki"));
        }
        options
    }

    #[test]
    fn with_every_page_the_built_documents_are_served() {
        for name in DOCUMENTS {
            let text = document(built(name), &PagesOptions::default(), &server(true, 15));
            let is_of_a_server_without =
                |line: &&str| line.contains("data-without-page=\"forgot\"") && name.starts_with("login.");
            let expected: String =
                built(name).split_inclusive('\n').filter(|line| !is_of_a_server_without(line)).collect();
            assert_eq!(text, expected, "{name}");
        }
    }

    #[test]
    fn a_document_says_whether_there_are_passkeys() {
        for (issuer, enabled, said) in [
            ("https://auth.example", true, true),
            ("https://auth.example", false, false),
            ("http://localhost:3000", true, true),
            ("http://auth.example", true, false),
        ] {
            let mut server = Options::new(issuer, "api");
            server.passkeys.enabled = enabled;
            for file in DOCUMENTS {
                let text = document(built(file), &PagesOptions::default(), &server);
                assert_eq!(text.contains("<html data-passkeys lang="), said, "{file} {issuer}");
            }
        }
    }

    #[test]
    fn who_has_forgotten_a_password_is_shown_the_way_that_there_is() {
        for (by_mail, link, administrator) in [(true, true, false), (false, false, true)] {
            let text = document(built("login.html"), &PagesOptions::default(), &server(by_mail, 15));
            let seen = (text.contains("href=\"forgot\""), text.contains("Ask an administrator"));
            assert_eq!(seen, (link, administrator), "{text}");
            assert_eq!(text.contains("or e-mail address"), by_mail);
        }
    }

    /// AD-1: the account page offers what the server does.
    #[test]
    fn a_document_says_how_long_a_deletion_can_be_taken_back() {
        let days = |days: u64| Some(Duration::from_hours(24 * days));
        for (grace, said) in
            [(days(14), Some("1209600")), (days(1), Some("86400")), (days(0), Some("0")), (None, None)]
        {
            let text = with_deletion_grace(built("account.html"), grace);
            let (_, found) = text.split_once("data-deletion-grace=\"").unzip();
            assert_eq!(found.and_then(|rest| rest.split('"').next()), said);
            assert_eq!(text == built("account.html"), grace == days(14));
        }
    }

    #[test]
    fn a_document_says_what_its_proofs_are_for() {
        let text = with_device_proof(built("login.html"), "https://auth.example/\"x");
        assert!(text.contains("<html data-device-proof=\"https://auth.example/&quot;x\" lang"), "{text}");
        assert!(!built("login.html").contains("data-device-proof"));
    }

    #[test]
    fn every_document_has_the_name_and_the_logo_and_nothing_of_ours() {
        let options = PagesOptions {
            product_name: "<Acme> & \"Co\"".to_owned(),
            logo: Some(Logo::new(b"<svg >".to_vec()).unwrap()),
            home: Some("https://acme.example/?a&b".to_owned()),
            ..PagesOptions::default()
        };
        let name = "&lt;Acme&gt; &amp; &quot;Co&quot;";
        for file in DOCUMENTS {
            let text = document(built(file), &options, &server(true, 8));
            let (_, title) = text.split_once("<title>").unwrap();
            assert!(title.split_once("</title>").unwrap().0.ends_with(name), "{file}");
            assert!(text.contains(&format!("name=\"application-name\" content=\"{name}\"")), "{file}");
            let (_, brand) = text.split_once("class=\"brand\"").unwrap();
            let brand = brand.lines().next().unwrap();
            assert!(brand.contains("src=\"assets/logo\"") && brand.contains(name), "{file}: {brand}");
            assert!(text.contains("data-password-length=\"8\""), "{file}");
            assert!(text.contains("rel=\"icon\" href=\"assets/logo\""), "{file}");
            assert!(text.contains("data-home=\"https://acme.example/?a&amp;b\""), "{file}");
            assert!(!text.contains("Countersign") && !text.contains("icon.svg"), "{file}");
        }
    }

    #[test]
    fn no_document_links_to_a_page_that_is_off() {
        let options = PagesOptions {
            home: None,
            account: false,
            admin: false,
            debugger: false,
            docs: false,
            ..PagesOptions::default()
        };
        for name in DOCUMENTS {
            let text = document(built(name), &options, &server(false, 15));
            for link in [
                "\"account\"",
                "\"admin\"",
                "\"debugger\"",
                "\"docs\"",
                "\"forgot\"",
                "\"mail-sign-in\"",
                "\"register\"",
                "\"./\"",
            ] {
                assert!(!text.contains(&format!("href={link}")), "{name} has {link}");
            }
            assert!(text.contains("data-pages=\"\"") && !text.contains("data-home"), "{name}");
            let divs = |tag: &str| text.matches(tag).count();
            assert_eq!(divs("<a "), divs("</a>"), "{name}: half an element was taken out");
        }
    }
}

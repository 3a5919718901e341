//! Tries every template with values such as it gets, in every language: what fails here would fail when somebody waits for a
//! mail.

use std::net::{IpAddr, Ipv4Addr};

use crate::base::clock::Timestamp;
use crate::render::fault::Fault;
use crate::render::mail::MailValues;
use crate::render::page::{PROBLEMS, Page, PageValues};
use crate::render::{Templates, VARIABLES};

/// Every page, and what its HTML has to have: without it the page is of no use.
const PAGES: &[(Page<'_>, &str)] = &[
    (Page::Confirm("verify"), "<form method=\"post\""),
    (Page::Confirm("sign_in"), "<form method=\"post\""),
    (Page::Confirm("change_address"), "<form method=\"post\""),
    (Page::Confirm("undo_address"), "<form method=\"post\""),
    (Page::Confirm("keep_account"), "name=\"keepAccount\""),
    (Page::OtherBrowser, "name=\"digits\""),
    (Page::AskingBrowserOnly, ""),
    (Page::SecondStep, "name=\"code\""),
    (Page::AuthenticatorNeeded, ""),
    (Page::NewPassword, "name=\"newPassword\""),
    (Page::NewAccount("register"), "name=\"username\""),
    (Page::NewAccount("invite"), "name=\"username\""),
    (Page::Done("verify"), ""),
    (Page::Done("register"), ""),
    (Page::Done("invite"), ""),
    (Page::Done("change_address"), ""),
    (Page::Done("undo_address"), ""),
    (Page::Done("reset"), ""),
    (Page::Done("sign_in"), ""),
    (Page::Refused, ""),
    (Page::Onwards, "http-equiv=\"refresh\""),
    (Page::FormPost, "<form method=\"post\" action="),
    (Page::Consent, "name=\"decision\" value=\"deny\""),
    (Page::Logout("ask"), "name=\"decision\" value=\"sign_out\""),
    (Page::Logout("done"), ""),
    (Page::Logout("stay"), ""),
    (Page::AppRefused("client"), ""),
    (Page::AppRefused("redirect_uri"), ""),
    (Page::AppRefused("too_long"), ""),
    (Page::AppRefused("over"), ""),
    (Page::AppRefused("failed"), ""),
];

/// Every mail, and whether it has a link, and a code.
pub(super) const MAILS: &[(&str, bool, bool)] = &[
    ("verify", true, true),
    ("reset", true, true),
    ("sign_in", true, true),
    ("register", true, true),
    ("already_registered", false, false),
    ("invite", true, false),
    ("address_changed", false, false),
    ("address_undo", true, false),
    ("password_changed", false, false),
    ("new_device", false, false),
    ("second_factor_changed", false, false),
    ("password_reset_done", false, false),
    ("test", false, false),
];

impl Templates {
    pub(super) fn check(&self, faults: &mut Vec<Fault>) {
        self.check_variables(faults);
        for language in self.words.tags() {
            for (mail, has_link, has_code) in MAILS {
                self.check_mail(mail, language, (*has_link, *has_code), faults);
            }
            for (page, duty) in PAGES {
                self.check_page(*page, language, duty, faults);
            }
        }
    }

    /// Also in branches that no sample takes.
    fn check_variables(&self, faults: &mut Vec<Fault>) {
        for (path, template) in self.environment.templates() {
            let unknown = template.undeclared_variables(false).into_iter();
            for name in unknown
                .filter(|name| !VARIABLES.contains(&name.as_str()) && !FUNCTIONS.contains(&name.as_str()))
            {
                let line = template
                    .source()
                    .lines()
                    .position(|line| line.contains(&name))
                    .map_or(0, |line| line + 1);
                faults.push(Fault::new(path, line, format!("the variable {name} does not exist")));
            }
        }
    }

    /// With everything that is known at best, and with as little as there may be.
    fn check_mail(&self, mail: &str, language: &str, has: (bool, bool), faults: &mut Vec<Fault>) {
        for is_sparse in [false, true] {
            let rendered = match self.mail_in(language, mail, &sample(language, has, is_sparse)) {
                Ok(rendered) => rendered,
                Err(error) => return faults.push(error.0),
            };
            let has_link = !has.0 || (rendered.text.contains(LINK) && rendered.html.contains(LINK));
            let has_code = !has.1
                || is_sparse
                || [&rendered.text, &rendered.html].iter().all(|it| it.contains("1234 5678"));
            for (is_there, what) in [(has_link, "link"), (has_code, "code")] {
                if !is_there {
                    let path = format!("mail/{}", mail.replace('_', "-"));
                    faults.push(Fault::new(
                        &path,
                        0,
                        format!("a mail without its {what} is of no use: show {{{{ {what} }}}}"),
                    ));
                }
            }
        }
    }
}

impl Templates {
    fn check_page(&self, page: Page<'_>, language: &str, duty: &str, faults: &mut Vec<Fault>) {
        // Only those with fields show one.
        let has_fields =
            matches!(page, Page::NewPassword | Page::NewAccount(_) | Page::OtherBrowser | Page::SecondStep);
        let problems = PROBLEMS.iter().copied().chain(["else"]).filter(|_| has_fields).map(Some);
        for problem in problems.chain([None]) {
            let username = problem.map(|_| "ada");
            // Some pages have something to say without these.
            let requester = username.map(|_| IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)));
            let values = PageValues {
                root: "../",
                address: "ada@example.com",
                username,
                min_length: 15,
                problem,
                code: username,
                at: Some(AT),
                requester,
                user_agent: None,
                link: "continue?flow=x",
                fields: &[],
                client: "Shop",
                destination: username.map_or("", |_| "shop.example.com"),
                form: "x",
                scopes: &[("openid", false), ("orders:read", true)],
                resources: &[],
            };
            match self.page(language, page, &values) {
                Err(error) => return faults.push(error.0),
                Ok(html) if !html.contains(duty) => {
                    let text = format!("the page {page:?} is of no use without {duty}");
                    return faults.push(Fault::new("pages", 0, text));
                }
                Ok(_) => {}
            }
        }
    }
}

pub(super) fn sample(language: &str, (has_link, has_code): (bool, bool), is_sparse: bool) -> MailValues<'_> {
    MailValues {
        language: Some(language),
        home: "https://auth.example.com",
        address: "ada@example.com",
        other_address: (!is_sparse).then_some("ada@example.org"),
        username: Some("ada"),
        link: has_link.then_some(LINK),
        code: (has_code && !is_sparse).then_some("12345678"),
        lifetime: has_link.then_some((AT, AT.plus(std::time::Duration::from_mins(30)))),
        at: Some(AT),
        requester: (!is_sparse).then_some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))),
        user_agent: (!is_sparse)
            .then_some("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"),
    }
}

const LINK: &str = "https://auth.example.com/m/Zm9vYmFy";
/// 2026-11-30 00:38 UTC.
const AT: Timestamp = Timestamp::from_unix_millis(1_795_999_080_000);
/// What templates can call.
const FUNCTIONS: &[&str] = &["t", "range", "dict", "debug", "namespace", "loop", "super", "caller", "self"];

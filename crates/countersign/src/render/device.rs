//! A user agent as people say it: which browser, on which system. Coarse on purpose, and a guess, as user agents are; the
//! account page makes the same one (`web/pages/src/format.ts`).

/// The browser and the system, as far as they are known.
pub(super) fn device(user_agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    let find = |table: &'static [(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    (find(BROWSERS), find(SYSTEMS))
}

/// Each claims to be those below it.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Mac OS X", "Mac"),
    ("Macintosh", "Mac"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

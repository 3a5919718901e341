//! Names in other letters that look like a name in plain ones: `сосо` in Cyrillic, `coco` in Latin (UTS 39 §4). The
//! plain names that a name looks like can be computed, so a look-up by name finds them, and nothing is stored for it:
//! `docs/decisions/0016-names-that-look-alike.md`.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_security::skeleton;

use super::Username;

/// Whether a name can be given to a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameUse {
    /// Nobody has it.
    Free,
    /// An account has it, perhaps in another spelling.
    Taken,
    /// An account has another name, which it looks like.
    LooksAlike,
}

impl Username {
    /// The names of plain letters that this one, which is not of plain letters, cannot be told from: as it is written,
    /// and folded. None if any of its characters looks like no plain one.
    pub(crate) fn plain_look_alikes(&self) -> impl Iterator<Item = Self> {
        let plain = |text: &str| text.chars().map(plain_letter).collect::<Option<String>>();
        let texts = [self.as_str(), self.canonical()].into_iter().filter(|_| !self.canonical().is_ascii());
        let mut names: Vec<String> = texts.filter_map(plain).collect();
        names.dedup();
        names.into_iter().filter_map(|name| Self::parse(&name).ok())
    }
}

/// The ASCII character that has the same shape. A character of several, like `æ`, is told from them.
fn plain_letter(c: char) -> Option<char> {
    if c.is_ascii() { Some(c) } else { PLAIN.get(&prototype(c)).copied() }
}

/// Which ASCII character stands for a shape: a letter before a digit.
static PLAIN: LazyLock<HashMap<String, char>> = LazyLock::new(|| {
    let all = ('a'..='z').chain('A'..='Z').chain('0'..='9');
    let mut plain = HashMap::new();
    for c in all {
        plain.entry(prototype(c)).or_insert(c);
    }
    plain
});

fn prototype(c: char) -> String {
    skeleton(c.encode_utf8(&mut [0; 4])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(name: &str) -> Vec<String> {
        let name = Username::parse(name).unwrap();
        name.plain_look_alikes().map(|name| name.canonical().to_owned()).collect()
    }

    #[test]
    fn a_whole_name_in_other_letters_looks_like_a_plain_one() {
        for (name, plain) in [
            ("сосо", "coco"),
            ("СОСО@example.org", "coco@example.org"),
            ("НОТ", "hot"),
            ("ѕсоре_7", "scope_7"),
            ("ΡΑΝΟΣ", ""),
            ("ΑΒΒΑ", "abba"),
            ("lısa", "lisa"),
            ("іvо.іvо", ""),
        ] {
            let Ok(parsed) = Username::parse(name) else {
                assert_eq!(plain, "", "{name} is refused already");
                continue;
            };
            let found = alike(parsed.as_str());
            assert_eq!(found.iter().any(|found| found == plain), !plain.is_empty(), "{name}: {found:?}");
        }
    }

    /// People are called so, and nobody takes them for somebody in plain letters.
    #[test]
    fn names_that_can_be_told_from_plain_ones_look_like_none() {
        for name in [
            "paypal",
            "paypa1",
            "José",
            "Kjær",
            "Łukasz",
            "Straße",
            "Иван",
            "Елена",
            "Ελένη",
            "山田",
            "Zoë",
            "김철수",
        ] {
            assert_eq!(alike(name), <[String; 0]>::default(), "{name}");
        }
    }
}

//! A quarter of a million common passwords, in the binary, looked up without decoding more than a few dozen of them.
//!
//! Form of `common.bin` (made by `generate.py`, numbers little endian): `CSBL`, the number of entries, the number of
//! blocks, the offset of each block; then the entries in byte order, sixteen a block, each as `shared(1) | length(1) |
//! bytes`: so many bytes are those of the entry before, and these follow. The first of a block shares none.

use zeroize::Zeroizing;

/// Whether this is a common password. Case does not matter: capitals are the first thing that a guesser tries.
pub(super) fn contains(password: &str) -> bool {
    let folded = Zeroizing::new(password.to_lowercase());
    LIST.contains(folded.as_bytes())
}

static LIST: List<'static> = List { bytes: include_bytes!("common.bin") };

struct List<'a> {
    bytes: &'a [u8],
}

impl<'a> List<'a> {
    fn contains(&self, wanted: &[u8]) -> bool {
        let after = partition_point(self.blocks(), |block| {
            self.block(block).next().is_some_and(|first| first.suffix <= wanted)
        });
        let Some(block) = after.checked_sub(1) else {
            return false;
        };
        let mut entry = Zeroizing::new(Vec::with_capacity(256));
        self.block(block).take(BLOCK).any(|coded| {
            entry.truncate(coded.shared);
            entry.extend_from_slice(coded.suffix);
            *entry == wanted
        })
    }

    fn blocks(&self) -> usize {
        self.number(8)
    }

    /// The entries from this block on.
    fn block(&self, block: usize) -> impl Iterator<Item = Coded<'a>> + use<'a> {
        let start = HEADER + self.blocks() * 4 + self.number(HEADER + block * 4);
        let mut rest = self.bytes.get(start..).unwrap_or_default();
        std::iter::from_fn(move || {
            let [shared, length, after @ ..] = rest else { return None };
            let (suffix, next) = after.split_at_checked(usize::from(*length))?;
            rest = next;
            Some(Coded { shared: usize::from(*shared), suffix })
        })
    }

    fn number(&self, at: usize) -> usize {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
    }
}

struct Coded<'a> {
    shared: usize,
    suffix: &'a [u8],
}

/// The first index in `0..len` for which `before` does not hold, as for slices.
fn partition_point(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

const HEADER: usize = 12;
const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Vec<u8>> {
        let mut entry = Vec::new();
        let entries = LIST.block(0).map(|coded| {
            entry.truncate(coded.shared);
            entry.extend_from_slice(coded.suffix);
            entry.clone()
        });
        entries.collect()
    }

    /// PP-5: at least 100,000, and each of them is found.
    #[test]
    fn every_password_of_the_list_is_found() {
        let all = all();
        assert_eq!(all.len(), LIST.number(4));
        assert!(all.len() >= 100_000, "{}", all.len());
        assert!(all.is_sorted());
        for entry in &all {
            assert!(LIST.contains(entry), "{}", String::from_utf8_lossy(entry));
        }
    }

    /// PP-5: some that a policy of 15 characters lets through otherwise.
    #[test]
    fn common_long_passwords_are_found_in_any_case() {
        for text in
            ["passwordpassword", "123456789012345", "1q2w3e4r5t6y7u8i", "PasswordPassword", "iloveyouforever"]
        {
            assert!(contains(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_on_the_list_is_not_found() {
        for text in ["", "\0", "\u{10ffff}", "correct horse battery staple mouse", "passwordpasswordpasswore"]
        {
            assert!(!contains(text), "{text:?}");
        }
        for entry in all().iter().step_by(997) {
            assert!(!LIST.contains(&[entry.as_slice(), b"\xff"].concat()));
        }
    }
}

//! Refuses weak HS256 secrets: whoever guesses the secret can sign in as anyone (KM-6, OP-4). A secret is
//! weak if it is too short, published, made of words that tutorials use, or follows a pattern. Anything else
//! passes, because nobody can tell whether a text is random; `countersign secret` makes one that is.

/// Checks a secret as it is written: the bytes of the text are the HMAC key.
///
/// # Errors
/// The reason, and the command that makes a good secret. Contains no part of the secret.
pub(crate) fn check(secret: &str) -> Result<(), String> {
    match weakness(secret) {
        None => Ok(()),
        Some(why) => Err(format!("{why}; make a good one with: countersign secret")),
    }
}

fn weakness(secret: &str) -> Option<String> {
    let bits = secret.len() * 4;
    if is_hex(secret) && bits < 256 {
        return Some(format!(
            "it has {} hex digits, which is {bits} bits; HS256 needs 256 bits, 64 hex digits (RFC 7518 section 3.2)",
            secret.len()
        ));
    }
    if secret.len() < 32 {
        return Some(format!(
            "it has {} bytes; HS256 needs at least 32 (RFC 7518 section 3.2)",
            secret.len()
        ));
    }
    let reason = if is_published(secret) {
        "it is published on the Internet"
    } else if is_tutorial_text(secret) {
        "it consists of words that every attacker tries"
    } else if has_pattern(secret) {
        "it repeats itself or follows a pattern"
    } else if hex_text(secret).is_some_and(|text| !text.chars().any(char::is_control)) {
        "it is text written in hex, not random bytes"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The text that the hex digits encode, if they encode any. 32 random bytes are printable once in 10^14
/// times.
fn hex_text(secret: &str) -> Option<String> {
    let pairs = secret.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    String::from_utf8(pairs.map(byte).collect::<Option<Vec<u8>>>()?).ok()
}

/// Whether it shares 24 consecutive characters with a key from an RFC or from widely copied code. Random keys
/// never do.
fn is_published(secret: &str) -> bool {
    let one_alphabet = |text: &str| text.to_ascii_lowercase().replace('+', "-").replace('/', "_");
    let secret = one_alphabet(secret);
    PUBLISHED.iter().map(|known| one_alphabet(known)).any(|known| {
        secret.as_bytes().windows(24).any(|part| known.as_bytes().windows(24).any(|known| known == part))
    })
}

/// Whether little is left after the words of tutorial secrets are removed, in spellings such as `s3cr3t` too.
fn is_tutorial_text(secret: &str) -> bool {
    let plain: String = secret.chars().filter_map(plain_letter).collect();
    let mut left = plain;
    for word in WORDS {
        left = left.replace(word, " ");
    }
    left.chars().filter(|c| *c != ' ').count() < 16
}

fn plain_letter(c: char) -> Option<char> {
    match c.to_ascii_lowercase() {
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    }
}

/// Whether half of it follows from the rest: it repeats, runs up or down (`abcdef`), or uses few characters.
fn has_pattern(secret: &str) -> bool {
    let secret = secret.to_ascii_lowercase();
    let secret = secret.as_bytes();
    let repeats = |period: usize| {
        let pairs = secret.iter().zip(secret.iter().skip(period));
        pairs.filter(|(a, b)| a == b).count() * 2 >= secret.len() - period
    };
    let runs = secret.windows(2).filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1)).count();
    let mut distinct = secret.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    (1..=secret.len() / 2).any(repeats) || runs * 2 >= secret.len() || distinct.len() < 9
}

/// Longer words first, so that removing a short word does not split a longer one.
const WORDS: &[&str] = &[
    // phrases and long words
    "authentication",
    "supersecret",
    "characters",
    "production",
    "development",
    "qwertyuiop",
    "asdfghjkl",
    "replacethis",
    "changethis",
    "signature",
    "generated",
    "symmetric",
    "generate",
    "insecure",
    "password",
    "changeme",
    "original",
    "guardian",
    "minimum",
    "refresh",
    "example",
    "default",
    "express",
    "private",
    "testing",
    "session",
    "backend",
    "zxcvbnm",
    "signing",
    "please",
    "random",
    "secret",
    "server",
    "should",
    "string",
    "secure",
    "access",
    "nodejs",
    "strong",
    "length",
    "simple",
    "sample",
    "shared",
    // short words; 256, 32 and 512 are spelt as `plain_letter` gives them
    "super",
    "token",
    "using",
    "bytes",
    "never",
    "least",
    "hs2s6",
    "2s6",
    "e2",
    "si2",
    "your",
    "this",
    "that",
    "with",
    "must",
    "very",
    "hmac",
    "here",
    "long",
    "demo",
    "auth",
    "more",
    "than",
    "need",
    "have",
    "safe",
    "file",
    "bits",
    "jwt",
    "key",
    "the",
    "and",
    "for",
    "dev",
    "put",
    "use",
    "set",
    "our",
    "not",
    "bit",
    "app",
    "api",
    "env",
    "can",
    "get",
    "one",
    "you",
    "mix",
    "gen",
    "my",
    "at",
    "to",
    "in",
    "is",
    "be",
    "it",
    "of",
    "or",
    "an",
    "do",
    "as",
];

const PUBLISHED: &[&str] = &[
    // RFC 7515 appendix A.1, and the example of RFC 7520 section 3.5
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr9Z9CAow",
    "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg",
    // seen in documentation and sample code of JWT libraries
    "GQDstcKsx0NHjPOuXOYg5MbeJ1XT0uFiwDVvVBrk",
    "A43CC200A1BD292682598DA42DAA9FD14589F3D8BF832FFA206BE775259EE1EA",
    "872e4e50ce9990d8b041330c47c9ddd11bec6b503ae9386a99da8584e9bb12c4",
    "R9MyWaEoyiMYViVWo8Fk4TUGWiSoaW6U1nOqXri8_XU",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// KM-6: short ones, with the number that is missing.
    #[test]
    fn hex_needs_64_digits_and_text_32_bytes() {
        assert!(check("secret").unwrap_err().contains("6 bytes"));
        assert!(check(&"0f".repeat(16)).unwrap_err().contains("32 hex digits"));
        assert!(
            check("9c1f04be37a85d62e0b19f4c73d8a6259c1f04be37a85d62e0b19f4c73d8a6")
                .unwrap_err()
                .contains("248 bits")
        );
    }

    #[test]
    fn long_secrets_that_are_words_patterns_or_published_are_refused() {
        for weak in [
            "a-string-secret-at-least-256-bits-long",
            "your_jwt_secret_here_your_jwt_secret",
            "My-Sup3r-S3cr3t-K3y-That-Is-Very-Long!",
            "change-this-in-production-please-32-chars",
            "this is the private key of my server, never share",
            "secretsecretsecretsecretsecretsecret",
            "correct horse correct horse correct horse",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddd",
            "ZyXwVuTsRqPoNmLkJiHgFeDcBa9876543210",
            "xzxzzxxzzxzxxzzxzxzxxzzxzxxzxzzxxzxzzxxz",
            "6d7920766572792073656372657420736563726574206b657920686572652121",
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr9Z9CAow==",
            "gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr9-changed",
            "x-hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg-x",
        ] {
            let why = check(weak).expect_err(weak);
            assert!(why.ends_with("countersign secret") && !why.contains(weak), "{why}");
        }
    }

    /// The other side: what a generator makes must pass, in any of the usual forms.
    #[test]
    fn random_secrets_pass() {
        let random = countersign::Random::insecure_seeded(7);
        for _ in 0..2_000 {
            let bytes: [u8; 32] = random.bytes();
            let hex: String = bytes
                .iter()
                .flat_map(|b| [b >> 4, b & 15])
                .map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)]))
                .collect();
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let text: String = bytes.iter().map(|b| char::from(letters[usize::from(b & 63)])).collect();
            for secret in [&hex, &hex.to_uppercase(), &text] {
                assert_eq!(check(secret), Ok(()), "{secret}");
            }
        }
    }
}

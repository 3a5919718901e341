//! The secrets of better-auth's authenticators: encrypted with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under SHA-256 of the
//! secret of its server. Our backend has ChaCha20-Poly1305 with the short nonce; what turns the long one into a key and a short one
//! (`HChaCha20`) is here.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use data_encoding::HEXLOWER_PERMISSIVE;
use zeroize::Zeroizing;

use super::problem::FactorProblem;
use super::totp::{base32_secret, secret};
use crate::base::digest::sha256;
use crate::model::second_factor::TotpSecret;

/// The secrets that a server of better-auth has or had (`BETTER_AUTH_SECRET`). Secret.
#[derive(Clone, Default)]
pub struct BetterAuthSecrets(Vec<Zeroizing<String>>);

impl BetterAuthSecrets {
    /// Reads them, one a line.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Self(lines.map(|line| Zeroizing::new(line.to_owned())).collect())
    }
}

impl std::fmt::Debug for BetterAuthSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BetterAuthSecrets([redacted])")
    }
}

/// The secret of an authenticator. What is encrypted is a text, whose bytes are the secret; one that better-auth got from elsewhere is
/// `base32:…`.
pub(super) fn opened(stored: &str, keys: &BetterAuthSecrets) -> Result<TotpSecret, FactorProblem> {
    // `$ba$<number of the secret>$…` since there may be several.
    let hex =
        stored.strip_prefix("$ba$").and_then(|rest| rest.split_once('$')).map_or(stored, |(_, hex)| hex);
    let sealed = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| FactorProblem::Malformed)?;
    if keys.0.is_empty() {
        return Err(FactorProblem::Encrypted);
    }
    let plain = keys.0.iter().find_map(|key| open(&sealed, key)).ok_or(FactorProblem::OtherKey)?;
    match plain.strip_prefix(b"base32:") {
        Some(text) => base32_secret(str::from_utf8(text).map_err(|_| FactorProblem::Malformed)?),
        None => secret(&plain),
    }
}

/// `nonce(24) | ciphertext | tag(16)`.
fn open(sealed: &[u8], key: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (first, rest) = sealed.split_first_chunk::<16>()?;
    let (last, body) = rest.split_first_chunk::<8>()?;
    let key = hchacha20(&sha256(key.as_bytes()), first);
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_slice()).ok()?);
    let mut nonce = [0; 12];
    nonce.last_chunk_mut::<8>()?.copy_from_slice(last);
    let mut body = Zeroizing::new(body.to_vec());
    let plain = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut body).ok()?.len();
    body.truncate(plain);
    Some(body)
}

type Words = [u32; 4];

/// §2.2 of the draft: the rounds of `ChaCha20` (RFC 8439 §2.3) over a key and 16 bytes, of which the first and the last row are the
/// key that comes out.
fn hchacha20(key: &[u8; 32], nonce: &[u8; 16]) -> Zeroizing<Vec<u8>> {
    let (low, high) = key.split_at(16);
    let mut rows = (words(b"expand 32-byte k"), words(low), words(high), words(nonce));
    for _ in 0..10 {
        rows = quarter_rounds(rows);
        rows = turned(rows, [1, 2, 3]);
        rows = quarter_rounds(rows);
        rows = turned(rows, [3, 2, 1]);
    }
    Zeroizing::new([rows.0, rows.3].iter().flatten().flat_map(|word| word.to_le_bytes()).collect())
}

fn words(bytes: &[u8]) -> Words {
    let mut all = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
    std::array::from_fn(|_| all.next().unwrap_or_default())
}

/// The four quarter rounds of a round (RFC 8439 §2.1), side by side.
fn quarter_rounds(
    (mut a, mut b, mut c, mut d): (Words, Words, Words, Words),
) -> (Words, Words, Words, Words) {
    let mixed = |one, other, by| each(one, other, |one, other| (one ^ other).rotate_left(by));
    for (first, second) in [(16, 12), (8, 7)] {
        a = each(a, b, u32::wrapping_add);
        d = mixed(d, a, first);
        c = each(c, d, u32::wrapping_add);
        b = mixed(b, c, second);
    }
    (a, b, c, d)
}

fn each([a0, a1, a2, a3]: Words, [b0, b1, b2, b3]: Words, of: impl Fn(u32, u32) -> u32) -> Words {
    [of(a0, b0), of(a1, b1), of(a2, b2), of(a3, b3)]
}

/// Between rounds on columns and on diagonals, each row is turned by its own number.
fn turned(
    (a, mut b, mut c, mut d): (Words, Words, Words, Words),
    [of_b, of_c, of_d]: [usize; 3],
) -> (Words, Words, Words, Words) {
    b.rotate_left(of_b);
    c.rotate_left(of_c);
    d.rotate_left(of_d);
    (a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// draft-irtf-cfrg-xchacha-03 §2.2.1
    #[test]
    fn the_vector_of_the_draft() {
        let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let nonce = HEXLOWER_PERMISSIVE.decode(b"000000090000004a0000000031415927").unwrap();
        let made = hchacha20(&key, nonce.as_slice().try_into().unwrap());
        let expected = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc";
        assert_eq!(HEXLOWER_PERMISSIVE.encode(&made), expected);
    }
}

//! Codes that an authenticator app shows: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, which every app knows.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::random::Random;

/// What an authenticator and we share: 160 bits (RFC 4226 §4, R6), or what another system has chosen.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret([redacted])")
    }
}

impl TotpSecret {
    /// A new one.
    #[must_use]
    pub fn random(random: &Random) -> Self {
        Self(Zeroizing::new(random.bytes::<20>().to_vec()))
    }

    /// From its bytes; none if they are fewer than RFC 4226 asks for (§4, R6), or more than any app takes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::SIZES.contains(&bytes.len()).then(|| Self(Zeroizing::new(bytes.to_vec())))
    }

    /// How many bytes there may be.
    pub(crate) const SIZES: std::ops::RangeInclusive<usize> = 16..=128;

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// In Base32 (RFC 4648 §6), as people type it into an app.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The URI that an app reads from a picture (the Key Uri Format of Google Authenticator, which all apps read).
    #[must_use]
    pub fn to_secret_uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let encoded = |text: &str| -> String {
            let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            let one = |byte: u8| {
                if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            };
            text.bytes().map(one).collect()
        };
        let (issuer, account) = (encoded(issuer), encoded(account));
        let secret = self.to_secret_text();
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}",
            secret.as_str()
        ))
    }

    /// The step whose code this is: that of now, the one before or the one after (RFC 6238 §5.2). Every candidate is computed, so the
    /// time does not say which it was.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let wanted: u32 = (code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_digit()))
            .then(|| code.parse().ok())
            .flatten()?;
        let current = now.as_unix_seconds().div_euclid(PERIOD);
        let fits = |step: i64| self.code(step) == wanted;
        [current - 1, current, current + 1]
            .into_iter()
            .map(|step| (step, fits(step)))
            .fold(None, |found, (step, fits)| if fits { Some(step) } else { found })
    }

    /// The code of a step, as an app shows it.
    #[must_use]
    pub fn code_at(&self, now: Timestamp) -> String {
        format!("{:06}", self.code(now.as_unix_seconds().div_euclid(PERIOD)))
    }

    /// RFC 4226 §5.3.
    fn code(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
        let chosen = tag.get(offset..).and_then(|rest| rest.first_chunk().copied()).unwrap_or_default();
        (u32::from_be_bytes(chosen) & 0x7fff_ffff) % 1_000_000
    }
}

const DIGITS: usize = 6;
/// In seconds.
const PERIOD: i64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1000)
    }

    /// MF-1: RFC 6238 appendix B (SHA-1), the last six of its eight digits; RFC 4226 appendix D has the first three steps.
    #[test]
    fn the_vectors_of_the_rfc() {
        for (seconds, code) in [
            (0, "755224"),
            (30, "287082"),
            (60, "359152"),
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().code_at(at(seconds)), code, "{seconds}");
        }
    }

    /// MF-1: one step of drift each way, and no more.
    #[test]
    fn a_code_is_good_one_step_early_and_late() {
        let code = rfc().code_at(at(3_000));
        for (seconds, step) in
            [(2_969, None), (2_970, Some(100)), (3_000, Some(100)), (3_059, Some(100)), (3_060, None)]
        {
            assert_eq!(rfc().step_of(&code, at(seconds)), step, "{seconds}");
        }
        for wrong in ["", "12345", "1234567", "12345a", "+12345", "１２３４５６"] {
            assert_eq!(rfc().step_of(wrong, at(3_000)), None, "{wrong}");
        }
        assert_eq!(rfc().step_of("5924", at(1_234_567_890)), None, "it is 005924");
    }

    /// RFC 4226 §4, R6: 128 bits at least.
    #[test]
    fn a_secret_is_neither_short_nor_endless() {
        for (length, is_one) in [(0, false), (15, false), (16, true), (32, true), (128, true), (129, false)] {
            assert_eq!(TotpSecret::from_bytes(&vec![1; length]).is_some(), is_one, "{length}");
        }
    }

    #[test]
    fn an_app_reads_the_uri() {
        let uri = rfc().to_secret_uri("Example & Söhne", "ann@example.org");
        assert_eq!(
            uri.as_str(),
            "otpauth://totp/Example%20%26%20S%C3%B6hne:ann%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Example%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", rfc()), "TotpSecret([redacted])");
    }
}

//! scrypt (RFC 7914) as PHC, as Django, Werkzeug and Spring write it, and as Firebase uses it; only ever checked.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use scrypt::{Params, scrypt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::fields::{Bytes, checked, decode, fields, hex, number, values};
use super::memory::Memory;
use super::scheme::{Kind, Scheme, UnreadableHash};
use crate::password::cost::Work;

/// A scrypt hash.
#[derive(Clone)]
pub(crate) struct ScryptHash {
    cost: Cost,
    salt: Bytes,
    tag: Bytes,
    /// Firebase: the tag is this project-wide key, encrypted under what scrypt gives.
    signer_key: Option<Bytes>,
}

#[derive(Clone, Copy)]
struct Cost {
    log_n: u32,
    r: u32,
    p: u32,
}

impl ScryptHash {
    /// Reads `$scrypt$ln=17,r=8,p=1$<salt>$<tag>`.
    pub(crate) fn parse_phc(text: &str) -> Result<Self, UnreadableHash> {
        let [_, cost, salt, tag] = fields(text)?;
        let [log_n, r, p] = values(cost, ["ln", "r", "p"])?;
        let cost = Cost::new(number(log_n)?, number(r)?, number(p)?)?;
        let (salt, tag) = checked(decode(salt)?, decode(tag)?)?;
        Ok(Self { cost, salt, tag, signer_key: None })
    }

    /// Reads Django's `scrypt$<N>$<salt>$<r>$<p>$<tag>`, the salt as it is.
    pub(crate) fn parse_django(text: &str) -> Result<Self, UnreadableHash> {
        let [_, n, salt, r, p, tag] = fields(text)?;
        let cost = Cost::of_n(n, r, p)?;
        let (salt, tag) = checked(Zeroizing::new(salt.as_bytes().to_vec()), decode(tag)?)?;
        Ok(Self { cost, salt, tag, signer_key: None })
    }

    /// Reads Werkzeug's `scrypt:<N>:<r>:<p>$<salt>$<hexadecimal tag>`, the salt as it is.
    pub(crate) fn parse_werkzeug(text: &str) -> Result<Self, UnreadableHash> {
        let [method, salt, tag] = fields(text)?;
        let parts: Vec<&str> = method.splitn(5, ':').collect();
        let [_, n, r, p] = parts.as_slice() else { return Err(UnreadableHash::Malformed) };
        let (salt, tag) = checked(Zeroizing::new(salt.as_bytes().to_vec()), hex(tag)?)?;
        Ok(Self { cost: Cost::of_n(n, r, p)?, salt, tag, signer_key: None })
    }

    /// Reads what follows Spring's `{scrypt}`: `$<log2 N, r, p in hexadecimal, two digits each for r and p>$<salt>$<tag>`.
    pub(crate) fn parse_spring(text: &str) -> Result<Self, UnreadableHash> {
        let [cost, salt, tag] = fields(text)?;
        let bits = u32::from_str_radix(cost, 16).map_err(|_| UnreadableHash::Malformed)?;
        let (salt, tag) = checked(decode(salt)?, decode(tag)?)?;
        Ok(Self { cost: Cost::new(bits >> 16, bits >> 8 & 0xff, bits & 0xff)?, salt, tag, signer_key: None })
    }

    /// Reads `$fbscrypt$v=1,n=14,r=8,p=1,ss=<separator>,sk=<signer key>$<salt>$<tag>`.
    pub(crate) fn parse_firebase(text: &str) -> Result<Self, UnreadableHash> {
        let [_, settings, salt, tag] = fields(text)?;
        let ["1", log_n, r, p, separator, signer_key] = values(settings, ["v", "n", "r", "p", "ss", "sk"])?
        else {
            return Err(UnreadableHash::UnknownFormat);
        };
        let cost = Cost::new(number(log_n)?, number(r)?, number(p)?)?;
        let mut salt = decode(salt)?;
        salt.extend_from_slice(&decode(separator)?);
        let (salt, tag) = checked(salt, decode(tag)?)?;
        let signer_key = decode(signer_key)?;
        if signer_key.len() != tag.len() {
            return Err(UnreadableHash::Malformed);
        }
        Ok(Self { cost, salt, tag, signer_key: Some(signer_key) })
    }

    /// `None` if scrypt or AES refuse what `parse` has let through, which cannot be.
    fn compute(&self, password: &[u8]) -> Option<Bytes> {
        let params = Params::new(u8::try_from(self.cost.log_n).ok()?, self.cost.r, self.cost.p).ok()?;
        let Some(signer_key) = &self.signer_key else {
            let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
            scrypt(password, &self.salt, &params, &mut tag).ok()?;
            return Some(tag);
        };
        let mut key = Zeroizing::new([0; 32]);
        scrypt(password, &self.salt, &params, key.as_mut_slice()).ok()?;
        let mut tag = signer_key.clone();
        let cipher = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, key.as_slice()).ok()?).ok()?;
        let start = EncryptionContext::Iv128([0_u8; 16].into());
        cipher.less_safe_encrypt(&mut tag, start).ok()?;
        Some(tag)
    }
}

impl Scheme for ScryptHash {
    fn matches(&self, password: &[u8], memory: &mut Memory) -> bool {
        memory.release(); // scrypt brings its own memory, and the budget is for either
        self.compute(password).is_some_and(|tag| tag.ct_eq(&self.tag).into())
    }

    /// Measured: N = 2^17 with r = 8 takes as long as twenty hashes of our default.
    fn work(&self) -> Work {
        self.cost.product() / 52
    }

    fn kind(&self) -> Kind {
        ("scrypt", [self.cost.log_n, self.cost.r, self.cost.p, 0])
    }

    fn memory_bytes(&self) -> u64 {
        (128 * u64::from(self.cost.r)) * ((1 << self.cost.log_n) + u64::from(self.cost.p))
    }
}

impl Cost {
    /// From N itself, which has to be a power of two.
    fn of_n(n: &str, r: &str, p: &str) -> Result<Self, UnreadableHash> {
        let n = number(n)?;
        if !n.is_power_of_two() {
            return Err(UnreadableHash::Malformed);
        }
        Self::new(n.trailing_zeros(), number(r)?, number(p)?)
    }

    /// Between N·r·p = 2^14, the least that was ever recommended for log-ins, and 2^21, about six tenths of a second.
    fn new(log_n: u32, r: u32, p: u32) -> Result<Self, UnreadableHash> {
        if log_n > 24 || r > 64 || p > 16 {
            return Err(UnreadableHash::TooExpensive);
        }
        let cost = Self { log_n, r, p };
        match cost.product() {
            0..16_384 => Err(UnreadableHash::TooWeak),
            16_384..=2_097_152 => Ok(cost),
            _ => Err(UnreadableHash::TooExpensive),
        }
    }

    fn product(self) -> u64 {
        (1 << self.log_n) * u64::from(self.r) * u64::from(self.p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Firebase's own documentation.
    #[test]
    fn firebase_hashes_verify() {
        let text = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZ\
             JzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqA\
             jTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
        let hash = ScryptHash::parse_firebase(text).unwrap();
        let mut memory = Memory::default();
        assert!(hash.matches(b"user1password", &mut memory));
        assert!(!hash.matches(b"user2password", &mut memory));
    }

    /// PW-6: the cost is capped before any work.
    #[test]
    fn expensive_and_weak_costs_are_refused() {
        use UnreadableHash::{Malformed, TooExpensive, TooWeak};
        let with = |cost: &str| {
            ScryptHash::parse_phc(&format!("$scrypt${cost}$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA")).map(|_| ())
        };
        for (cost, result) in [
            ("ln=17,r=8,p=1", Ok(())),
            ("ln=18,r=8,p=2", Err(TooExpensive)),
            ("ln=63,r=8,p=1", Err(TooExpensive)),
            ("ln=4294967295,r=4294967295,p=4294967295", Err(TooExpensive)),
            ("ln=4,r=8,p=1", Err(TooWeak)),
            ("ln=14,r=8", Err(Malformed)),
            ("ln=14,r=8,p=-1", Err(Malformed)),
        ] {
            assert_eq!(with(cost), result, "{cost}");
        }
        let django = ScryptHash::parse_django("scrypt$16383$salt$8$1$c29tZXNhbHRzb21lc2FsdA==");
        assert_eq!(django.map(|_| ()), Err(Malformed), "N is no power of two");
    }
}

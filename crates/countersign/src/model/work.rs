//! Proof of work: what a request that causes a mail has to show while there are too many of them. How much is demanded follows
//! from what was counted, and from nothing about the address, so it tells nobody who has an account (EN-4).
//!
//! ```text
//! challenge = base64url( version(1) | master key number(1) | random(8) | second of issue(4) | difficulty(1) | tag(16) )
//! tag       = HMAC-SHA256(work key, everything before it | purpose | 0 | canonical address)[..16]
//! proof     = challenge "." number      where SHA-256(proof) begins with as many zero bits as the difficulty says
//! ```
//! No challenge is stored, and every node reads those of the others. It is bound to the address and not to the network of whoever
//! asks: phones change their network between two requests, and a proof that is shown twice, or to two nodes, is good for one mail
//! a minute and no more, which that address could get anyhow (EM-6). A challenge that was cheap to get in a quiet network does not help in
//! a busy one, because the difficulty is compared with what is demanded there.

use std::fmt;
use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::base::digest::sha256;
use crate::base::mac_token::MacTokens;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::base::out_of_range::Broken;
use crate::base::random::Random;
use crate::model::account::EmailAddress;

/// From how many requests for mails on a proof of work is demanded, and how much work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkOptions {
    /// Requests from one network (an IPv4 address, or the /64 of an IPv6 one) within ten minutes; 0: no number of them. At most
    /// 1,000,000, default 10.
    pub per_network: u32,
    /// Requests that this process gets within ten minutes; 0: no number of them. At most 1,000,000, default 100.
    pub overall: u32,
    /// The most zero bits. Each bit doubles the work: 18 are half a second in the browser of a notebook, and some seconds on
    /// a cheap phone. 14 to 22, default 18.
    pub most_bits: u8,
}

impl Default for WorkOptions {
    fn default() -> Self {
        Self { per_network: 10, overall: 100, most_bits: 18 }
    }
}

impl WorkOptions {
    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.unless(self.per_network <= MOST_REQUESTS, "per_network", "is over 1,000,000");
        broken.unless(self.overall <= MOST_REQUESTS, "overall", "is over 1,000,000");
        let bits = (LEAST_BITS..=22).contains(&self.most_bits);
        broken.unless(bits, "most_bits", "is not between 14 and 22");
        broken
    }
}

/// How many requests for mails there were in the last ten minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecentRequests {
    /// From the network.
    pub of_network: u32,
    /// From everywhere.
    pub overall: u32,
}

/// How many zero bits are demanded of the next request; none while there are few. With each doubling of the requests the work is
/// four times as much, up to the limit, so that a phone never needs more than some seconds.
pub(crate) fn demanded(recent: RecentRequests, options: WorkOptions) -> Option<u8> {
    let of_network = bits(recent.of_network, options.per_network);
    let most = of_network.max(bits(recent.overall, options.overall))?;
    Some(most.min(options.most_bits))
}

fn bits(requests: u32, threshold: u32) -> Option<u8> {
    let times = requests.checked_div(threshold)?;
    let doublings = times.checked_ilog2()?;
    Some(u8::try_from(2 * doublings).unwrap_or(u8::MAX).saturating_add(LEAST_BITS))
}

/// What has to be solved before a mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkDemanded {
    /// The text that the proof begins with.
    pub challenge: String,
    /// With how many zero bits SHA-256 of the proof has to begin.
    pub difficulty: u8,
}

/// A proof that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SolvedWork {
    /// Names its challenge, for remembering that it was used.
    pub(crate) id: u64,
}

/// What a challenge is for.
#[derive(Clone, Copy)]
pub(crate) struct WorkFor<'a> {
    /// What the mail is for.
    pub(crate) purpose: &'a str,
    /// Where it goes.
    pub(crate) address: &'a EmailAddress,
}

impl WorkFor<'_> {
    fn binding(self) -> Vec<u8> {
        [self.purpose.as_bytes(), b"\0", self.address.canonical().as_bytes()].concat()
    }
}

/// Makes challenges, and checks proofs.
#[derive(Clone)]
pub(crate) struct WorkChallenges(MacTokens<BODY_LEN>);

impl WorkChallenges {
    /// Derives the keys from the master keys.
    pub(crate) fn new(master_keys: &MasterKeys) -> Self {
        Self(MacTokens::new(master_keys, Purpose::MailWork))
    }

    /// A fresh challenge.
    pub(crate) fn challenge(
        &self,
        of: WorkFor<'_>,
        difficulty: u8,
        now: Timestamp,
        random: &Random,
    ) -> WorkDemanded {
        let mut body = [0; BODY_LEN];
        body[..8].copy_from_slice(&random.bytes::<8>());
        body[8..12].copy_from_slice(&second(now).to_be_bytes());
        body[12] = difficulty;
        let mut challenge = String::with_capacity(TEXT_LEN);
        self.0.seal_into(&mut challenge, &body, &of.binding());
        WorkDemanded { challenge, difficulty }
    }

    /// Whether the work was done, for this and lately. `None` is the one answer for every kind of wrong: another challenge is made
    /// in any case. A proof may be a little easier than what is demanded by now, or whoever asks while the requests become more
    /// would never be done.
    pub(crate) fn check(
        &self,
        proof: &str,
        of: WorkFor<'_>,
        demanded: u8,
        now: Timestamp,
    ) -> Option<SolvedWork> {
        let (challenge, number) = proof.split_once('.')?;
        if number.is_empty() || number.len() > MOST_DIGITS || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let body = self.0.open(challenge, &of.binding())?;
        let (id, rest) = body.split_first_chunk()?;
        let (issued, rest) = rest.split_first_chunk()?;
        let [difficulty] = rest else { return None };
        let age = second(now).saturating_sub(u32::from_be_bytes(*issued));
        let is_fine = Duration::from_secs(age.into()) < LIFETIME
            && difficulty.saturating_add(TOLERATED_BITS) >= demanded
            && leading_zeros(&sha256(proof.as_bytes())) >= u32::from(*difficulty);
        is_fine.then(|| SolvedWork { id: u64::from_be_bytes(*id) })
    }
}

impl fmt::Debug for WorkChallenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkChallenges([redacted])")
    }
}

/// Of a hash, as a number with its first byte in front.
fn leading_zeros(hash: &[u8; 32]) -> u32 {
    hash.first_chunk().map_or(0, |first| u128::from_be_bytes(*first).leading_zeros())
}

fn second(now: Timestamp) -> u32 {
    u32::try_from(now.as_unix_seconds()).unwrap_or_default()
}

/// How long a challenge can be solved. What was used has to be remembered for as long.
pub(crate) const LIFETIME: Duration = Duration::from_mins(5);
/// Requests are counted for so long.
pub(crate) const COUNTED: Duration = Duration::from_mins(10);
/// The work that is demanded first: some hundredths of a second.
const LEAST_BITS: u8 = 14;
const TOLERATED_BITS: u8 = 2;
const MOST_REQUESTS: u32 = 1_000_000;
/// With the challenge, a proof is then one block of SHA-256 as long as the number has twelve digits at most.
const MOST_DIGITS: usize = 20;
/// Random bytes, second of issue, difficulty.
const BODY_LEN: usize = 8 + 4 + 1;
const TEXT_LEN: usize = MacTokens::<BODY_LEN>::TEXT_LEN;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

    fn ann() -> EmailAddress {
        EmailAddress::parse("Ann@example.org").unwrap()
    }

    fn challenges(seed: u64) -> WorkChallenges {
        WorkChallenges::new(&MasterKeys::generate(&Random::insecure_seeded(seed)))
    }

    fn solved(demanded: &WorkDemanded) -> String {
        let proofs = (0_u64..).map(|number| format!("{}.{number}", demanded.challenge));
        let mut fitting =
            proofs.filter(|proof| leading_zeros(&sha256(proof.as_bytes())) >= u32::from(demanded.difficulty));
        fitting.next().unwrap()
    }

    /// EM-6: nothing while there are few requests, more work with each doubling, and never more than a phone can do.
    #[test]
    fn the_work_grows_with_the_requests_and_has_an_end() {
        let options = WorkOptions::default();
        for (of_network, overall, expected) in [
            (0, 0, None),
            (9, 99, None),
            (10, 0, Some(14)),
            (19, 99, Some(14)),
            (20, 0, Some(16)),
            (40, 0, Some(18)),
            (80, 0, Some(18)),
            (0, 100, Some(14)),
            (12, 200, Some(16)),
            (20, 100, Some(16)),
            (u32::MAX, u32::MAX, Some(18)),
        ] {
            let recent = RecentRequests { of_network, overall };
            assert_eq!(demanded(recent, options), expected, "{recent:?}");
        }
        let many = RecentRequests { of_network: u32::MAX, overall: u32::MAX };
        assert_eq!(demanded(many, WorkOptions { per_network: 0, overall: 0, ..options }), None);
        let off = WorkOptions { per_network: 0, overall: 1, most_bits: 22 };
        assert_eq!(demanded(many, off), Some(22));
    }

    /// TK-5: only our own challenge, for the same mail, within its time, at least about as hard as is demanded, and only with the
    /// work.
    #[test]
    fn a_proof_is_good_for_what_it_was_made_for() {
        let (ours, address, random) = (challenges(1), ann(), Random::insecure_seeded(7));
        let of = WorkFor { purpose: "reset", address: &address };
        let demanded = ours.challenge(of, 14, NOW, &random);
        assert_eq!(demanded.challenge.len(), TEXT_LEN);
        let proof = solved(&demanded);
        let check = |proof: &str, of, bits, now| ours.check(proof, of, bits, now);
        let found = check(&proof, of, 14, NOW);
        assert!(found.is_some());
        assert_eq!(
            check(&proof, of, 14, NOW),
            found,
            "its name stays the same, so that it can be remembered"
        );

        let spelt = EmailAddress::parse("ann@EXAMPLE.org").unwrap();
        assert!(check(&proof, WorkFor { address: &spelt, ..of }, 14, NOW).is_some(), "another spelling");
        let other = EmailAddress::parse("bob@example.org").unwrap();
        assert_eq!(check(&proof, WorkFor { address: &other, ..of }, 14, NOW), None, "another address");
        assert_eq!(check(&proof, WorkFor { purpose: "verify", ..of }, 14, NOW), None, "another purpose");
        assert_eq!(challenges(2).check(&proof, of, 14, NOW), None, "another server's");

        let last = NOW.plus(LIFETIME).minus(Duration::from_secs(1));
        assert!(check(&proof, of, 14, last).is_some());
        assert_eq!(check(&proof, of, 14, NOW.plus(LIFETIME)), None, "too old");

        assert!(check(&proof, of, 16, NOW).is_some(), "the requests have become more meanwhile");
        assert_eq!(check(&proof, of, 17, NOW), None, "too easy by now");
        let hard = ours.challenge(of, 40, NOW, &random);
        assert_eq!(check(&format!("{}.1", hard.challenge), of, 14, NOW), None, "nothing was done");
    }

    /// TK-5: whatever is changed about a proof, it is none.
    #[test]
    fn forged_proofs_prove_nothing() {
        let (ours, address) = (challenges(1), ann());
        let of = WorkFor { purpose: "reset", address: &address };
        let none = ours.challenge(of, 0, NOW, &Random::insecure_seeded(7));
        let proof = format!("{}.7", none.challenge);
        assert!(ours.check(&proof, of, 0, NOW).is_some());
        for at in 0..TEXT_LEN {
            let with = if proof.as_bytes()[at] == b'A' { "B" } else { "A" };
            let forged = format!("{}{with}{}", &proof[..at], &proof[at + 1..]);
            assert_eq!(ours.check(&forged, of, 0, NOW), None, "{at}");
        }
        let challenge = &none.challenge;
        for number in ["", "x", "-1", "1.2", " 1", "١", "123456789012345678901"] {
            assert_eq!(ours.check(&format!("{challenge}.{number}"), of, 0, NOW), None, "{number}");
        }
        for junk in ["", ".", ".7", challenge, &"a".repeat(10_000), &format!("{challenge}{challenge}.7")] {
            assert_eq!(ours.check(junk, of, 0, NOW), None, "{junk}");
        }
    }

    /// What the pages compute, and anybody else: SHA-256 of the text of the proof.
    #[test]
    fn zero_bits_are_counted_from_the_first() {
        let mut hash = [0xff; 32];
        assert_eq!(leading_zeros(&hash), 0);
        (hash[0], hash[1], hash[2]) = (0, 0, 0x1f);
        assert_eq!(leading_zeros(&hash), 19);
    }
}

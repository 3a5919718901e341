//! Does time tell who has an account (EN-2, EN-4, TH-8)? `cargo bench -p countersign --bench timing -- [--samples 1000] [--runs 3]`;
//! `--only login` or `--only mail` for one of the two.
//!
//! Interleaves requests about those who have an account and those who have none, for logins ([`login`]) and for mails that
//! anybody can ask for ([`mail`]). Each time is compared with that of another kind of request in the same round, so that
//! whatever slows the machine for a while slows both; the median of these differences is given with a 99 % bootstrap interval.
//! A class tells if its interval lies beyond what is tolerated: for logins 1 % of the hash time, where a ticket
//! is written ten microseconds, where nothing is three. It may do so in one run of three.
//!
//! Deliberately leaky controls must be caught in every run: among them no hash for unknown names, no ticket and no mail for
//! unknown addresses, a look at the store too much. Needs an otherwise idle machine.
//!
//! `-- --smoke` is for `scripts/test`: three runs of a hundred with three kinds of hashes, where the control of a thirtieth may
//! slip through.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]
#![expect(clippy::unchecked_time_subtraction, reason = "a monotonic clock does not go back")]

mod login;
mod mail;
mod statistics;

use countersign::internal::base::clock::Clock;

use crate::statistics::How;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (how, clock) = (How::asked_for(), Clock::system());
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    let is_wanted = |part| only.as_ref().is_none_or(|only| only == part);
    if is_wanted("login") {
        login::measure_all(how, &clock).await?;
    }
    if is_wanted("mail") {
        mail::measure_all(how, &clock).await?;
    }
    println!("time tells nothing, and what leaks on purpose was caught");
    Ok(())
}

//! Several nodes on one PostgreSQL: what one ends is ended everywhere, also where nothing wakes them, after a crash, and
//! after a failover to a standby that was behind.

#[cfg(test)]
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "each test uses what it needs")]
mod database;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod news;
#[cfg(test)]
mod node;

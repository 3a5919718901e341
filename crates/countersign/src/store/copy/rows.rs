//! What is copied, and what each store has to offer for that: rows as they are stored, which no rule looks at. The columns
//! are those that the two databases say they have, so a new column needs no line here.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

/// A value as it is stored. It may be a hash or a key, so it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::store) enum Value {
    Null,
    /// Also yes and no, as 1 and 0.
    Integer(i64),
    Text(String),
    /// Also an ID.
    Bytes(Vec<u8>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A row, in the order of the columns that were asked for.
pub(in crate::store) type Row = Vec<Value>;

/// Why rows could not be read or written.
pub(in crate::store) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A table that is copied.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    /// Columns of one store's own, which mean nothing to another.
    pub(in crate::store) own: &'static [&'static str],
    /// The column that the store itself numbers. No number is ever given twice, not even one whose row was deleted.
    pub(in crate::store) numbered: Option<&'static str>,
}

impl Table {
    const fn new(name: &'static str) -> Self {
        Self { name, own: &[], numbered: None }
    }

    const fn numbered(self, column: &'static str) -> Self {
        Self { numbered: Some(column), ..self }
    }

    const fn own(self, columns: &'static [&'static str]) -> Self {
        Self { own: columns, ..self }
    }
}

/// What is copied, accounts before what is theirs. Other tables serve one database only, such as the record of its schema.
pub(in crate::store) const TABLES: [Table; 29] = [
    Table::new("master_keys"),
    Table::new("signing_keys").numbered("number"),
    Table::new("withdrawn_keys"),
    Table::new("feed_keys"),
    Table::new("clients"),
    Table::new("accounts"),
    Table::new("sessions"),
    Table::new("api_keys"),
    Table::new("email_addresses"),
    Table::new("tickets"),
    Table::new("second_factors"),
    Table::new("recovery_codes"),
    Table::new("trusted_devices"),
    Table::new("passkeys"),
    Table::new("passkey_challenges"),
    Table::new("oauth_codes"),
    Table::new("oauth_consents"),
    Table::new("used_once"),
    // Followed by a number in SQLite, and by the number of the transaction in PostgreSQL.
    Table::new("revocations").own(&["sequence", "xid"]),
    Table::new("throttle"),
    Table::new("milestones"),
    Table::new("sealed_keys"),
    Table::new("activity"),
    Table::new("outbox").numbered("number"),
    Table::new("audit_log").own(&["xid"]).numbered("sequence"),
    Table::new("audit_chain"),
    Table::new("audit_gaps"),
    Table::new("audit_head"),
    Table::new("audit_readers"),
];

/// How many rows are in memory at a time.
pub(in crate::store) const BATCH: u32 = 5_000;

/// One moment of a database, read row by row in whatever order is quickest.
pub(in crate::store) trait Rows {
    /// The names of a table's columns.
    async fn columns(&self, table: &Table) -> Result<Vec<String>, Fault>;
    /// How many rows a table has.
    async fn count(&self, table: &Table) -> Result<u64, Fault>;
    /// The last number that a numbered table has given; 0 before the first.
    async fn last_number(&self, table: &Table) -> Result<i64, Fault>;
    /// Begins to read these columns of a table.
    async fn begin(&mut self, table: &Table, columns: &[String]) -> Result<(), Fault>;
    /// The next rows, at most [`BATCH`]; none at the end.
    async fn next(&mut self) -> Result<Vec<Row>, Fault>;
}

/// An empty database. What is written into it is seen by nobody else before the end.
pub(in crate::store) trait Draft {
    /// What reads it back.
    type Rows: Rows;
    /// What was written so far.
    fn rows(&mut self) -> &mut Self::Rows;
    /// Writes rows.
    async fn insert(&mut self, table: &Table, columns: &[String], rows: Vec<Row>) -> Result<(), Fault>;
    /// Lets a numbered table go on after this number.
    async fn set_last_number(&self, table: &Table, number: i64) -> Result<(), Fault>;
    /// Makes everything durable, and seen by all. Dropped without that, nothing was written.
    async fn finish(self) -> Result<(), Fault>;
}

/// How many rows there are, and a checksum of them that does not depend on their order: the sum of their SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Tally {
    pub(in crate::store) rows: u64,
    sum: [u64; 4],
}

impl Tally {
    pub(in crate::store) fn add_all(&mut self, rows: &[Row]) {
        for row in rows {
            self.add(row);
        }
    }

    fn add(&mut self, row: &[Value]) {
        let mut hash = Context::new(&SHA256);
        let mut part = |kind: u8, bytes: &[u8]| {
            hash.update(&[kind]);
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for value in row {
            match value {
                Value::Null => part(0, &[]),
                Value::Integer(number) => part(1, &number.to_le_bytes()),
                Value::Text(text) => part(2, text.as_bytes()),
                Value::Bytes(bytes) => part(3, bytes),
            }
        }
        self.rows += 1;
        let digest = hash.finish();
        for (sum, bytes) in self.sum.iter_mut().zip(digest.as_ref().as_chunks().0) {
            *sum = sum.wrapping_add(u64::from_be_bytes(*bytes));
        }
    }

    /// The checksum, as 64 hex digits.
    pub(in crate::store) fn checksum(&self) -> String {
        let [a, b, c, d] = self.sum;
        format!("{a:016x}{b:016x}{c:016x}{d:016x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[&[Value]]) -> String {
        let mut tally = Tally::default();
        for row in rows {
            tally.add(row);
        }
        tally.checksum()
    }

    /// Anything that two tables can differ in, except their order, gives another sum.
    #[test]
    fn a_checksum_is_of_every_value() {
        let text = |text: &str| Value::Text(text.to_owned());
        let (a, b): (&[_], &[_]) = (&[text("a"), Value::Integer(1)], &[text("b"), Value::Null]);
        assert_eq!(tally(&[a, b]), tally(&[b, a]));
        let all: [&[&[Value]]; 8] = [
            &[],
            &[a],
            &[a, a],
            &[a, b],
            &[&[text("a"), Value::Integer(2)]],
            &[&[text("a"), Value::Null]],
            &[&[text(""), text("ab")]],
            &[&[text("a"), text("b")]],
        ];
        let sums: std::collections::BTreeSet<_> = all.iter().map(|rows| tally(rows)).collect();
        assert_eq!(sums.len(), all.len());
        assert_ne!(tally(&[&[text("a")]]), tally(&[&[Value::Bytes(b"a".to_vec())]]));
    }
}

//! The changes of the tables that this version of the program knows. Their numbers are those of the SQLite steps with the
//! same columns.

use crate::model::schema::{Migrations, Step};

pub(in crate::store::postgres) const MIGRATIONS: Migrations = Migrations::of(31, STEPS);

/// Each a line of its own, as `scripts/migrations` reads them.
#[rustfmt::skip]
const STEPS: &[Step] = &[
    Step::expand(9, 9, include_str!("../../../../migrations/postgres/V0009__initial.sql")),
    Step::expand(11, 9, include_str!("../../../../migrations/postgres/V0011__milestones.sql")),
    Step::expand(12, 9, include_str!("../../../../migrations/postgres/V0012__withdrawn_keys.sql")),
    Step::expand(13, 9, include_str!("../../../../migrations/postgres/V0013__master_key_use.sql")),
    Step::expand(15, 9, include_str!("../../../../migrations/postgres/V0015__api_keys.sql")),
    Step::expand(16, 9, include_str!("../../../../migrations/postgres/V0016__activity.sql")),
    Step::expand(17, 9, include_str!("../../../../migrations/postgres/V0017__emails_and_tickets.sql")),
    Step::expand(18, 9, include_str!("../../../../migrations/postgres/V0018__outbox.sql")),
    Step::expand(19, 9, include_str!("../../../../migrations/postgres/V0019__audit_readers.sql")),
    Step::expand(20, 9, include_str!("../../../../migrations/postgres/V0020__account_deletion.sql")),
    Step::index(21, 9, "accounts_to_delete", include_str!("../../../../migrations/postgres/V0021__accounts_to_delete.sql")),
    Step::index(22, 9, "audit_log_by_other", include_str!("../../../../migrations/postgres/V0022__audit_log_by_other.sql")),
    Step::expand(23, 9, include_str!("../../../../migrations/postgres/V0023__approved_tickets.sql")),
    Step::expand(24, 9, include_str!("../../../../migrations/postgres/V0024__account_language.sql")),
    Step::expand(25, 9, include_str!("../../../../migrations/postgres/V0025__switched_off_readers.sql")),
    Step::expand(26, 9, include_str!("../../../../migrations/postgres/V0026__second_factors.sql")),
    Step::expand(27, 9, include_str!("../../../../migrations/postgres/V0027__passkeys.sql")),
    Step::expand(28, 9, include_str!("../../../../migrations/postgres/V0028__bound_key.sql")),
    Step::expand(29, 9, include_str!("../../../../migrations/postgres/V0029__oauth.sql")),
    Step::expand(31, 9, include_str!("../../../../migrations/postgres/V0031__used_once.sql")),
];

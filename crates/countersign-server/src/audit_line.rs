//! A row of the audit log with its place in the chain, as JSON: for an export, a file and a syslog daemon alike.

use countersign::{ChainedRow, Timestamp};
use serde_json::{Value, json};

use crate::output::utc;

/// An event as `audit --json` has it, with its place in the chain.
pub(crate) fn as_json(ChainedRow { place, row, .. }: &ChainedRow) -> Value {
    let mut value = match row {
        None => json!({ "sequence": place.sequence, "missing": true }),
        Some(row) => json!({
            "sequence": row.sequence,
            "at": utc(Timestamp::from_unix_millis(row.at)),
            "event": row.kind,
            "actor": row.actor,
            "address": row.address,
            "accountId": row.account_id,
            "sessionId": row.session_id,
            "detail": row.detail,
        }),
    };
    if let Some(row) = row {
        for (name, id) in [
            ("actorId", row.actor_id.map(|id| id.to_string())),
            ("requestId", row.request_id.map(|id| id.to_string())),
        ] {
            if let Some(id) = id {
                value[name] = id.into();
            }
        }
    }
    let mac = row.as_ref().and_then(|row| row.mac.as_deref()).map(hex);
    value["chain"] = json!({ "position": place.position, "link": hex(&place.link), "mac": mac });
    value
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

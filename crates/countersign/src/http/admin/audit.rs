//! `GET /api/admin/audit`: the audit log, a page at a time: with `after` oldest first, to follow it; with `before` newest
//! first, to look back.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::http::app::App;
use crate::http::body::query::Query;
use crate::http::error::api::ApiError;
use crate::model::audit::{AuditKind, AuditQuery, AuditRecord};
use crate::store::Store;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListAudit {
    after: Option<i64>,
    before: Option<i64>,
    event: Option<String>,
    account: Option<String>,
    limit: Option<u32>,
}

/// One event as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventBody {
    sequence: i64,
    at: String,
    event: &'static str,
    actor: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_id: Option<String>,
    /// The `X-Request-Id` of the answer, for what came over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    address: Option<String>,
    account_id: Option<String>,
    session_id: Option<String>,
    detail: Option<String>,
}

#[derive(Serialize)]
pub(in crate::http) struct AuditBody {
    events: Vec<EventBody>,
    /// What to pass as `after`, or as `before`, to read on; absent where there is nothing further back.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    Query(query): Query<ListAudit>,
) -> Result<axum::Json<AuditBody>, ApiError> {
    let unknown = |what| ApiError::Value(format!("there is no such {what}").into());
    let after = query.after.unwrap_or(0);
    let limit = query.limit.unwrap_or(100).clamp(1, 1000);
    let before = query.before;
    let query = AuditQuery {
        after,
        before,
        kind: query
            .event
            .map(|name| AuditKind::from_name(&name).ok_or_else(|| unknown("event")))
            .transpose()?,
        account_id: query.account.map(|id| id.parse().map_err(|_| unknown("account"))).transpose()?,
        limit,
    };
    let records = app.countersign.audit_log(query).await?;
    let last = records.last().map(|last| last.sequence);
    let next = match before {
        None => Some(last.unwrap_or(after)),
        Some(_) => last.filter(|_| records.len() == limit as usize),
    };
    Ok(axum::Json(AuditBody { events: records.into_iter().map(EventBody::from).collect(), next }))
}

impl From<AuditRecord> for EventBody {
    fn from(record: AuditRecord) -> Self {
        Self {
            sequence: record.sequence,
            at: record.at.to_string(),
            event: record.event.kind.name(),
            actor: record.actor.name(),
            actor_id: record.actor.account_id().map(|id| id.to_string()),
            request_id: record.request_id.map(|id| id.to_string()),
            address: record.address.map(|address| address.to_string()),
            account_id: record.event.account_id.map(|id| id.to_string()),
            session_id: record.event.session_id.map(|id| id.to_string()),
            detail: record.event.detail,
        }
    }
}

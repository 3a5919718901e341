//! `GET /api/admin/audit`: the audit log, a page at a time: with `after` oldest first, to follow it; with `before` newest
//! first, to look back.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::http::app::App;
use crate::http::body::query::Query;
use crate::http::error::api::ApiError;
use crate::model::audit::{AuditKind, AuditQuery};
use crate::store::Store;
use crate::wire::AuditEventView;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListAudit {
    after: Option<i64>,
    before: Option<i64>,
    event: Option<String>,
    account: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct AuditBody<'a> {
    events: Vec<AuditEventView<'a>>,
    /// The `after`, or the `before`, of the next page; absent when there are no older events.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    Query(query): Query<ListAudit>,
) -> Result<Response, ApiError> {
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
    let events = records.iter().map(AuditEventView::from).collect();
    Ok(axum::Json(AuditBody { events, next }).into_response())
}

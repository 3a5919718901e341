//! `GET /api/admin/audit`: the audit log, a page at a time: with `after` oldest first, to follow it; with `before` newest
//! first, to look back. To follow, one goes on with the cursor of the page before: where several nodes write the log, lines
//! do not appear in the order of their numbers. `since` and `until` are instants of RFC 3339; the second is not included.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::base::timestamp::NotAnInstant;
use crate::http::app::App;
use crate::http::body::query::Query;
use crate::http::error::api::ApiError;
use crate::model::audit::{AuditKind, AuditQuery};
use crate::store::Store;
use crate::wire::AuditEventView;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListAudit {
    after: Option<String>,
    before: Option<i64>,
    event: Option<String>,
    account: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct AuditBody<'a> {
    events: Vec<AuditEventView<'a>>,
    /// The `after`, or the `before`, of the next page; absent when there are no older events.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Next>,
    /// Looking back: the `after` with which to follow what is written from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Next {
    After(String),
    Before(i64),
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    Query(query): Query<ListAudit>,
) -> Result<Response, ApiError> {
    let instant = |name, text: Option<String>| {
        let read = |text: String| {
            text.parse().map_err(|error: NotAnInstant| ApiError::Value(format!("`{name}` is {error}").into()))
        };
        text.map(read).transpose()
    };
    let unknown = |what| ApiError::Value(format!("there is no such {what}").into());
    let after = query.after.map(|cursor| cursor.parse().map_err(|_| unknown("cursor"))).transpose()?;
    let limit = query.limit.unwrap_or(100).clamp(1, 1000);
    let before = query.before;
    let query = AuditQuery {
        by_account: None,
        after: after.unwrap_or_default(),
        before,
        kind: query
            .event
            .map(|name| AuditKind::from_name(&name).ok_or_else(|| unknown("event")))
            .transpose()?,
        account_id: query.account.map(|id| id.parse().map_err(|_| unknown("account"))).transpose()?,
        since: instant("since", query.since)?,
        until: instant("until", query.until)?,
        limit,
    };
    let page = app.countersign.audit_log(query).await?;
    let events = page.lines.iter().map(AuditEventView::from).collect();
    let cursor = page.next.to_string();
    let body = if before.is_some() {
        let oldest = page.lines.last().filter(|_| page.lines.len() == limit as usize);
        AuditBody { events, next: oldest.map(|line| Next::Before(line.sequence)), newer: Some(cursor) }
    } else {
        AuditBody { events, next: Some(Next::After(cursor)), newer: None }
    };
    Ok(axum::Json(body).into_response())
}

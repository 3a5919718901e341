//! `GET /api/admin/overview`: what has happened in the last hour, day or month on all nodes, and how things are now on this one.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::http::app::App;
use crate::http::body::query::Query;
use crate::http::error::api::ApiError;
use crate::model::activity::Range;
use crate::store::Store;
use crate::wire::OverviewView;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ShowOverview {
    range: Option<String>,
}

pub(in crate::http) async fn show<S: Store>(
    State(app): State<App<S>>,
    Query(query): Query<ShowOverview>,
) -> Result<Response, ApiError> {
    let range = query.range.map_or(Some(Range::Hour), |name| Range::from_name(&name));
    let range = range.ok_or_else(|| ApiError::Value("`range` is `hour`, `day` or `month`".into()))?;
    let overview = app.countersign.overview(range).await?;
    Ok(axum::Json(OverviewView::from(&overview)).into_response())
}

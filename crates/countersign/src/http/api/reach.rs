//! `GET /api/reach`: how a request has come here, for `countersign doctor`, which asks through whatever is in front. As JSON, or
//! as an event stream, which goes on after half a second and ends some seconds later: what is in between may keep that back.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_guard::{Refusal, bearer_token};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::http::app::App;
use crate::http::edge::client_address::{client_address, hops, peer};
use crate::http::error::api::ApiError;
use crate::model::reach_proof::ReachProof;
use crate::store::Store;

pub(in crate::http) async fn show<S: Store>(State(app): State<App<S>>, parts: Parts) -> Response {
    let seen = seen(&app, &parts);
    let accept = parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept == Some(EVENT_STREAM) { stream_of(&seen) } else { axum::Json(seen).into_response() }
}

/// What the request looks like from here, and how the feed fares.
fn seen<S: Store>(app: &App<S>, parts: &Parts) -> Value {
    let (auth, trusted) = (&app.countersign, &app.options.trusted_proxies);
    let peer = peer(&parts.extensions).map(|peer| peer.to_canonical());
    let is_proxy = |peer: IpAddr| trusted.iter().any(|net| net.contains(&peer));
    let followers = auth.feed().followers();
    json!({
        "client": client_address(&parts.extensions, &parts.headers, trusted),
        "peer": peer,
        "peerIsProxy": peer.is_some_and(is_proxy),
        "forwarded": hops(&parts.headers).into_iter().take(MOST_HOPS).collect::<Vec<_>>(),
        "issuer": auth.options().issuer,
        "followers": followers.len(),
        "mostFollowers": auth.options().feed.max_followers,
        "worstLag": followers.iter().map(|follower| follower.lag).max().unwrap_or_default().as_secs_f64(),
    })
}

/// With the headers of the feed, so that what would hold that up holds this up.
fn stream_of(seen: &Value) -> Response {
    let first = Bytes::from(format!("event: seen\ndata: {seen}\n\n"));
    let after = |pause, event: &'static str| async move {
        tokio::time::sleep(pause).await;
        Bytes::from_static(event.as_bytes())
    };
    let events = stream::iter([first])
        .chain(stream::once(after(UNTIL_NEXT, "event: next\ndata: {}\n\n")))
        .chain(stream::once(after(UNTIL_END, "event: end\ndata: {}\n\n")))
        .map(Ok::<_, Infallible>);
    let headers = [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(events)).into_response()
}

/// Asks for a proof of the master key. It is no access token, though it comes in the same header.
pub(in crate::http) async fn proof<S: Store>(
    State(app): State<App<S>>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let (keys, now) = (&app.countersign.master_keys, app.countersign.clock().now());
    let proved = bearer_token(&headers)
        .and_then(|text| ReachProof::is_good(text, keys, now).then_some(()).ok_or(Refusal::Malformed));
    match proved {
        Ok(()) => next.run(request).await,
        Err(refusal) => ApiError::from(refusal).into_response(),
    }
}

const EVENT_STREAM: &str = "text/event-stream";
const MOST_HOPS: usize = 16;
/// A buffer can pass the first event on with the head, so the one after it tells.
const UNTIL_NEXT: Duration = Duration::from_millis(500);
const UNTIL_END: Duration = Duration::from_millis(3500);

//! `GET /api/revocations`: the feed of ended sessions, for the guards of other services.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_guard::feed::{FeedCaller, FeedRequest};
use countersign_guard::{Refusal, bearer_token};

use crate::http::app::App;
use crate::http::edge::caller::Anonymous;
use crate::http::error::api::ApiError;
use crate::store::Store;

pub(in crate::http) async fn follow<S: Store>(
    State(app): State<App<S>>,
    Extension(caller): Extension<FeedCaller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let request = FeedRequest::parse(uri.query(), &headers)?;
    Ok(app.countersign.feed().respond(request, caller).await?)
}

/// Asks for a feed key, unless the feed is public. The key is no access token, though it comes in the same header: an
/// access token is refused here, and a feed key everywhere else.
pub(in crate::http) async fn feed_key<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    mut request: Request,
    next: Next,
) -> Response {
    let (auth, address) = (&app.countersign, context.address);
    let caller = if auth.options().feed.public {
        Ok(FeedCaller { address, ..FeedCaller::default() })
    } else {
        bearer_token(request.headers())
            .and_then(|key| auth.feed_caller(key, address).ok_or(Refusal::Malformed))
    };
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => ApiError::from(refusal).into_response(),
    }
}

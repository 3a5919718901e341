//! What a follower asks for: the query, and three headers.

use std::time::Duration;

use http::{HeaderMap, header};

use super::cursor::Cursor;

/// Why the feed was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// A parameter is unknown, comes twice, or has a value that is not allowed.
    #[error("{0}")]
    Query(&'static str),
    /// There are as many followers as may be: try again later.
    #[error("there are too many followers")]
    Full,
    /// The right to follow was withdrawn while the caller waited.
    #[error("the feed key has been removed")]
    Withdrawn,
}

/// A request for the feed.
#[derive(Debug)]
pub struct FeedRequest {
    pub(super) is_stream: bool,
    pub(super) after: Option<Cursor>,
    /// For how long to wait for news; `None` for what there is now.
    pub(super) wait: Option<Duration>,
    pub(super) known_tags: Vec<String>,
}

impl FeedRequest {
    /// Reads the query of the URL and the headers `Accept`, `Last-Event-ID` and `If-None-Match`. A browser's
    /// `EventSource` keeps its URL when it comes back, so the header goes before `after`.
    ///
    /// # Errors
    /// [`FeedError::Query`].
    pub fn parse(query: Option<&str>, headers: &HeaderMap) -> Result<Self, FeedError> {
        let (mut after, mut wait) = (None, None);
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let once = |is_new: bool| is_new.then_some(()).ok_or(FeedError::Query("a parameter comes twice"));
            match pair.split_once('=') {
                Some(("after", value)) => once(after.replace(value).is_none())?,
                Some(("wait", value)) => once(wait.replace(seconds(value)?).is_none())?,
                _ => return Err(FeedError::Query("the parameters are `after` and `wait`")),
            }
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let after = text("last-event-id").or(after).and_then(Cursor::parse);
        let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        Ok(Self {
            is_stream: text("accept").is_some_and(|accept| accept.contains("text/event-stream")),
            after,
            wait,
            known_tags: tags.flat_map(|tags| tags.split(',')).map(|tag| tag.trim().to_owned()).collect(),
        })
    }
}

fn seconds(text: &str) -> Result<Duration, FeedError> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= LONGEST_WAIT);
    seconds.map(Duration::from_secs).ok_or(FeedError::Query("`wait` is a number of seconds from 0 to 25"))
}

/// Servers and proxies give a response half a minute.
const LONGEST_WAIT: u64 = 25;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str, headers: &[(&'static str, &str)]) -> Result<FeedRequest, FeedError> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        FeedRequest::parse(Some(query), &headers.collect())
    }

    #[test]
    fn a_request_is_read_strictly_and_a_cursor_leniently() {
        let (first, second) = ("1.000000000000000a.1.2", "1.000000000000000b.1.2");
        let request = parse(&format!("after={first}&wait=25"), &[("accept", "application/json")]).unwrap();
        assert_eq!((request.after, request.wait), (Cursor::parse(first), Some(Duration::from_secs(25))));
        assert!(!request.is_stream);
        let request =
            parse(&format!("after={first}"), &[("last-event-id", second), ("accept", "text/event-stream")]);
        let request = request.unwrap();
        assert_eq!((request.after, request.wait, request.is_stream), (Cursor::parse(second), None, true));
        assert_eq!(parse("after=of-a-later-version", &[]).unwrap().after, None);
        for query in ["wait=26", "wait=-1", "wait=", "wait=1&wait=1", "after=a&after=b", "before=1", "wait"] {
            assert!(matches!(parse(query, &[]), Err(FeedError::Query(_))), "{query}");
        }
        let request = parse("", &[("if-none-match", r#"W/"a", W/"b""#)]).unwrap();
        assert_eq!(request.known_tags, [r#"W/"a""#, r#"W/"b""#]);
    }
}

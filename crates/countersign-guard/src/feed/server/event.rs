//! Events as bytes, encoded once for all followers.

use std::fmt::Display;
use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::feed::wire::{MAX_IDS, Revoked};

/// One server-sent event (WHATWG HTML §9.2.5). Its data is one line of JSON, which is used alone too.
#[derive(Clone, Debug)]
pub(super) struct Event {
    text: Bytes,
    json: Range<usize>,
}

impl Event {
    pub(super) fn new(name: &str, id: Option<impl Display>, data: &impl Serialize) -> Self {
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        let mut text = format!("{id}event: {name}\ndata: ").into_bytes();
        let from = text.len();
        #[expect(clippy::expect_used, reason = "numbers, texts and lists of texts always have a JSON form")]
        serde_json::to_writer(&mut text, data).expect("the data has a JSON form");
        let json = from..text.len();
        text.extend_from_slice(b"\n\n");
        Self { text: text.into(), json }
    }

    /// The event for a stream.
    pub(super) fn text(&self) -> Bytes {
        self.text.clone()
    }

    /// Its data alone.
    pub(super) fn json(&self) -> Bytes {
        self.text.slice(self.json.clone())
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

/// The ID of a session: 16 bytes if it is a UUID, of which there can be millions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sid {
    Uuid([u8; 16]),
    Other(Box<str>),
}

impl From<&str> for Sid {
    fn from(text: &str) -> Self {
        match Uuid::try_parse(text) {
            Ok(uuid) if uuid.to_string() == text => Self::Uuid(uuid.into_bytes()),
            _ => Self::Other(text.into()),
        }
    }
}

impl Display for Sid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Uuid(bytes) => Uuid::from_bytes(*bytes).fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// An ended session, and until when that matters, in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) until: i64,
    pub(super) sid: Sid,
}

/// The entries in as few events as their limits allow.
pub(super) fn revoked(mut entries: Vec<Entry>) -> Vec<Revoked> {
    entries.sort_unstable();
    let mut all: Vec<Revoked> = Vec::new();
    let mut len = 0;
    for Entry { until, sid } in entries {
        let sid = sid.to_string();
        len += sid.len();
        match all.last_mut() {
            Some(last) if last.until == until && last.sid.len() < MAX_IDS && len <= MAX_ID_BYTES => {
                last.sid.push(sid);
            }
            last => {
                if let Some(last) = last {
                    last.more = true;
                }
                len = sid.len();
                all.push(Revoked { until, sid: vec![sid], more: false });
            }
        }
    }
    all
}

/// With the quotes and commas of [`MAX_IDS`] an event stays below 64 KiB.
const MAX_ID_BYTES: usize = 36 * MAX_IDS;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(until: i64, sid: &str) -> Entry {
        Entry { until, sid: sid.into() }
    }

    #[test]
    fn an_event_is_text_around_one_line_of_json() {
        let event =
            Event::new("revoked", Some(7), &Revoked { until: 9, sid: vec!["a\nb".to_owned()], more: true });
        assert_eq!(
            event.text(),
            "id: 7\nevent: revoked\ndata: {\"until\":9,\"sid\":[\"a\\nb\"],\"more\":true}\n\n"
        );
        assert_eq!(event.json(), r#"{"until":9,"sid":["a\nb"],"more":true}"#);
        let reset = Event::new("reset", None::<u64>, &serde_json::json!({}));
        assert_eq!(reset.text(), "event: reset\ndata: {}\n\n");
    }

    #[test]
    fn an_id_comes_out_as_it_went_in() {
        for id in [
            "f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0",
            "F219C4F5-5cfd-4a51-99f5-a02fcb6fbeb0",
            "f219c4f55cfd4a5199f5a02fcb6fbeb0",
            "x",
            "",
        ] {
            assert_eq!(Sid::from(id).to_string(), id);
        }
        assert!(matches!(Sid::from("f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0"), Sid::Uuid(_)));
    }

    #[test]
    fn entries_of_one_time_share_an_event() {
        let all = revoked(vec![entry(2, "c"), entry(1, "b"), entry(2, "a")]);
        let of = |until, sid: &[&str], more| Revoked {
            until,
            sid: sid.iter().map(ToString::to_string).collect(),
            more,
        };
        assert_eq!(all, [of(1, &["b"], true), of(2, &["a", "c"], false)]);
        assert_eq!(revoked(vec![]), []);
    }

    /// 64 KiB is what a follower reads at most, whatever the issuer calls its sessions.
    #[test]
    fn no_event_is_larger_than_a_follower_reads() {
        let uuids = (0..4_000_u128).map(|n| entry(1_795_471_300, &Uuid::from_u128(n).to_string()));
        let long = (0..400).map(|n| entry(1_795_471_300, &format!("{n:0>500}")));
        for entries in [uuids.collect::<Vec<_>>(), long.collect()] {
            let count = entries.len();
            let all = revoked(entries);
            assert_eq!(all.iter().map(|event| event.sid.len()).sum::<usize>(), count);
            assert!(
                all.iter().all(|event| Event::new("revoked", Some("x".repeat(64)), event).len() < 64 * 1024)
            );
            assert!(all.len() > 2 && all.iter().filter(|event| !event.more).count() == 1);
        }
    }
}

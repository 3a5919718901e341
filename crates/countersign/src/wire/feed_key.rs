//! A feed key.

use crate::model::feed_key::FeedKey;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// A feed key; never the key itself.
    FeedKeyView {
        name: &'a str,
        created_at: Instant,
    }
}

impl<'a> From<&'a FeedKey> for FeedKeyView<'a> {
    fn from(key: &'a FeedKey) -> Self {
        Self { name: key.name.as_str(), created_at: Instant(key.created_at) }
    }
}

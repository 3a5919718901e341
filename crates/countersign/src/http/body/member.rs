//! A member of a JSON object that may be `null`, and then says something else than one that is not there.

use serde::{Deserialize, Deserializer};

/// To be marked `#[serde(default)]`.
#[derive(Default)]
pub(in crate::http) enum Member<T> {
    #[default]
    Absent,
    Null,
    Is(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Is))
    }
}

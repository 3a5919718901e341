//! The types that fields of views have, and the macro that makes a view.

use serde::{Serialize, Serializer};

use crate::base::clock::Timestamp;

/// An instant as text in the form of RFC 3339, such as `2026-11-23T07:30:00.000Z`.
#[derive(Clone, Copy, Debug)]
pub struct Instant(pub Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A field that is absent, and not `null`, where there is nothing.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub struct Optional<T>(pub Option<T>);

impl<T> Optional<T> {
    pub(super) const fn is_absent(&self) -> bool {
        self.0.is_none()
    }
}

/// Makes a struct that serialises in camelCase. Fields marked `optional` are [`Optional`].
macro_rules! view {
    (
        $(#[doc = $doc:literal])+
        $name:ident {
            $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)+
            $(;optional $($(#[doc = $optional_doc:literal])* $optional:ident: $optional_type:ty,)+)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name<'a> {
            $($(#[doc = $field_doc])* pub(crate) $field: $type,)+
            $($(
                $(#[doc = $optional_doc])*
                #[serde(skip_serializing_if = "crate::wire::Optional::is_absent")]
                pub(crate) $optional: crate::wire::Optional<$optional_type>,
            )+)?
        }
    };
}
pub(super) use view;

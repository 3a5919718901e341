//! The types that fields of views have, and the macro that makes a view.

#[cfg(test)]
use std::net::IpAddr;

use serde::{Serialize, Serializer};
#[cfg(test)]
use serde_json::{Map, Value};

use crate::base::clock::Timestamp;
#[cfg(test)]
use crate::base::id::{AccountId, RequestId, SessionId};

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

/// Makes a struct that serialises in camelCase, and its TypeScript interface of the name after `as`. Fields marked
/// `optional` are [`Optional`].
macro_rules! view {
    (
        $(#[doc = $doc:literal])+
        $name:ident as $typescript:literal {
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

        #[cfg(test)]
        impl $crate::wire::field::TypeScript for $name<'_> {
            fn type_name() -> String {
                $typescript.to_owned()
            }
        }

        #[cfg(test)]
        impl<'a> $name<'a> {
            /// The TypeScript interface.
            pub(crate) fn interface() -> String {
                use $crate::wire::field::{Member, interface};
                interface($typescript, &[$($doc),+], &[
                    $(Member::new::<$type>(stringify!($field), "", &[$($field_doc),*]),)+
                    $($(Member::new::<$optional_type>(stringify!($optional), "?", &[$($optional_doc),*]),)+)?
                ])
            }
        }
    };
}
pub(super) use view;

/// The name of a type in TypeScript.
#[cfg(test)]
pub(super) trait TypeScript {
    fn type_name() -> String;
}

#[cfg(test)]
macro_rules! typescript {
    ($($type:ty => $name:literal;)+) => {$(
        impl TypeScript for $type {
            fn type_name() -> String {
                $name.to_owned()
            }
        }
    )+};
}

#[cfg(test)]
typescript! {
    &str => "string";
    AccountId => "string";
    SessionId => "string";
    RequestId => "string";
    IpAddr => "string";
    Instant => "string";
    bool => "boolean";
    i64 => "number";
    u64 => "number";
    &Map<String, Value> => "Record<string, unknown>";
}

#[cfg(test)]
impl<T: TypeScript> TypeScript for Option<T> {
    fn type_name() -> String {
        format!("{} | null", T::type_name())
    }
}

/// A member of a TypeScript interface.
#[cfg(test)]
pub(super) struct Member(String);

#[cfg(test)]
impl Member {
    pub(super) fn new<T: TypeScript>(field: &str, mark: &str, doc: &[&str]) -> Self {
        let mut words = field.split('_');
        let mut name = words.next().unwrap_or_default().to_owned();
        for word in words {
            name += &word[..1].to_uppercase();
            name += &word[1..];
        }
        Self(format!("{}  readonly {name}{mark}: {};\n", comment("  ", doc), T::type_name()))
    }
}

#[cfg(test)]
pub(super) fn interface(name: &str, doc: &[&str], members: &[Member]) -> String {
    let members: String = members.iter().map(|member| member.0.as_str()).collect();
    format!("{}export interface {name} {{\n{members}}}\n", comment("", doc))
}

#[cfg(test)]
fn comment(indent: &str, lines: &[&str]) -> String {
    let text: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    if text.is_empty() { String::new() } else { format!("{indent}/** {} */\n", text.join(" ")) }
}

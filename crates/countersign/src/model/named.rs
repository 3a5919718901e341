//! Enums whose variants have names that are stored and shown, so that a variant and its name are written
//! once.

/// Defines an enum with `ALL`, `name` and `from_name`. A name that stands twice does not compile.
macro_rules! named {
    (
        $(#[$doc:meta])*
        $vis:vis enum $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        $vis enum $type { $($(#[$variant_doc])* $variant,)* }

        impl $type {
            /// Every variant, in the order in which they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that is stored and shown. It never changes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The variant with this name; `None` for a name that this version does not know.
            #[must_use]
            #[deny(unreachable_patterns, reason = "a name stands twice")]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::base::figures::Label for $type {
            const LABELS: &'static [Self] = Self::ALL;

            fn label(self) -> &'static str {
                self.name()
            }
        }
    };
}

pub(crate) use named;

#[cfg(test)]
mod tests {
    use crate::model::audit::AuditKind;
    use crate::model::session::EndReason;

    #[test]
    fn every_name_reads_back() {
        for kind in AuditKind::ALL {
            assert_eq!(AuditKind::from_name(kind.name()), Some(*kind));
        }
        for reason in EndReason::ALL {
            assert_eq!(EndReason::from_name(reason.name()), Some(*reason));
        }
        assert_eq!((AuditKind::from_name("unknown"), EndReason::from_name("")), (None, None));
    }
}

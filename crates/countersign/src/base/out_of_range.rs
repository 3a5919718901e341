//! What is said when an option is out of its range: the one shape for every type of options.

/// An option is out of its range. `Display` is for embedders; a configuration with names of its own for the
/// options maps `field` and the fields that `rule` mentions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the option {field} {rule}")]
#[non_exhaustive]
pub struct OutOfRange {
    /// The field, with a dot after each struct around it: `sessions.min_age`.
    pub field: String,
    /// What does not hold and why it matters, to be read after the field's name. Other fields stand in
    /// backticks, with their whole path where `field` has one: ``is longer than `sessions.absolute_ttl` ``.
    pub rule: String,
}

/// Collects the rules that do not hold.
#[derive(Debug, Default)]
pub(crate) struct Broken(Vec<OutOfRange>);

impl Broken {
    /// Notes that `field` breaks `rule` unless `holds`.
    pub(crate) fn unless(&mut self, holds: bool, field: &str, rule: impl Into<String>) {
        if !holds {
            self.0.push(OutOfRange { field: field.to_owned(), rule: rule.into() });
        }
    }

    /// Takes over what the options in the field `outer` break.
    pub(crate) fn within(&mut self, outer: &str, inner: Self) {
        let named = inner.0.into_iter().map(|OutOfRange { field, rule }| {
            // Every second part of a text that is split at its backticks is a name.
            let parts = rule.split('`').enumerate();
            let named = parts.map(|(index, part)| match index % 2 {
                0 => part.to_owned(),
                _ => format!("`{outer}.{part}`"),
            });
            OutOfRange { field: format!("{outer}.{field}"), rule: named.collect() }
        });
        self.0.extend(named);
    }

    /// All of them, in the order in which they were found.
    pub(crate) fn into_vec(self) -> Vec<OutOfRange> {
        self.0
    }

    /// The first, as an error.
    pub(crate) fn into_result(self) -> Result<(), OutOfRange> {
        self.0.into_iter().next().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_field_is_named_with_its_path() {
        let (mut inner, mut outer) = (Broken::default(), Broken::default());
        inner.unless(true, "fine", "is fine");
        inner.unless(false, "idle_ttl", "is longer than `absolute_ttl`, or `max` is");
        outer.within("sessions", inner);
        let error = outer.into_result().unwrap_err();
        let said =
            "the option sessions.idle_ttl is longer than `sessions.absolute_ttl`, or `sessions.max` is";
        assert_eq!(error.to_string(), said);
    }
}

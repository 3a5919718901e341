//! The claims that an audience adds to its tokens, filled in for one account and session.

use serde_json::{Map, Value};

use super::Audience;

/// Whom a token speaks for, as the claims of an audience can name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) id: &'a str,
    pub(crate) username: &'a str,
    /// As the services of the audience call it.
    pub(crate) role: &'a str,
    pub(crate) session: &'a str,
}

impl Audience {
    /// The account's own claims and those of the audience, which win: a service reads its rights there.
    pub(crate) fn claims_for(&self, custom: &Map<String, Value>, subject: Subject<'_>) -> Map<String, Value> {
        let mut claims = custom.clone();
        claims.extend(self.claims.iter().map(|(name, value)| (name.clone(), filled(value, subject))));
        claims
    }
}

fn filled(value: &Value, subject: Subject<'_>) -> Value {
    match value {
        Value::String(text) => Value::from(match text.as_str() {
            "$sub" => subject.id,
            "$username" => subject.username,
            "$role" => subject.role,
            "$sid" => subject.session,
            text => text,
        }),
        Value::Array(values) => values.iter().map(|value| filled(value, subject)).collect(),
        Value::Object(members) => {
            let filled = members.iter().map(|(name, value)| (name.clone(), filled(value, subject)));
            Value::Object(filled.collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_filled_at_any_depth_and_nothing_else_is() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let mut audience = Audience::new("db");
        audience.claims = object(json!({
            "n": { "id": "$sub", "all": ["$role", 7, null], "$sub": "$SUB" },
            "name": "$username", "sid2": "$sid", "text": "a $role", "kept": "x",
        }));
        let custom = object(json!({ "kept": "the account's", "team": "$role" }));
        let subject = Subject { id: "1", username: "$role", role: "writer", session: "s" };
        let claims = audience.claims_for(&custom, subject);
        let expected = json!({
            "n": { "id": "1", "all": ["writer", 7, null], "$sub": "$SUB" },
            "name": "$role", "sid2": "s", "text": "a $role", "kept": "x", "team": "$role",
        });
        assert_eq!(Value::Object(claims), expected);
    }
}

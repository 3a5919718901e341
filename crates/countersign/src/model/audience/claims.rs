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
    /// The primary address, which is verified. It is asked for where [`Audience::names_email`] says so.
    pub(crate) email: Option<&'a str>,
    /// The language of the account, if it has one.
    pub(crate) locale: Option<&'a str>,
}

impl Audience {
    /// The account's own claims and those of the audience, which win: a service reads its rights there.
    pub(crate) fn claims_for(&self, custom: &Map<String, Value>, subject: Subject<'_>) -> Map<String, Value> {
        let mut claims = custom.clone();
        for (name, value) in &self.claims {
            match filled(value, subject) {
                Some(value) => drop(claims.insert(name.clone(), value)),
                // Nor is there one that the account says of itself: a service takes an address here for a proved one.
                None => drop(claims.remove(name)),
            }
        }
        claims
    }

    /// Whether its claims need the account's address.
    pub(crate) fn names_email(&self) -> bool {
        self.claims.values().any(names_email)
    }
}

fn names_email(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "$email" || text == "$email_verified",
        Value::Array(values) => values.iter().any(names_email),
        Value::Object(members) => members.values().any(names_email),
        _ => false,
    }
}

/// Nothing where an address or a language would stand and there is none (`OpenID` Connect Core 1.0 §5.3.2: a claim without a value is left out).
fn filled(value: &Value, subject: Subject<'_>) -> Option<Value> {
    Some(match value {
        Value::String(text) => Value::from(match text.as_str() {
            "$sub" => subject.id,
            "$username" => subject.username,
            "$role" => subject.role,
            "$sid" => subject.session,
            "$email" => subject.email?,
            "$locale" => subject.locale?,
            "$email_verified" => return subject.email.map(|_| Value::Bool(true)),
            text => text,
        }),
        Value::Array(values) => values.iter().filter_map(|value| filled(value, subject)).collect(),
        Value::Object(members) => {
            let filled =
                members.iter().filter_map(|(name, value)| Some((name.clone(), filled(value, subject)?)));
            Value::Object(filled.collect())
        }
        other => other.clone(),
    })
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
        let subject =
            Subject { id: "1", username: "$role", role: "writer", session: "s", email: None, locale: None };
        let claims = audience.claims_for(&custom, subject);
        let expected = json!({
            "n": { "id": "1", "all": ["writer", 7, null], "$sub": "$SUB" },
            "name": "$role", "sid2": "s", "text": "a $role", "kept": "x", "team": "$role",
        });
        assert_eq!(Value::Object(claims), expected);
    }

    /// EM-5: an address that nobody has proved is in no token, whatever the account says of itself.
    #[test]
    fn an_address_is_the_verified_one_or_is_left_out() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let mut audience = Audience::new("db");
        assert!(!audience.names_email());
        audience.claims = object(json!({
            "email": "$email", "email_verified": "$email_verified", "n": { "mails": ["x", "$email"] },
        }));
        assert!(audience.names_email());
        let custom = object(json!({ "email": "boss@example.org", "email_verified": true, "team": "a" }));
        let subject =
            |email| Subject { id: "1", username: "ada", role: "user", session: "s", email, locale: None };
        let claims = audience.claims_for(&custom, subject(Some("ada@example.org")));
        let expected = json!({
            "email": "ada@example.org", "email_verified": true, "n": { "mails": ["x", "ada@example.org"] }, "team": "a",
        });
        assert_eq!(Value::Object(claims), expected);
        let without = audience.claims_for(&custom, subject(None));
        assert_eq!(Value::Object(without), json!({ "n": { "mails": ["x"] }, "team": "a" }));
    }

    /// `OpenID` Connect Core 1.0 §5.1.
    #[test]
    fn the_language_is_that_of_the_account_or_is_left_out() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let mut audience = Audience::new("db");
        audience.claims = object(json!({ "locale": "$locale" }));
        assert!(!audience.names_email(), "it costs no look-up");
        let subject =
            |locale| Subject { id: "1", username: "ada", role: "user", session: "s", email: None, locale };
        let custom = object(json!({ "locale": "tlh" }));
        let claims = |locale| Value::Object(audience.claims_for(&custom, subject(locale)));
        assert_eq!(claims(Some("de")), json!({ "locale": "de" }));
        assert_eq!(claims(None), json!({}));
    }
}

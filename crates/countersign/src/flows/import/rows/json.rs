//! JSON: a document with a list of users, an object of users by name, one user, or one user after another.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::table::{Form, Row, insert};

type Rows = Vec<(u64, Option<Row>)>;

pub(super) fn read(text: &str) -> (Form, Rows) {
    match serde_json::from_str::<Whole>(text) {
        Ok(Whole(value)) => document(value),
        Err(error) if text.trim_start().starts_with('[') => (Form::Json, vec![(line_of(&error), None)]),
        Err(_) => (Form::Json, one_after_another(text)),
    }
}

/// A line of its own for each, or over several lines.
fn one_after_another(text: &str) -> Rows {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if serde_json::from_str::<Whole>(first).is_ok() {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        return lines
            .map(|(number, line)| (number, serde_json::from_str(line).ok().and_then(as_row)))
            .collect();
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Whole>();
    let mut rows = Vec::new();
    loop {
        let before = text.get(..stream.byte_offset()).unwrap_or_default();
        let white = text.get(before.len()..).unwrap_or_default();
        let white = white.len() - white.trim_start().len();
        let start = text.get(..before.len() + white).unwrap_or_default();
        let line = 1 + u64::try_from(start.matches('\n').count()).unwrap_or(0);
        match stream.next() {
            None => return rows,
            Some(Ok(value)) => rows.push((line, as_row(value))),
            Some(Err(error)) => {
                rows.push((line_of(&error), None));
                return rows;
            }
        }
    }
}

fn line_of(error: &serde_json::Error) -> u64 {
    u64::try_from(error.line()).unwrap_or(1).max(1)
}

fn document(value: Value) -> (Form, Rows) {
    let list = match value {
        Value::Array(list) => list,
        Value::Object(members) => match users(members) {
            Ok(list) => list,
            Err(user) => return (Form::Json, vec![(1, Some(flat(user)))]),
        },
        _ => return (Form::Json, vec![(1, None)]),
    };
    let is_dump =
        list.first().is_some_and(|first| first.get("model").is_some() && first.get("fields").is_some());
    if is_dump {
        let users = (1..).zip(list).filter_map(|(place, entry)| Some((place, Some(dumped(entry)?))));
        return (Form::DjangoDump, users.collect());
    }
    (Form::Json, (1..).zip(list).map(|(place, user)| (place, as_row(Whole(user)))).collect())
}

/// The list of users in an object: under one of these names, or the object's members themselves; or the object is one
/// user.
fn users(mut members: Map<String, Value>) -> Result<Vec<Value>, Map<String, Value>> {
    if has_name(&members) {
        return Err(members);
    }
    for name in LISTS {
        match members.get_mut(name).map(Value::take) {
            Some(Value::Array(list)) => return Ok(list),
            Some(Value::Object(inner)) => {
                if let Ok(list) = users(inner.clone()) {
                    return Ok(list);
                }
                members.insert(name.to_owned(), Value::Object(inner));
            }
            Some(other) => {
                members.insert(name.to_owned(), other);
            }
            None => {}
        }
    }
    if members.is_empty() || !members.values().all(Value::is_object) {
        return Err(members);
    }
    let named = members.into_iter().map(|(key, mut user)| {
        if let Value::Object(user) = &mut user
            && !has_name(user)
        {
            user.insert("username".to_owned(), Value::String(key));
        }
        user
    });
    Ok(named.collect())
}

fn has_name(members: &Map<String, Value>) -> bool {
    members.keys().any(|name| NAMES.contains(&name.to_ascii_lowercase().as_str()))
}

/// `manage.py dumpdata`: users have a password, everything else does not.
fn dumped(entry: Value) -> Option<Row> {
    let Value::Object(mut entry) = entry else { return None };
    match entry.get_mut("fields").map(Value::take) {
        Some(Value::Object(fields)) if fields.contains_key("password") => Some(flat(fields)),
        _ => None,
    }
}

fn as_row(Whole(value): Whole) -> Option<Row> {
    match value {
        Value::Object(members) => Some(flat(members)),
        _ => None,
    }
}

/// Nested objects as paths. Claims stay what they are.
fn flat(members: Map<String, Value>) -> Row {
    let mut row = Row::new();
    add(&mut row, "", members, 0);
    row
}

fn add(row: &mut Row, path: &str, members: Map<String, Value>, depth: usize) {
    for (name, value) in members {
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        match value {
            Value::Object(inner) if inner.is_empty() => insert(row, &path, Value::Null),
            Value::Object(inner) if depth < MAX_DEPTH && path != "claims" => {
                add(row, &path, inner, depth + 1);
            }
            value => insert(row, &path, value),
        }
    }
}

/// A JSON value in which a second member of one name is called `name#2`, so that it does not replace the first.
struct Whole(Value);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor).map(Self)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Whole(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Whole(value))) = members.next_entry::<String, Whole>()? {
            insert(&mut map, &name, value);
        }
        Ok(Value::Object(map))
    }
}

/// Members under which systems keep the list of their users.
const LISTS: [&str; 9] =
    ["users", "Users", "identities", "accounts", "data", "items", "results", "records", "rows"];
/// A user that has one of these needs no name from the key it stands under.
const NAMES: [&str; 7] = ["username", "user_name", "userlogin", "user_login", "login", "email", "mail"];
const MAX_DEPTH: usize = 6;

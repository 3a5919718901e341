//! `[[audiences]]`: the audiences beside the default one. They are in the file only, since no environment variable can
//! spell a table.

use std::collections::BTreeMap;

use countersign::Role;
use countersign::options::{Audience, Preset};
use countersign_jwt::Algorithm;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::limits::ALGORITHMS;
use super::place::{Place, Problem};
use super::setting::{Scalar as _, TokenType, nearest, one_of, parse_duration};

/// The key of the file that they are under.
pub(super) const KEY: &str = "audiences";

/// Reads the array of tables; adds what is wrong to `problems`.
pub(super) fn read(
    value: &Spanned<DeValue<'_>>,
    place: &dyn Fn(usize) -> Place,
    problems: &mut Vec<Problem>,
) -> Vec<Audience> {
    let here = |value: &Spanned<DeValue<'_>>| place(value.span().start);
    let Some(tables) = value.get_ref().as_array() else {
        let why = "audiences: expects tables, each under a line [[audiences]]".to_owned();
        problems.push(Problem::at(&here(value), why));
        return Vec::new();
    };
    let mut read = Vec::new();
    for element in tables {
        let table = element.get_ref().as_table().ok_or("expects a table");
        match table.map_err(str::to_owned).and_then(|table| audience(table)) {
            Ok(audience) => read.push(audience),
            Err(why) => problems.push(Problem::at(&here(element), format!("audiences: {why}"))),
        }
    }
    read
}

fn audience(table: &DeTable<'_>) -> Result<Audience, String> {
    let find =
        |key: &str| table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value.get_ref());
    let text = |key: &str| find(key).map(|value| text(key, value)).transpose();
    if let Some((name, _)) = table.iter().find(|(name, _)| !KEYS.contains(&&**name.get_ref())) {
        let hint = nearest(name.get_ref(), KEYS.iter().map(|key| (*key).to_owned()));
        return Err(format!("there is no key {:?}{hint}", name.get_ref()));
    }
    let name = text("name")?.ok_or("name is missing")?;
    let preset = text("preset")?.map(preset).transpose()?;
    let mut audience = preset.map_or_else(|| Audience::new(name), |preset| preset.audience(name));
    if let Some(name) = text("algorithm")? {
        one_of(name, ALGORITHMS).map_err(|why| format!("algorithm: {why}"))?;
        audience.algorithm = Algorithm::from_name(name).unwrap_or(audience.algorithm);
    }
    if let Some(name) = text("token_type")? {
        let read = TokenType::parse_scalar(name).map_err(|why| format!("token_type: {why}"))?;
        audience.token_type = read.into();
    }
    if let Some(lifetime) = text("lifetime")? {
        audience.lifetime = Some(parse_duration(lifetime).map_err(|why| format!("lifetime: {why}"))?);
    }
    if let Some(bound) = find("dpop_bound") {
        audience.dpop_bound = bound.as_bool().ok_or("dpop_bound: expects true or false")?;
    }
    if let Some(roles) = find("roles") {
        audience.roles = read_roles(roles).ok_or("roles: expects a list of roles, like [\"editor\"]")?;
    }
    let names_roles =
        find("role_names").is_some_and(|names| names.as_table().is_some_and(|it| !it.is_empty()));
    if let Some(names) = find("role_names") {
        audience.role_names =
            role_names(names).ok_or("role_names: expects texts, like { editor = \"app_editor\" }")?;
    }
    if let Some(claims) = find("claims") {
        audience
            .claims
            .extend(read_claims(claims).ok_or("claims: expects a table of what JSON can express")?);
    }
    if let Some(preset) = preset.filter(|preset| preset.needs_role_names() && !names_roles) {
        let why = "gives role names a meaning of its own; say in role_names what each of your roles is called there";
        return Err(format!("{} {why}", preset.name()));
    }
    Ok(audience)
}

fn text<'a>(key: &str, value: &'a DeValue<'_>) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{key}: expects a string in quotes"))
}

fn preset(name: &str) -> Result<Preset, String> {
    let known = Preset::ALL.map(Preset::name);
    Preset::from_name(name)
        .ok_or_else(|| format!("preset: {}", one_of(name, &known).err().unwrap_or_default()))
}

fn read_roles(value: &DeValue<'_>) -> Option<Vec<Role>> {
    value.as_array()?.iter().map(|role| Role::parse(role.get_ref().as_str()?).ok()).collect()
}

fn role_names(value: &DeValue<'_>) -> Option<BTreeMap<String, String>> {
    let entry = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = name.get_ref();
        Some((name.to_string(), value.get_ref().as_str()?.to_owned()))
    };
    value.as_table()?.iter().map(entry).collect()
}

fn read_claims(value: &DeValue<'_>) -> Option<Map<String, Value>> {
    match json(value)? {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}

/// The value as JSON; `None` for a time and for a number that JSON does not have.
fn json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => Value::from(i64::from_str_radix(number.as_str(), number.radix()).ok()?),
        DeValue::Float(number) => Value::Number(serde_json::Number::from_f64(number.as_str().parse().ok()?)?),
        DeValue::Boolean(value) => Value::from(*value),
        DeValue::Datetime(_) => return None,
        DeValue::Array(values) => values.iter().map(|value| json(value.get_ref())).collect::<Option<_>>()?,
        DeValue::Table(table) => {
            let member = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
                Some((name.get_ref().to_string(), json(value.get_ref())?))
            };
            Value::Object(table.iter().map(member).collect::<Option<_>>()?)
        }
    })
}

const KEYS: &[&str] =
    &["name", "preset", "algorithm", "token_type", "lifetime", "dpop_bound", "roles", "role_names", "claims"];

/// What the file that `init` writes says of them.
pub(super) const EXAMPLE: &str = r#"
# Audiences beside the default one, each under a line [[audiences]]: services that want another algorithm, other claims,
# or tokens that only some roles may ask for. Presets: spring, aws-alb, haproxy, kubernetes, postgrest, hasura, supabase.
# See docs/guides/verify/audiences.md.
# [[audiences]]
# name = "https://db.example.com"
# preset = "postgrest"
# role_names = { user = "app_user", editor = "app_editor" }
"#;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::sources::Settings;

    fn read(text: &str) -> (Vec<Audience>, Vec<String>) {
        let settings = Settings::default().with_text(Path::new("c.toml"), text);
        let problems = settings.problems().iter().map(|problem| problem.0.clone()).collect();
        (settings.audiences().to_vec(), problems)
    }

    #[test]
    fn a_table_is_an_audience() {
        let (audiences, problems) = read(
            r#"
            audience = "api"
            [[audiences]]
            name = "db"
            preset = "postgrest"
            lifetime = "5m"
            role_names = { user = "app_user" }
            claims = { tenant = 7, nested = { on = true, list = ["$sub", 1.5] } }
            [[audiences]]
            name = "edge"
            algorithm = "EdDSA"
            token_type = "JWT"
            roles = ["editor", "admin"]
            dpop_bound = true
            "#,
        );
        assert_eq!(problems, [""; 0]);
        let [db, edge] = &audiences[..] else { panic!("{audiences:?}") };
        assert_eq!(
            (db.name.as_str(), db.algorithm, db.lifetime),
            ("db", Algorithm::Es256, Some(std::time::Duration::from_secs(300)))
        );
        assert_eq!(db.role_names["user"], "app_user");
        let expected = serde_json::json!({ "tenant": 7, "nested": { "on": true, "list": ["$sub", 1.5] } });
        assert_eq!(Value::Object(db.claims.clone()), expected);
        assert_eq!(
            (edge.algorithm, edge.token_type.header_value(), edge.roles.len()),
            (Algorithm::EdDsa, "JWT", 2)
        );
        assert_eq!((db.dpop_bound, edge.dpop_bound), (false, true));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, why) in [
            ("audiences = 1", "c.toml:1: audiences: expects tables, each under a line [[audiences]]"),
            ("\n[[audiences]]\npreset = \"spring\"", "c.toml:2: audiences: name is missing"),
            ("[[audiences]]\nname = 1", "c.toml:1: audiences: name: expects a string in quotes"),
            (
                "[[audiences]]\nname = \"x\"\nlifetme = \"1m\"",
                "c.toml:1: audiences: there is no key \"lifetme\"; did you mean \"lifetime\"?",
            ),
            (
                "[[audiences]]\nname = \"x\"\npreset = \"Spring\"",
                "c.toml:1: audiences: preset: \"Spring\" is not one of spring, aws-alb, haproxy, kubernetes, postgrest, hasura, supabase; did you mean \"spring\"?",
            ),
            (
                "[[audiences]]\nname = \"x\"\nalgorithm = \"HS256\"",
                "c.toml:1: audiences: algorithm: \"HS256\" is not one of",
            ),
            (
                "[[audiences]]\nname = \"x\"\nroles = [\"a b\"]",
                "c.toml:1: audiences: roles: expects a list of roles",
            ),
            (
                "[[audiences]]\nname = \"x\"\ndpop_bound = \"on\"",
                "c.toml:1: audiences: dpop_bound: expects true or false",
            ),
            (
                "[[audiences]]\nname = \"x\"\nclaims = { at = 2026-01-01 }",
                "c.toml:1: audiences: claims: expects a table of what JSON can express",
            ),
            (
                "[[audiences]]\nname = \"x\"\npreset = \"hasura\"",
                "c.toml:1: audiences: hasura gives role names a meaning of its own",
            ),
        ] {
            let (_, problems) = read(text);
            assert!(problems.len() == 1 && problems[0].starts_with(why), "{text}: {problems:?}");
        }
    }
}

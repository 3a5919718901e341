//! The rows of an export, whatever it is written in: CSV, JSON Lines, a JSON document, or LDIF.

mod csv;
mod json;
mod ldif;
mod table;

use serde_json::Map;

pub(super) use table::{Form, Row, Table};

/// Reads a file. `columns` are the names of CSV columns for systems that write no header.
pub(super) fn read(text: &str, columns: Option<&[&str]>) -> Table {
    let (form, named, rows) = match text.trim_start().chars().next() {
        Some('[' | '{') => {
            let (form, rows) = json::read(text);
            (form, Vec::new(), rows)
        }
        _ if ldif::is_ldif(text) => (Form::Ldif, Vec::new(), ldif::read(text)),
        _ => {
            let (names, rows) = csv::read(text, columns);
            (Form::Csv, names, rows)
        }
    };
    let mut columns = named;
    for name in rows.iter().filter_map(|(_, row)| row.as_ref()).flat_map(Map::keys) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    Table { columns, rows, form }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn names(text: &str) -> Vec<(u64, Option<String>)> {
        let name = |row: Row| row.get("name").and_then(Value::as_str).map(str::to_owned);
        read(text, None).rows.into_iter().map(|(line, row)| (line, row.and_then(name))).collect()
    }

    fn some(line: u64, name: &str) -> (u64, Option<String>) {
        (line, Some(name.to_owned()))
    }

    /// The same two users in every form, with the lines a person finds them at.
    #[test]
    fn csv_json_lines_and_documents_are_told_apart() {
        let two = [some(2, "bob"), some(4, "al,ice")];
        assert_eq!(names("name,x\nbob,\"a\nb\"\n\"al,ice\",c\n"), two);
        assert_eq!(names("name,x\r\nbob,1\r\n\r\n\"al,ice\",2"), two);
        assert_eq!(names("{\"x\":1,\"name\":null}\n{\"name\":\"bob\"}\n\n{\"name\":\"al,ice\"}")[1..], two);
        let listed = [some(1, "bob"), some(2, "al,ice")];
        for document in [
            " [{\"name\":\"bob\"},\n{\"name\":\"al,ice\"}]",
            "{\"users\":[{\"name\":\"bob\"},{\"name\":\"al,ice\"}]}",
            "{\"data\":[{\"name\":\"bob\"},{\"name\":\"al,ice\"}],\"total\":2}",
            "{\"data\":{\"users\":[{\"name\":\"bob\"},{\"name\":\"al,ice\"}]}}",
            "{\"1\":{\"name\":\"bob\"},\"2\":{\"name\":\"al,ice\"}}",
        ] {
            assert_eq!(names(document), listed, "{document}");
        }
        assert_eq!(names("{\n  \"name\": \"bob\"\n}\n"), [some(1, "bob")]);
        assert_eq!(
            names("{\n\"name\": \"bob\"\n}\n{\n\"name\": \"al,ice\"\n}"),
            [some(1, "bob"), some(4, "al,ice")]
        );
        assert_eq!(names(""), []);
    }

    #[test]
    fn separators_and_footers_are_recognised() {
        for text in [
            "name;x\nbob;1\nalice;a,b\n",
            "name\tx\nbob\t1\nalice\t2\n",
            "name,x\r\nbob,1\r\nalice,2\r\n(2 rows)\r\n",
            "\"name\" ,\"x\"\nbob,1\nalice,2\n",
            "name, \"x\"\nbob, 1\nalice, 2\n",
        ] {
            assert_eq!(names(text), [some(2, "bob"), some(3, "alice")], "{text}");
        }
        assert_eq!(names("sep=;\nname;x\nbob;1\n"), [some(3, "bob")]);
        assert_eq!(names(" name | x\n------+---\n bob  | 1\n(1 row)\n"), [some(3, "bob")]);
        assert_eq!(names("name\nbob\n"), [some(2, "bob")]);
    }

    /// Nothing is hidden by a name that comes twice, in whatever form.
    #[test]
    fn fields_of_one_name_are_all_kept() {
        let row = |text: &str| read(text, None).rows.remove(0).1.unwrap();
        for text in ["id,id,x\n1,2,3\n", r#"{"id":"1","x":"3","id":"2"}"#] {
            let row = row(text);
            let fields: Vec<_> =
                row.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
            assert_eq!(fields, [("id", "1"), ("id#2", "2"), ("x", "3")], "{text}");
        }
        let nested = row(r#"{"a":{"b":"1","c":{}},"a.b":2,"list":["x"]}"#);
        assert_eq!(Value::Object(nested), serde_json::json!({"a.b":"1","a.b#2":2,"a.c":null,"list":["x"]}));
    }

    #[test]
    fn rows_that_cannot_be_read_do_not_hide_the_others() {
        assert_eq!(names("name,x\nbob\nalice,2\n"), [(2, None), some(3, "alice")]);
        assert_eq!(
            names("{\"name\":\"bob\"}\n{oops\n{\"name\":\"a\"}"),
            [some(1, "bob"), (2, None), some(3, "a")]
        );
        assert_eq!(names("[1,"), [(1, None)]);
        assert_eq!(names("{\n\"name\":\n"), [(3, None)]);
    }

    #[test]
    fn ldif_is_read_with_its_folded_and_encoded_lines() {
        let text = "version: 1\n# people\ndn: uid=bob,dc=example\nuid: b\n ob\nname:: Ym9i\nobjectClass: a\nobjectClass: b\n\n\
                    dn: uid=alice,dc=example\nname: alice\n";
        assert_eq!(names(text), [some(3, "bob"), some(10, "alice")]);
        let row = read(text, None).rows.remove(0).1.unwrap();
        assert_eq!((row["uid"].as_str(), row["objectClass"].as_array().unwrap().len()), (Some("bob"), 2));
    }
}

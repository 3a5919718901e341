//! Spans in the JSON of OTLP: IDs are hexadecimal, numbers of 64 bits are strings, and enumerations are numbers (OpenTelemetry
//! Protocol 1.x, "JSON Protobuf Encoding"). Attributes have the names of its semantic conventions for HTTP servers.

use serde_json::{Map, Value, json};

use super::span::{Ended, What};

/// The process that the spans are from.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) version: &'static str,
    /// Another one for each process.
    pub(super) instance_id: String,
}

/// An `ExportTraceServiceRequest`.
pub(super) fn export(resource: &Resource, spans: &[Ended]) -> Value {
    let of_process = [
        text("service.name", NAME),
        text("service.version", resource.version),
        text("service.instance.id", &resource.instance_id),
    ];
    let scope = json!({ "name": NAME, "version": resource.version });
    let spans: Vec<_> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": of_process },
        "scopeSpans": [{ "scope": scope, "spans": spans }],
    }] })
}

fn span(span: &Ended) -> Value {
    let (name, kind, attributes) = match &span.what {
        What::Request { method, route, status } => {
            (request_name(method, route.as_deref()), SERVER, request(method, route.as_deref(), *status))
        }
        What::Store(verb) => (format!("store {verb}"), INTERNAL, Vec::new()),
    };
    let mut fields = Map::from_iter([
        ("traceId".to_owned(), format!("{:032x}", span.place.trace).into()),
        ("spanId".to_owned(), format!("{:016x}", span.place.span).into()),
        ("name".to_owned(), name.into()),
        ("kind".to_owned(), kind.into()),
        ("startTimeUnixNano".to_owned(), span.start.to_string().into()),
        ("endTimeUnixNano".to_owned(), span.end.to_string().into()),
        ("attributes".to_owned(), attributes.into()),
    ]);
    if let Some(parent) = span.place.parent {
        fields.insert("parentSpanId".to_owned(), format!("{parent:016x}").into());
    }
    // What a client did wrong is no error of the server's.
    if matches!(span.what, What::Request { status: Some(500..), .. }) {
        fields.insert("status".to_owned(), json!({ "code": ERROR }));
    }
    fields.into()
}

fn request_name(method: &str, route: Option<&str>) -> String {
    let method = if method == "_OTHER" { "HTTP" } else { method };
    route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"))
}

fn request(method: &str, route: Option<&str>, status: Option<u16>) -> Vec<Value> {
    let mut attributes = vec![text("http.request.method", method)];
    attributes.extend(route.map(|route| text("http.route", route)));
    if let Some(status) = status {
        let number = json!({ "intValue": status.to_string() });
        attributes.push(json!({ "key": "http.response.status_code", "value": number }));
        if status >= 500 {
            attributes.push(text("error.type", &status.to_string()));
        }
    }
    attributes
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

const NAME: &str = "countersign";
/// Of `SpanKind`.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
/// Of `StatusCode`.
const ERROR: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::span::Place;

    fn exported(parent: Option<u64>, what: What) -> Value {
        let place = Place { trace: 0x4bf9_2f35, span: 0xf067, parent };
        let ended = Ended { place, what, start: 1_795_392_000_000_000_001, end: 1_795_392_000_000_000_002 };
        let resource = Resource { version: "1.2.3", instance_id: "i".to_owned() };
        export(&resource, &[ended])
    }

    fn request(method: &str, route: Option<&str>, status: Option<u16>) -> Value {
        let what = What::Request { method: method.to_owned(), route: route.map(str::to_owned), status };
        exported(None, what)["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone()
    }

    #[test]
    fn spans_are_in_the_json_of_the_protocol() {
        let attribute = |key: &str, kind: &str, value: &str| json!({ "key": key, "value": { kind: value } });
        let what =
            What::Request { method: "POST".into(), route: Some("/api/login".into()), status: Some(503) };
        let expected = json!({ "resourceSpans": [{
            "resource": { "attributes": [
                attribute("service.name", "stringValue", "countersign"),
                attribute("service.version", "stringValue", "1.2.3"),
                attribute("service.instance.id", "stringValue", "i"),
            ] },
            "scopeSpans": [{
                "scope": { "name": "countersign", "version": "1.2.3" },
                "spans": [{
                    "traceId": "0000000000000000000000004bf92f35",
                    "spanId": "000000000000f067",
                    "parentSpanId": "00000000000000aa",
                    "name": "POST /api/login",
                    "kind": 2,
                    "startTimeUnixNano": "1795392000000000001",
                    "endTimeUnixNano": "1795392000000000002",
                    "attributes": [
                        attribute("http.request.method", "stringValue", "POST"),
                        attribute("http.route", "stringValue", "/api/login"),
                        attribute("http.response.status_code", "intValue", "503"),
                        attribute("error.type", "stringValue", "503"),
                    ],
                    "status": { "code": 2 },
                }],
            }],
        }] });
        assert_eq!(exported(Some(0xaa), what), expected);
    }

    #[test]
    fn only_a_failure_of_the_server_is_an_error() {
        for (status, is_error) in [(None, false), (Some(200), false), (Some(401), false), (Some(500), true)] {
            let span = request("GET", Some("/"), status);
            assert_eq!(span["status"]["code"] == 2, is_error, "{span}");
            assert_eq!(span["attributes"].to_string().contains("status_code"), status.is_some(), "{span}");
        }
    }

    #[test]
    fn nothing_that_a_client_has_made_up_is_in_a_name() {
        assert_eq!(request("GET", None, None)["name"], "GET");
        assert_eq!(request("_OTHER", Some("/"), None)["name"], "HTTP /");
        let span = exported(Some(1), What::Store("rotate".into()));
        let span = &span["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(
            (&span["name"], &span["kind"], &span["attributes"]),
            (&json!("store rotate"), &json!(1), &json!([]))
        );
    }
}

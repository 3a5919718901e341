//! The files of `examples/operations` with the real Prometheus: its tool accepts them, every query finds what it asks for, and
//! alerts fire.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::harness::{Place, eventually, request_to};
use crate::metrics::{NO_GRACE, OPENMETRICS, reuse_a_refresh_token};
use crate::tls::{TLS, certificate_until};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/operations")
}

fn promtool(arguments: &[&str], input: &str) {
    let mut tool = Command::new("promtool");
    let mut tool = tool.args(arguments).current_dir(examples()).stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut tool.stdin.take().unwrap(), input.as_bytes()).unwrap();
    assert!(tool.wait().unwrap().success(), "promtool {arguments:?}");
}

/// The tests of the rules say when each alert fires, and when it does not.
#[test]
fn promtool_accepts_the_rules_and_the_page() {
    promtool(&["check", "rules", "alerts.yml"], "");
    promtool(&["check", "config", "prometheus.yml"], "");
    promtool(&["test", "rules", "alerts_test.yml"], "");
    let place = Place::with_database();
    let server = place.serve(&["--set", "metrics=127.0.0.1:0"]);
    server.request("GET", "/healthz", "", "");
    promtool(&["check", "metrics"], &server.metrics("text/plain").body);
}

/// Prometheus with the rules, which asks five times a second; killed when it is dropped.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    fn start(place: &Place, targets: &[SocketAddr]) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let alerts = examples().join("alerts.yml").canonicalize().unwrap();
        let targets: Vec<_> = targets.iter().map(|target| format!("{:?}", target.to_string())).collect();
        let config = std::fs::read_to_string(examples().join("prometheus.yml")).unwrap();
        let config = config
            .replace("15s", "200ms")
            .replace("- alerts.yml", &format!("- {}", alerts.display()))
            .replace("\"127.0.0.1:9464\"", &targets.join(", "));
        place.write("prometheus.yml", &config);
        let child = Command::new("prometheus")
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=prometheus")
            .arg(format!("--web.listen-address={address}"))
            .current_dir(place.path(""))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(place.path("prometheus.log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, address }
    }

    /// The `data` of a response of its API, once it answers.
    fn get(&self, path: &str) -> Option<Value> {
        let answer = request_to(self.address, &format!("GET /api/v1/{path}"), "", "").ok()?;
        let (_, json) = answer.body.split_once('{')?;
        let (json, _) = json.rsplit_once('}')?;
        let value: Value = serde_json::from_str(&format!("{{{json}}}")).ok()?;
        assert_eq!(value["status"], "success", "{path}: {value}");
        Some(value["data"].clone())
    }

    /// How many series a query gives, if any.
    fn count(&self, query: &str) -> Option<usize> {
        let query = format!("count({query})");
        let escaped: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        self.get(&format!("query?query={escaped}"))?["result"][0]["value"][1].as_str()?.parse().ok()
    }

    fn fires(&self, alert: &str) -> bool {
        let alerts = self.get("alerts").unwrap_or_default();
        let fires = |found: &Value| found["labels"]["alertname"] == alert && found["state"] == "firing";
        alerts["alerts"].as_array().is_some_and(|alerts| alerts.iter().any(fires))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let prefixes = ["countersign_", "http_server_", "process_"];
    words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix))).collect()
}

/// The queries of the dashboard, with its variables filled in.
fn queries(dashboard: &str) -> Vec<String> {
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| {
            let query = target["expr"].as_str().unwrap().replace("$job", "countersign");
            query.replace("$instance", ".*").replace("$__rate_interval", "1m")
        })
        .collect()
}

/// One server is behind a proxy's certificate, the other has one of its own that ends soon.
#[test]
fn prometheus_finds_every_metric_and_raises_alerts() {
    let place = Place::new();
    place.add_user("ann", "admin");
    let server = place.serve(&[&["--set", "metrics=127.0.0.1:0"], NO_GRACE].concat());
    let tls_place = Place::new();
    let in_five_days = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(5 * 24 * 3600);
    certificate_until(&tls_place, in_five_days);
    let with_tls = tls_place.serve(&[&["--set", "metrics=127.0.0.1:0"], TLS.as_slice()].concat());
    let expiry = with_tls.metrics(OPENMETRICS).body;
    let expiry = expiry
        .lines()
        .find_map(|line| line.strip_prefix("countersign_tls_certificate_expiry_timestamp_seconds "));
    assert_eq!(expiry, Some(in_five_days.as_secs().to_string().as_str()));

    let targets = [server.metrics.unwrap(), with_tls.metrics.unwrap()];
    let prometheus = Prometheus::start(&place, &targets);
    eventually(|| prometheus.count("up{job=\"countersign\"} == 1") == Some(2));
    eventually(|| prometheus.fires("CountersignCertificateExpires"));
    assert!(!prometheus.fires("CountersignRefreshTokensReused"));
    assert_eq!(prometheus.count("scrape_samples_scraped > 100"), Some(2));
    reuse_a_refresh_token(&server, "ann");
    eventually(|| prometheus.fires("CountersignRefreshTokensReused"));
    assert!(!prometheus.fires("CountersignStoreLostWrites"));

    let [alerts, dashboard] =
        ["alerts.yml", "grafana.json"].map(|name| std::fs::read_to_string(examples().join(name)).unwrap());
    let named: BTreeSet<_> = names(&alerts).into_iter().chain(names(&dashboard)).collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(prometheus.count(name) > Some(0), "{name} is nowhere");
    }
    for query in queries(&dashboard) {
        eventually(|| prometheus.count(&query) > Some(0));
    }
}

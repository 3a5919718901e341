//! The configuration from its sources: who wins, what is refused, and how it is said.

use std::path::Path;
use std::time::Duration;

use countersign::store::postgres::DatabaseUrl;

use super::setting::Kind;
use super::*;

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn file(text: &str) -> Settings {
    let folder = folder_with(&[("c.toml", text)]);
    Settings::default().with_file(&folder.path().join("c.toml"))
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::new(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))
}

fn problems(settings: Settings) -> Vec<String> {
    Config::load(settings).err().map_or_else(Vec::new, |error| error.0.into_iter().map(|p| p.0).collect())
}

fn only_problem(settings: Settings) -> String {
    let all = problems(settings);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

#[test]
fn the_defaults_are_a_usable_configuration() {
    let config = Config::load(Settings::default()).unwrap();
    assert_eq!(config.issuer(3000), "http://localhost:3000");
    assert_eq!(config.access_token_ttl, Duration::from_secs(15 * 60));
    assert_eq!(config.master_key_path(), Path::new("countersign-data/master.key"));
    assert_eq!(config.settings.place("listen"), Place::Default);
}

#[test]
fn later_sources_win_and_every_value_knows_its_place() {
    let folder = folder_with(&[
        (
            "c.toml",
            "audience = \"file\"\nlog.level = \"warn\"\n[session]\nidle_ttl = \"1d\"\nmax_per_account = 7\n",
        ),
        (".env", "COUNTERSIGN_AUDIENCE=dotenv\nCOUNTERSIGN_SESSION__IDLE_TTL=2d\n"),
    ]);
    let settings = Settings::default()
        .with_file(&folder.path().join("c.toml"))
        .with_dotenv(folder.path())
        .with_environment(&environment(&[("COUNTERSIGN_AUDIENCE", "environment"), ("PATH", "/bin")]))
        .with("log.level", "error", Place::Flag("--set".into()));
    let config = Config::load(settings).unwrap();
    let place = |name| config.settings.place(name).to_string();
    assert_eq!(config.audience.as_deref(), Some("environment"));
    assert_eq!(place("audience"), "environment variable COUNTERSIGN_AUDIENCE");
    assert_eq!(config.session_idle_ttl, Duration::from_secs(2 * 86_400));
    assert!(place("session.idle_ttl").ends_with(".env:2"));
    assert_eq!((config.log_level.as_str(), config.session_max_per_account), ("error", 7));
    assert!(place("session.max_per_account").ends_with("c.toml:5"));
}

/// OP-3: the place, and the nearest key that exists.
#[test]
fn a_misspelt_key_is_named_with_its_line_and_its_neighbour() {
    let said = only_problem(file("# a comment\n\nacess_token_ttl = \"15m\"\n"));
    assert!(
        said.ends_with("c.toml:3: there is no key \"acess_token_ttl\"; did you mean \"access_token_ttl\"?"),
        "{said}"
    );
    let said = only_problem(file("[session]\nidle_tll = \"1d\"\n"));
    assert!(
        said.ends_with("c.toml:2: there is no key \"session.idle_tll\"; did you mean \"session.idle_ttl\"?"),
        "{said}"
    );
    let said = only_problem(file("[sesion]\nidle_ttl = \"1d\"\n"));
    assert!(said.ends_with("c.toml:1: there is no key \"sesion\""), "{said}");
    let said =
        only_problem(Settings::default().with("algoritm", "ES256", Place::Flag("--set algoritm".into())));
    assert!(said.starts_with("--set algoritm: ") && said.contains("did you mean \"algorithm\"?"), "{said}");
}

/// Kubernetes gives every pod variables for each service; beside a service `countersign` they begin like ours.
#[test]
fn an_unknown_variable_is_ignored_with_a_warning_that_names_its_neighbour() {
    let variables = [
        ("COUNTERSIGN_SERVICE_HOST", "10.96.0.12"),
        ("COUNTERSIGN_PORT", "tcp://10.96.0.12:80"),
        ("COUNTERSIGN_PORT_80_TCP", "tcp://10.96.0.12:80"),
        ("COUNTERSIGN_LOG_LEVEL", "debug"),
    ];
    let config = Config::load(Settings::default().with_environment(&environment(&variables))).unwrap();
    let warnings = config.warnings();
    assert_eq!((warnings.len(), config.log_level.as_str()), (4, "info"), "{warnings:?}");
    let last = "environment variable COUNTERSIGN_LOG_LEVEL: ignored, there is no \"COUNTERSIGN_LOG_LEVEL\"; \
                did you mean \"COUNTERSIGN_LOG__LEVEL\"?";
    assert_eq!(warnings[3], last);
}

/// Container files pass `${VAR:-}`. A secret that is empty is rather one that got lost.
#[test]
fn an_empty_variable_counts_as_not_set_and_an_empty_secret_is_refused() {
    let folder =
        folder_with(&[("c.toml", "audience = \"file\"\n"), (".env", "COUNTERSIGN_SESSION__IDLE_TTL=\n")]);
    let empty =
        [("COUNTERSIGN_ALGORITHM", ""), ("COUNTERSIGN_AUDIENCE", ""), ("COUNTERSIGN_CORS_ORIGINS", "")];
    let settings = Settings::default()
        .with_file(&folder.path().join("c.toml"))
        .with_dotenv(folder.path())
        .with_environment(&environment(&empty));
    let config = Config::load(settings).unwrap();
    assert_eq!((config.algorithm.as_str(), config.audience.as_deref()), ("ES256", Some("file")));
    let notes = config.settings.notes();
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("COUNTERSIGN_ALGORITHM is empty")), "{notes:?}");
    for name in ["JWT_SECRET", "COUNTERSIGN_MASTER_KEY", "COUNTERSIGN_PASSWORD__PEPPER"] {
        let said = only_problem(Settings::default().with_environment(&environment(&[(name, "")])));
        assert!(said.ends_with(&format!("{name} is empty; remove it or set it")), "{said}");
    }
}

#[test]
fn a_flag_out_of_range_names_its_key_once() {
    let flag = Place::Flag("--set access_token_ttl".into());
    let said = only_problem(Settings::default().with("access_token_ttl", "61m", flag));
    assert_eq!(said, "--set access_token_ttl: 61m is not between 1m and 60m");
}

/// Behind a proxy that is not configured, all people share one address, and one guesser locks them all out.
#[test]
fn a_public_origin_without_tls_and_without_proxies_is_warned_of() {
    let warnings = |text: &str| Config::load(file(text)).unwrap().warnings();
    let public = "public_origin = \"https://a.example\"\n";
    assert!(
        warnings(public).iter().any(|warning| warning.contains("set behind_proxy")),
        "{:?}",
        warnings(public)
    );
    for fine in [
        format!("{public}behind_proxy = \"127.0.0.1\""),
        "public_origin = \"http://localhost:3000\"".to_owned(),
        String::new(),
    ] {
        assert_eq!(warnings(&fine), Vec::<String>::new(), "{fine}");
    }
}

/// RF-16: nothing of it happens over plain HTTP, which nobody would notice.
#[test]
fn sessions_that_browsers_bind_need_https() {
    let warnings = |origin: &str, dbsc: &str| {
        let text = format!(
            "public_origin = \"{origin}\"\nbehind_proxy = \"127.0.0.1\"\ndevice_binding.dbsc = \"{dbsc}\""
        );
        Config::load(file(&text)).unwrap().warnings().len()
    };
    assert_eq!(warnings("https://a.example", "on"), 0);
    assert_eq!(warnings("http://localhost:3000", "off"), 0);
    assert_eq!(warnings("http://localhost:3000", "on"), 1);
}

/// TH-10, TK-3, OP-3: each value out of its range, of the wrong type or malformed, with the reason.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn values_out_of_range_are_refused_with_the_reason() {
    for (text, reason) in [
        ("access_token_ttl = \"59s\"", "access_token_ttl: 59s is not between 1m and 60m"),
        ("access_token_ttl = \"61m\"", "61m is not between 1m and 60m"),
        ("access_token_ttl = 900", "expects a string in quotes, like \"15m\""),
        ("access_token_ttl = \"15\"", "\"15\" is not a duration"),
        ("access_token_ttl = \"1h30m\"", "is not a duration"),
        ("access_token_ttl = \"-5m\"", "is not a duration"),
        ("[session]\ngrace = \"61s\"", "61s is not between 0s and 60s"),
        ("[session]\nmin_age = \"19s\"", "session.min_age (19s) must be at least session.grace (15s) + 5s"),
        ("[session]\ngrace = \"0s\"\nmin_age = \"4s\"", "or both 0"),
        ("[session]\nidle_ttl = \"31d\"", "longer than session.absolute_ttl"),
        ("[session]\nidle_ttl = \"18446744073709551615d\"", "is not a duration"),
        ("[session]\nmax_per_account = 0", "0 is not between 1 and 1000"),
        ("[session]\nmax_per_account = \"5\"", "expects a number"),
        ("[session]\nmax_per_account = -1", "is not a whole number"),
        ("algorithm = \"HS256\"", "is not one of ES256"),
        ("algorithm = \"es256\"", "did you mean \"ES256\"?"),
        ("token_type = \"jwt\"", "did you mean \"JWT\"?"),
        ("listen = []", "needs at least one address"),
        ("listen = \"localhost\"", "is not an address with a port"),
        ("listen = [3000]", "expects strings"),
        ("listen = 3000", "expects a list"),
        (
            "behind_proxy = [\"10.0.0.0/33\"]\npublic_origin = \"https://a.example\"",
            "is not an address or a network",
        ),
        ("cors_origins = [\"https://app.example.com/\"]", "not even a slash"),
        ("cors_origins = [\"https://app.example.com:443\"]", "leave out the port"),
        ("cors_origins = [\"https://App.example.com\"]", "in lower case"),
        ("cors_origins = [\"*\"]", "has no scheme"),
        ("path_prefix = \"auth\"", "is not a path like"),
        ("path_prefix = \"/auth/\"", "no slash at the end"),
        ("path_prefix = \"/\"", "is not a path like"),
        ("path_prefix = \"/a/../b\"", "is not a path like"),
        ("path_prefix = \"/{id}\"", "is not a path like"),
        ("path_prefix = \"/a%20b\"", "is not a path like"),
        ("cors_origins = [\"https://*.example.com\"]", "must be a name"),
        ("cors_origins = [\"https://example.com.\"]", "must be a name"),
        ("cors_origins = [\"https://user@example.com\"]", "must be a name"),
        ("cors_origins = [\"http://[0:0::1]\"]", "must be a name"),
        ("[password]\nhash_memory = \"1MiB\"", "is not between 7MiB and 1GiB"),
        ("[password]\nmin_length = 7", "7 is not between 8 and 64"),
        ("[keys]\nrotate_every = \"1h\"", "must be longer than keys.publish_before"),
        ("[keys]\nrotate_every = \"1s\"", "and it is not 0"),
        ("jwt_secret = \"x\"", "a secret does not belong in this file; use jwt_secret_file"),
        ("[second_factor]\nrequired = \"some\"", "\"some\" is not one of nobody, roles, everybody"),
        ("[second_factor]\nrequired = \"roles\"", "second_factor.required is roles, and there are none"),
        ("[second_factor]\nroles = [\"admin\"]", "second_factor.required is not roles"),
        ("[second_factor]\nfrom = \"2027-03-01T00:00:00Z\"", "second_factor.required is nobody"),
        ("[passkeys]\nrp_id = \"https://example.com\"", "is not a domain in lower case"),
        ("[passkeys]\nrelated_origins = [\"http://example.de\"]", "is not an origin as browsers send it"),
        ("[registration]\nmode = \"closed\"", "\"closed\" is not one of off, invite, open"),
        ("[registration]\nmode = \"open\"\ndomains = [\"*.example.com\"]", "has the form example.org"),
        ("[registration]\ndomains = [\"example.com\"]", "registration.mode is off"),
        (
            "[registration]\nmode = \"open\"\n[import.upstream]\nurl = \"https://old.example.com/login\"",
            "a stranger could take the name",
        ),
        ("dpop_bound = \"on\"", "nobody could sign in on the pages"),
        (
            "pages.device_proof = \"on\"\n[[oauth.clients]]\nid = \"a\"\ntype = \"public\"\nredirect_uris = [\"https://a.example/cb\"]",
            "nobody could go on to an application",
        ),
        ("audience = \"a\\u0000b\"", "control characters"),
        ("audience = \"a\"\naudience = \"b\"", "c.toml:2: duplicate key"),
        ("audience = \"open", "c.toml:1: "),
    ] {
        let said = only_problem(file(text));
        assert!(said.contains(reason), "{text}: {said}");
    }
}

/// TP-1, TP-3.
#[test]
fn nothing_goes_out_in_clear_by_accident() {
    for (text, reason) in [
        ("listen = \"0.0.0.0:3000\"", "would travel in clear"),
        ("listen = [\"127.0.0.1:1\", \"[::]:3000\"]", "[::]:3000 can be reached"),
        ("public_origin = \"http://auth.example.com\"", "without TLS"),
        ("behind_proxy = \"10.0.0.1\"", "public_origin is needed"),
        ("[tls]\ncert_file = \"c\"", "go together"),
        (
            "public_origin = \"http://localhost\"\n[tls]\ncert_file = \"c\"\nkey_file = \"k\"",
            "must begin with https",
        ),
    ] {
        let said = only_problem(file(text));
        assert!(said.contains(reason), "{text}: {said}");
    }
    for fine in [
        "listen = [\"127.0.0.1:1\", \"[::1]:1\"]",
        "listen = \"0.0.0.0:3000\"\nbehind_proxy = [\"10.0.0.1\", \"fd00::/8\"]\npublic_origin = \"https://a.example\"",
        "listen = \"[::]:8443\"\npublic_origin = \"https://a.example:8443\"\n[tls]\ncert_file = \"c\"\nkey_file = \"k\"",
        "public_origin = \"http://[::1]:3000\"",
        "path_prefix = \"/id/v1.0\"",
        "[session]\ngrace = \"0s\"\nmin_age = \"0s\"",
        "[keys]\nrotate_every = \"0s\"",
    ] {
        assert_eq!(problems(file(fine)), Vec::<String>::new(), "{fine}");
    }
}

/// OP-1, LG-1: no secret on the command line, and none in what is said about a bad one.
#[test]
fn secrets_come_from_the_environment_or_files_and_are_never_repeated() {
    let good = "9c1f04be37a85d62e0b19f4c73d8a62574f0ce1a8b36d95e2710fbc4683ead91";
    for name in ["JWT_SECRET", "COUNTERSIGN_JWT_SECRET"] {
        let config =
            Config::load(Settings::default().with_environment(&environment(&[(name, good)]))).unwrap();
        assert_eq!(config.jwt_secret.as_ref().map(|s| s.0.as_str()), Some(good));
        assert!(!format!("{config:?}").contains("9c1f"), "{config:?}");
        let key = KEYS.iter().find(|key| key.name == "jwt_secret").unwrap();
        assert_eq!(config.settings.shown(key).as_deref(), Some("[redacted]"));
    }
    let weak = "canary-canary-canary-canary-canary-canary";
    let said = only_problem(Settings::default().with_environment(&environment(&[("JWT_SECRET", weak)])));
    assert!(said.contains("countersign secret") && !said.contains("canary"), "{said}");
    let said =
        only_problem(Settings::default().with("jwt_secret", good, Place::Flag("--set jwt_secret".into())));
    assert!(said.contains("every user of this machine can see arguments") && !said.contains(good), "{said}");
    let said = only_problem(file(&format!("jwt_secret = \"{good}\" x")));
    assert!(!said.contains(good), "{said}");
}

/// OP-1, LG-2.
#[test]
fn the_password_of_a_store_is_where_secrets_may_be_and_never_shown() {
    let key = KEYS.iter().find(|key| key.name == "store").unwrap();
    let url = "postgres://ann:canary@db1,db2:5433/auth";
    let config =
        Config::load(Settings::default().with_environment(&environment(&[("COUNTERSIGN_STORE", url)])))
            .unwrap();
    assert_eq!(config.settings.shown(key).as_deref(), Some("postgres://db1:5432,db2:5433/auth"));
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");
    let warnings = config.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("store_password_file"), "{warnings:?}");
    for (settings, why) in [
        (file(&format!("store = \"{url}\"")), "does not belong in this file"),
        (
            Settings::default().with("store", url, Place::Flag("--set store".into())),
            "does not belong in an argument",
        ),
        (file("store = \"postgres://ann:can@ary@db/auth\""), "more than one @"),
        (file("store_password_file = \"canary\""), "store is not set"),
        (file("store_direct = \"postgres://db/auth\""), "store is not set"),
        (
            file(&format!("store = \"postgres://db/auth\"\nstore_direct = \"{url}\"")),
            "does not belong in this file",
        ),
        (file("store = \"postgres://db/auth\"\nstore_password_file = \"missing\""), "store_password_file: "),
        (
            file("store = \"postgres://db/auth\"\nstore_password_file = \"missing\"")
                .with_environment(&environment(&[("COUNTERSIGN_STORE_PASSWORD", "canary")])),
            "are both set",
        ),
        (
            Settings::default().with_environment(&environment(&[
                ("COUNTERSIGN_STORE", url),
                ("COUNTERSIGN_STORE_PASSWORD", "canary"),
            ])),
            "which is meant?",
        ),
    ] {
        let said = problems(settings);
        assert!(said.iter().any(|said| said.contains(why)), "{why}: {said:?}");
        assert!(!format!("{said:?}").contains("can@ary"), "{said:?}");
        assert!(said.iter().all(|said| !said.contains("ann:")), "{said:?}");
    }
    let folder = folder_with(&[
        (
            "c.toml",
            "store = \"postgres://ann@db/auth?sslrootcert=ca.pem\"\nstore_password_file = \"password\"",
        ),
        ("password", "canary\n"),
    ]);
    let config = Config::load(Settings::default().with_file(&folder.path().join("c.toml"))).unwrap();
    assert_eq!(config.warnings(), Vec::<String>::new());
    let expected = DatabaseUrl::parse("postgres://ann:canary@db/auth?sslrootcert=ca.pem").unwrap();
    assert_eq!(config.store, Some(expected.in_folder(folder.path())));
}

/// OP-1.
#[test]
fn the_way_past_a_pooler_goes_with_the_store() {
    let url = "postgres://ann:canary@db1,db2:5433/auth";
    let direct = [("COUNTERSIGN_STORE", "postgres://pooler/auth"), ("COUNTERSIGN_STORE_DIRECT", url)];
    let config = Config::load(Settings::default().with_environment(&environment(&direct))).unwrap();
    let expected = DatabaseUrl::parse("postgres://pooler/auth").unwrap();
    assert_eq!(config.store, Some(expected.with_bell(DatabaseUrl::parse(url).unwrap())));
    let warnings = config.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("COUNTERSIGN_STORE_DIRECT has a password"),
        "{warnings:?}"
    );
}

#[test]
fn paths_in_a_file_are_relative_to_it_and_others_to_the_working_directory() {
    let folder = folder_with(&[("c.toml", "data_dir = \"data\"\nmaster_key_file = \"/abs/key\"\n")]);
    let config = Config::load(Settings::default().with_file(&folder.path().join("c.toml"))).unwrap();
    assert_eq!(config.data_dir, folder.path().join("data"));
    assert_eq!(config.master_key_path(), Path::new("/abs/key"));
    let folder = folder_with(&[("c.toml", "")]);
    let config = Config::load(Settings::default().with_file(&folder.path().join("c.toml"))).unwrap();
    assert_eq!(config.data_dir, folder.path().join("countersign-data"), "the default too");
    let config =
        Config::load(Settings::default().with("data_dir", "data", Place::Flag("--data-dir".into()))).unwrap();
    assert_eq!(config.data_dir, Path::new("data"));
}

/// The template shows every key that may be in a file, and reads back as what it shows.
#[test]
fn the_template_is_a_valid_file_with_every_key() {
    assert_eq!(problems(file(&toml_template(&[]))), Vec::<String>::new());
    let all_on = toml_template(&[])
        .lines()
        .map(|line| {
            let is_value = line.starts_with("# ") && line.contains(" = ") && !line.contains("COUNTERSIGN_");
            let is_built = cfg!(feature = "otlp") || !line.ends_with(":4318\"");
            if is_value && is_built || line.starts_with("# [[") {
                line.trim_start_matches("# ").to_owned()
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    // The examples that are read at once.
    let folder =
        folder_with(&[("secret", "9c1f04be37a85d62e0b19f4c73d8a62574f0ce1a8b36d95e2710fbc4683ead91")]);
    let secret = folder.path().join("secret");
    let all_on = ["/run/secrets/jwt-secret", "/run/secrets/countersign-store-password"]
        .iter()
        .fold(all_on, |text, path| text.replace(path, &secret.to_string_lossy()));
    let config = Config::load(file(&all_on)).unwrap();
    let is_built = |key: &&ConfigKey| cfg!(feature = "otlp") || key.name != "otlp.url";
    for key in KEYS.iter().filter(|key| key.kind != Kind::Secret).filter(is_built) {
        assert!(matches!(config.settings.place(key.name), Place::File { .. }), "{}", key.name);
    }
    assert_eq!(config.settings.audiences().len(), 1);
    assert!(
        toml_template(&[("listen", "127.0.0.1:1,[::1]:1")])
            .contains("\nlisten = [\"127.0.0.1:1\", \"[::1]:1\"]\n")
    );
}

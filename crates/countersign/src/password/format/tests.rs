use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::*;

/// Hashes of one password by the libraries that other systems use; `fixtures/generate` makes the file.
const FOREIGN: &str = include_str!("../../../fixtures/hashes/hashes.tsv");
const PASSWORD: &str = "pässwörd ﬁve \u{1f40e} horses";

/// Each format verifies what its own library made, with the right password only; all but bcrypt at cost 10 in a moment.
#[test]
fn hashes_of_other_systems_verify() {
    let mut memory = Memory::default();
    let mut names = Vec::new();
    for line in FOREIGN.lines() {
        let (name, hash) = line.split_once('\t').unwrap();
        let recipe = Recipe::parse(hash, 256 << 20).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(recipe.matches(&Password::new(PASSWORD).unwrap(), &mut memory), "{name}");
        assert!(!recipe.matches(&Password::new("pässwörd").unwrap(), &mut memory), "{name}");
        let password = Password::new(PASSWORD).unwrap();
        assert!(recipe.should_be_renewed(&password, Argon2Cost::DEFAULT, false), "{name}");
        names.push(name);
    }
    assert_eq!(names.len(), 46, "{names:?}");
}

/// PW-6: whatever the bytes, reading them neither panics nor takes long, and what is read costs a bounded amount.
#[test]
fn mutilated_hashes_are_read_without_panic_and_stay_bounded() {
    let mut texts: Vec<String> = Vec::new();
    for line in FOREIGN.lines() {
        let hash = line.split_once('\t').unwrap().1;
        for cut in 0..hash.len() {
            texts.push(hash[..cut].to_owned());
            for with in ["$", "9", "é", "\0", "="] {
                texts.push(format!("{}{with}{}", &hash[..cut], &hash[cut + 1..]));
                texts.push(format!("{}{with}{}", &hash[..cut], &hash[cut..]));
            }
        }
    }
    for text in texts {
        if let Ok(recipe) = Recipe::parse(&text, 256 << 20) {
            assert!(recipe.work() <= 120_000, "{text}"); // bcrypt 15, about two seconds
            assert!(recipe.memory_bytes() <= 256 << 20, "{text}");
        }
    }
}

/// Examples that the systems themselves publish, and hashcat's, whose password is always the same.
#[test]
fn published_examples_verify() {
    for (password, hash) in [
        ("hashcat", "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf"),
        ("hashcat", "$P$984478476IagS59wHZvyQMArzfx58u."),
        ("hashcat", "$5$rounds=5000$GX7BopJZJxPc/KEK$le16UF8I2Anb.rOrn22AUPWvzUETDGefUmAV8AZkGcD"),
        (
            "hashcat",
            "$6$52450745$k5ka2p8bFuSmoVT1tzOyyuaREkkKBcCNqoDKzYiJL9RaE8yMnPgh2XzzF0NDrUhgrcLwg78xs1w5pJiypEdFX/",
        ),
        (
            "my password",
            "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=",
        ),
        ("my password", "ANXrDknc7fGPpigibZXXZFMX4aoqz44JveK6jQuwY3eH/UyPhvr5xTPeGYEckLxz9A=="),
    ] {
        let recipe = Recipe::parse(hash, 256 << 20).unwrap_or_else(|error| panic!("{hash}: {error}"));
        let mut memory = Memory::default();
        assert!(recipe.matches(&Password::new(password).unwrap(), &mut memory), "{hash}");
        assert!(!recipe.matches(&Password::new("Hashcat").unwrap(), &mut memory), "{hash}");
    }
}

/// WordPress takes white space away before it hashes and before it checks.
#[test]
fn wordpress_ignores_space_around_a_password() {
    let hash = FOREIGN.lines().find_map(|line| line.strip_prefix("wordpress 6.8\t")).unwrap();
    let recipe = Recipe::parse(hash, 256 << 20).unwrap();
    let spaced = Password::new(&format!(" {PASSWORD}\t")).unwrap();
    assert!(recipe.matches(&spaced, &mut Memory::default()));
}

/// A right password with any one of its bytes changed is wrong, for every format. Where a hash takes longer than
/// one of ours, the first byte and the last one.
#[test]
fn any_changed_byte_of_the_password_is_wrong() {
    let mut memory = Memory::default();
    for line in FOREIGN.lines() {
        let (name, hash) = line.split_once('\t').unwrap();
        let recipe = Recipe::parse(hash, 256 << 20).unwrap();
        let step = if recipe.work() > 1000 { PASSWORD.len() - 1 } else { 1 };
        // A byte over 127 hides those before it from the faulty bcrypt: that is its fault.
        let faulty = name.contains("2x");
        for at in (0..PASSWORD.len()).step_by(step).skip(usize::from(faulty)) {
            let mut bytes = PASSWORD.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(!recipe.scheme.matches(&bytes, &mut memory), "{name}, byte {at}");
        }
        assert!(recipe.scheme.matches(PASSWORD.as_bytes(), &mut memory), "{name}");
    }
}

/// PW-6: the cost is read and refused, with no work done.
#[test]
fn a_cost_over_the_cap_or_under_the_floor_is_refused_for_every_new_format() {
    use UnreadableHash::{TooExpensive, TooWeak};
    let sha512 = "a".repeat(86);
    let aspnet = |rounds: u32| {
        let head = [&[1, 0, 0, 0, 1][..], &rounds.to_be_bytes(), &[0, 0, 0, 16], &[7; 48]].concat();
        BASE64_STANDARD.encode(head)
    };
    for (text, error) in [
        (format!("$6$rounds=1000001$salt${sha512}"), TooExpensive),
        (format!("{{CRYPT}}$6$rounds=999999999$salt${sha512}"), TooExpensive),
        (format!("$6$rounds=999$salt${sha512}"), TooWeak),
        ("$P$J12345678aaaaaaaaaaaaaaaaaaaaaa".to_owned(), TooExpensive),
        ("$P$712345678aaaaaaaaaaaaaaaaaaaaaa".to_owned(), TooWeak),
        (format!("$S$Q12345678{}", "a".repeat(43)), TooExpensive),
        (format!("pbkdf2:sha256:9000000$salt${}", "ab".repeat(32)), TooExpensive),
        (format!("pbkdf2:sha256:150$salt${}", "ab".repeat(32)), TooWeak),
        (format!("scrypt:1048576:8:4$salt${}", "ab".repeat(64)), TooExpensive),
        (format!("{{scrypt}}$180801$c2FsdA==${}", "QUFB".repeat(11)), TooExpensive),
        (aspnet(5_000_001), TooExpensive),
        (aspnet(999), TooWeak),
        ("$wp$2y$31$h7I.jk/nBjMICBO9kK9R2upL4lzZ.BED08j5ZhU2Qg29BgGeg9QHe".to_owned(), TooExpensive),
        (
            "$bcrypt-sha256$v=2,t=2b,r=31$psr4E.eloNFS2dpROkeHnO$GhFdKOYeh4lGxbHFFEiejJFvsasI6hu".to_owned(),
            TooExpensive,
        ),
        ("{bcrypt}$2b$04$h7I.jk/nBjMICBO9kK9R2upL4lzZ.BED08j5ZhU2Qg29BgGeg9QHe".to_owned(), TooWeak),
    ] {
        assert_eq!(Recipe::parse(&text, 256 << 20).map(|_| ()), Err(error), "{text}");
    }
}

/// PW-6: whatever the format, a cost over the cap is refused when the text is read, so nothing is computed for it. The
/// hashes are those of the libraries, with their costs raised.
#[test]
fn a_raised_cost_is_refused_for_every_format() {
    const RAISED: [(&str, &str); 26] = [
        (",p=", "000,p="),
        ("$10$", "$31$"),
        ("$12$", "$31$"),
        ("r=10$", "r=31$"),
        ("2b,10$", "2b,31$"),
        ("$1000000$", "$90000000$"),
        ("$131000$", "$90000000$"),
        ("$29000$", "$90000000$"),
        ("$25000$", "$90000000$"),
        ("}29000$", "}90000000$"),
        (":1000000$", ":90000000$"),
        (":100000$", ":90000000$"),
        ("rounds=10000$", "rounds=90000000$"),
        ("$5$salt", "$5$rounds=90000000$salt"),
        ("$6$salt", "$6$rounds=90000000$salt"),
        ("{CRYPT}$6$", "{CRYPT}$6$rounds=90000000$"),
        ("$P$B", "$P$J"),
        ("$H$B", "$H$J"),
        ("U$S$9", "U$S$Q"),
        ("$S$D", "$S$Q"),
        ("scrypt:32768:", "scrypt:33554432:"),
        ("scrypt$16384$", "scrypt$16777216$"),
        ("{scrypt}$100801$", "{scrypt}$180801$"),
        ("AQAAAAAAACcQ", "AQAAAAAFAAAA"),
        ("AQAAAAEAACcQ", "AQAAAAEFAAAA"),
        ("AQAAAAIAAYag", "AQAAAAIFAAAA"),
    ];
    for line in FOREIGN.lines() {
        let (name, hash) = line.split_once('\t').unwrap();
        if hash.starts_with("{SSHA") || name.starts_with("spring pbkdf2") || name == "asp.net 2" {
            continue; // its cost is the same for every hash
        }
        let (cost, raised) =
            RAISED.iter().find(|(cost, _)| hash.contains(cost)).unwrap_or_else(|| panic!("{name}"));
        let refused = Recipe::parse(&hash.replace(cost, raised), 256 << 20).map(|_| ());
        assert_eq!(refused, Err(UnreadableHash::TooExpensive), "{name}");
    }
}

/// Hashes that protect nobody are called by their name, so that somebody can decide to reset those passwords.
#[test]
fn weak_functions_are_refused_by_name() {
    for (text, name) in [
        ("5f4dcc3b5aa765d61d8327deb882cf99", "MD5 without a salt"),
        ("5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "SHA-1 without a salt"),
        ("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "SHA-1 without a salt"),
        ("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "SHA-2 without a salt"),
        ("md5$abc$0cc175b9c0f1b6a831c399e269772661", "MD5"),
        ("sha1$abc$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "SHA-1"),
        ("sha256$abc$5e884898", "SHA-2, computed once"),
        ("$1$salt$qJH7.N4xYta3aEG/dfqo/0", "MD5"),
        ("$apr1$salt$xxxxxxxxxxxxxxxxxxxxxx", "MD5"),
        ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1 without a salt"),
        ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", "MD5"),
        ("{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA without a salt"),
        ("{CRYPT}ab9uGzj1dQ2xc", "DES-crypt"),
        ("{noop}secret", "plain text"),
        ("plain$$secret", "plain text"),
    ] {
        assert_eq!(Recipe::parse(text, 1 << 30).map(|_| ()), Err(UnreadableHash::Fast(name)), "{text}");
    }
}

#[test]
fn what_nobody_knows_is_called_unknown() {
    for text in [
        "",
        "plain text",
        "$7$salt$hash",
        "{XOR}x",
        "whirlpool$a$b",
        "$2$10$x",
        "$argon2$x",
        "secret",
        "AQID",
        "U$X$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf",
    ] {
        assert_eq!(Recipe::parse(text, 1 << 30).map(|_| ()), Err(UnreadableHash::UnknownFormat), "{text}");
    }
}

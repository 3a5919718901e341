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
    assert_eq!(names.len(), 16, "{names:?}");
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

#[test]
fn what_nobody_knows_is_called_unknown() {
    for text in [
        "",
        "plain text",
        "$1$salt$hash",
        "$6$rounds=5000$a$b",
        "{SSHA}x",
        "md5$a$b",
        "$2x$10$x",
        "$argon2$x",
    ] {
        assert_eq!(Recipe::parse(text, 1 << 30).map(|_| ()), Err(UnreadableHash::UnknownFormat), "{text}");
    }
}

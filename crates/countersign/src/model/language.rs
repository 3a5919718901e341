//! Which language somebody reads: RFC 4647 §3.4, "Lookup", over what an `Accept-Language` header asks for (RFC 9110 §12.5.4).

/// The best of `offered`: that of the account, else the first that the header asks for, else the first that is offered.
pub(crate) fn choose<'a>(offered: &'a [String], account: Option<&str>, header: Option<&str>) -> &'a str {
    find(offered, account, header).or(offered.first().map(String::as_str)).unwrap_or("en")
}

/// The same, or nothing where nobody wants any that is offered.
pub(crate) fn find<'a>(
    offered: &'a [String],
    account: Option<&str>,
    header: Option<&str>,
) -> Option<&'a str> {
    let asked = header.map(ranges).unwrap_or_default();
    account.into_iter().chain(asked).find_map(|range| {
        let fits = |step| offered.iter().find(|tag| tag.eq_ignore_ascii_case(step));
        steps(range).find_map(fits).map(String::as_str)
    })
}

/// The tag itself, and what is left of it when subtags are taken off its end, as long as something is left. A single letter
/// introduces what follows it, so it goes together with that.
pub(crate) fn steps(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |tag| {
        let (rest, _) = tag.rsplit_once('-')?;
        Some(match rest.rsplit_once('-') {
            Some((before, last)) if last.len() == 1 => before,
            _ => rest,
        })
    })
}

/// The ranges of the header, best first. What is no range is left out: a header that somebody garbled still has a language.
fn ranges(header: &str) -> Vec<&str> {
    let mut found: Vec<_> = header.split(',').take(MOST).filter_map(weighted).collect();
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight)); // stable: of two with the same weight the first
    found.into_iter().map(|(_, range)| range).collect()
}

/// A range and its weight in thousandths; `*` asks for nothing, and weight 0 refuses.
fn weighted(part: &str) -> Option<(u32, &str)> {
    let (range, parameter) = part.split_once(';').unwrap_or((part, "q=1"));
    let (name, weight) = parameter.trim().split_once('=')?;
    let weight: f32 = weight.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let weight = (weight * 1000.0).round() as u32;
    let range = range.trim();
    let is_tag = range.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && !range.is_empty();
    (name.trim().eq_ignore_ascii_case("q") && weight > 0 && is_tag).then_some((weight, range))
}

/// Nobody reads more languages than that; a header of attackers may.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_found_as_rfc_4647_looks_it_up() {
        let offered = ["en", "de", "pt-BR", "zh-Hant"].map(str::to_owned);
        let choose = |account, header| choose(&offered, account, header);
        for (header, language) in [
            ("de", "de"),
            ("de-AT", "de"),
            ("DE-at-1996", "de"),
            ("de-x-mine", "de"),
            ("fr, de;q=0.9, en;q=0.8", "de"),
            ("en;q=0.5,de;q=0.9", "de"),
            ("en;q=0.8, de;q=0.8", "en"),
            ("de;q=0, *", "en"),
            ("*", "en"),
            ("", "en"),
            ("pt", "en"), // no wider tag is asked for, so no narrower one is guessed
            ("pt-br", "pt-BR"),
            ("zh-Hant-TW-x-a", "zh-Hant"),
            (";;,=,de;q=x,de;q=7,\u{e4}, de ; q = 0.1", "de"),
            ("fr-CH", "en"),
        ] {
            assert_eq!(choose(None, Some(header)), language, "{header}");
        }
        assert_eq!(choose(Some("de-CH"), Some("en")), "de");
        assert_eq!(choose(Some("fr"), Some("de")), "de");
        assert_eq!(choose(None, None), "en");
        assert_eq!(super::choose(&[], None, None), "en");
    }
}

//! [`Accent`]: a product's colour, and which colours can be one. Buttons and links have it, so they must be legible on the
//! light pages and on the dark ones (WCAG 2.2, 1.4.3).

use std::fmt;
use std::str::FromStr;

/// A product's colour: of buttons and links, on light pages and in mails. On dark ones it is mixed with white until it is as
/// legible there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    light: Rgb,
    dark: Rgb,
    on_dark: Rgb,
}

/// Why a text is no accent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccentError {
    /// It is no colour in the form `#rrggbb`.
    #[error("it is no colour such as #155e63")]
    NotAColour,
    /// White text on it, and it as text on a light page, would be hard to read.
    #[error(
        "its contrast with a light page is {contrast}:1, and 4.5:1 is needed (WCAG 2.2, 1.4.3); {nearest} has it"
    )]
    TooPale {
        /// To one decimal, rounded down.
        contrast: String,
        /// The same colour, only as much darker as it takes.
        nearest: String,
    },
}

impl Accent {
    /// The colour on light pages, as `#rrggbb`.
    #[must_use]
    pub fn light(&self) -> String {
        self.light.to_string()
    }

    /// The colour of text on it there.
    #[must_use]
    pub fn on_light(&self) -> String {
        WHITE.to_string()
    }

    /// The colour on dark pages.
    #[must_use]
    pub fn dark(&self) -> String {
        self.dark.to_string()
    }

    /// The colour of text on it there.
    #[must_use]
    pub fn on_dark(&self) -> String {
        self.on_dark.to_string()
    }

    /// Rules that give the pages this colour, to be read after their own; none for the default, which they have.
    #[must_use]
    pub fn css(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let rules = |accent: Rgb, on: Rgb, hover: Rgb, surface: Rgb, text: Rgb| {
            let selected = surface.mixed(accent, 0.15);
            format!(
                ":root{{--accent:{accent};--accent-hover:{hover};--on-accent:{on};--link:{accent};\
                 --selected:{selected};--on-selected:{text}}}"
            )
        };
        let light = rules(self.light, WHITE, self.light.mixed(BLACK, 0.2), WHITE, DARK_TEXT);
        let dark = rules(self.dark, self.on_dark, self.dark.mixed(WHITE, 0.2), DARK_SURFACE, LIGHT_TEXT);
        format!("{light}@media (prefers-color-scheme:dark){{{dark}}}")
    }
}

/// The colour of the built pages.
impl Default for Accent {
    fn default() -> Self {
        Self { light: Rgb(0x15, 0x5e, 0x63), dark: Rgb(0x79, 0xcd, 0xc9), on_dark: Rgb(0x06, 0x21, 0x1f) }
    }
}

impl FromStr for Accent {
    type Err = AccentError;

    fn from_str(text: &str) -> Result<Self, AccentError> {
        let light = Rgb::parse(text).ok_or(AccentError::NotAColour)?;
        if light == Self::default().light {
            return Ok(Self::default());
        }
        let contrast = light.contrast(LIGHT_PAGE);
        if contrast < LEAST {
            let nearest = light.until_legible(BLACK, LIGHT_PAGE).to_string();
            let contrast = format!("{:.1}", (contrast * 10.0).floor() / 10.0);
            return Err(AccentError::TooPale { contrast, nearest });
        }
        Ok(Self { light, dark: light.until_legible(WHITE, DARK_SURFACE), on_dark: BLACK })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb(u8, u8, u8);

impl Rgb {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
        Some(Self(part(0)?, part(2)?, part(4)?))
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// WCAG 2.2, contrast ratio.
    fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// With this share of another colour in it.
    fn mixed(self, other: Self, share: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
        let part =
            |one: u8, two: u8| (f64::from(one) + (f64::from(two) - f64::from(one)) * share).round() as u8;
        Self(part(self.0, other.0), part(self.1, other.1), part(self.2, other.2))
    }

    /// Mixed with just as much of `pole`, black or white, as it takes to be legible on `page`.
    fn until_legible(self, pole: Self, page: Self) -> Self {
        let steps = (0..=100).map(|percent| self.mixed(pole, f64::from(percent) / 100.0));
        steps.into_iter().find(|colour| colour.contrast(page) >= LEAST).unwrap_or(pole)
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// WCAG 2.2, 1.4.3, level AA.
const LEAST: f64 = 4.5;
const WHITE: Rgb = Rgb(0xff, 0xff, 0xff);
const BLACK: Rgb = Rgb(0, 0, 0);
// `web/pages/src/style.css`: `--page` of the light pages, the darkest thing that a link stands on there; `--surface` of the
// dark ones, the lightest; and the text of both.
const LIGHT_PAGE: Rgb = Rgb(0xf7, 0xf6, 0xf2);
const DARK_SURFACE: Rgb = Rgb(0x18, 0x1d, 0x1f);
const DARK_TEXT: Rgb = Rgb(0x1d, 0x20, 0x21);
const LIGHT_TEXT: Rgb = Rgb(0xe9, 0xec, 0xec);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        // The lightest grey that is legible on white.
        assert!((Rgb(0x76, 0x76, 0x76).contrast(WHITE) - 4.54).abs() < 0.005);
    }

    #[test]
    fn a_pale_colour_is_refused_and_the_nearest_one_named_is_taken() {
        let Err(AccentError::TooPale { contrast, nearest }) = "#ffcc00".parse::<Accent>() else {
            panic!("it is too pale")
        };
        assert_eq!(contrast, "1.3");
        assert_eq!(nearest.parse::<Accent>().unwrap().light(), nearest);
        for no in ["", "#fff", "155e63", "#155e6", "#155e633", "#+55e63", "#155e6é", "red"] {
            assert_eq!(no.parse::<Accent>(), Err(AccentError::NotAColour), "{no}");
        }
    }

    #[test]
    fn every_accent_is_legible_with_its_text_and_on_its_page_in_both_themes() {
        let (mut taken, mut refused) = (0, 0);
        let steps = (0..=255).step_by(15);
        for (r, g, b) in steps
            .clone()
            .flat_map(|r| steps.clone().map(move |g| (r, g)))
            .flat_map(|(r, g)| (0..=255).step_by(15).map(move |b| (r, g, b)))
        {
            let Ok(accent) = Rgb(r, g, b).to_string().parse::<Accent>() else {
                refused += 1;
                continue;
            };
            taken += 1;
            for (one, other) in [
                (accent.light, WHITE),
                (accent.light, LIGHT_PAGE),
                (accent.dark, accent.on_dark),
                (accent.dark, DARK_SURFACE),
            ] {
                assert!(one.contrast(other) >= LEAST, "{accent:?}: {one} and {other}");
            }
        }
        assert!(taken > 500 && refused > 500, "{taken} taken, {refused} refused");
    }

    #[test]
    fn the_default_is_what_the_pages_have_and_adds_no_rule() {
        let style = include_str!("../../../../web/pages/src/style.css");
        let accent = Accent::default();
        for value in [accent.light(), accent.dark()] {
            assert!(style.contains(&format!("--accent: {value};")), "{value}");
        }
        assert!(style.contains(&format!("--on-accent: {};", accent.on_dark())));
        for colour in [LIGHT_PAGE, DARK_SURFACE, DARK_TEXT, LIGHT_TEXT] {
            assert!(style.contains(&colour.to_string()), "{colour}");
        }
        assert_eq!("#155E63".parse::<Accent>().unwrap().css(), "");
        assert!("#0a58ca".parse::<Accent>().unwrap().css().contains("--accent:#0a58ca"));
    }
}

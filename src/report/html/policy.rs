//! The page's style and script, and the Content-Security-Policy that allows these and nothing else.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// All of the page's style.
pub(super) const STYLE: &str = include_str!("page.css");

/// All of the page's script. Without it the page is whole; with it, the table sorts and filters.
pub(super) const SCRIPT: &str = include_str!("page.js");

/// Nothing is loaded, sent or run but the style and the script that stand in the page.
pub(super) fn content_security_policy() -> String {
    let sum = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        sum(STYLE),
        sum(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Where text of which colour may stand. WCAG 2.2 asks for 4.5:1.
    const TEXT: [(&str, &[&str]); 6] = [
        ("ink", &["paper", "raised", "tint", "unused-tint"]),
        ("quiet", &["paper", "raised", "tint"]),
        ("link", &["paper", "raised", "unused-tint"]),
        ("unused", &["paper", "unused-tint"]),
        ("undetermined", &["paper", "undetermined-tint"]),
        ("good", &["paper", "good-tint"]),
    ];

    /// Edges of fields, and lines of pictures: 3:1.
    const EDGES: [(&str, &[&str]); 3] =
        [("strong-rule", &["paper", "raised"]), ("fill-1", &["paper"]), ("fill-2", &["paper"])];

    /// The colours of the two schemes: light, and dark with what it leaves as it is.
    fn schemes() -> [BTreeMap<&'static str, u32>; 2] {
        let mut blocks = STYLE.split(":root {").skip(1).map(|block| block.split('}').next().unwrap());
        let colours = |block: &'static str| {
            let declared =
                block.split(';').filter_map(|one| one.trim().strip_prefix("--")?.split_once(": #"));
            declared.map(|(name, colour)| (name, u32::from_str_radix(colour, 16).unwrap()))
        };
        let light: BTreeMap<_, _> = colours(blocks.next().unwrap()).collect();
        let mut dark = light.clone();
        dark.extend(colours(blocks.next().unwrap()));
        [light, dark]
    }

    /// Relative luminance, as WCAG defines it.
    fn luminance(colour: u32) -> f64 {
        let channel = |shift: u32| {
            let value = f64::from((colour >> shift) & 0xff) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    fn contrast(one: u32, other: u32) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn contrast_is_counted_as_everybody_counts_it() {
        assert!((contrast(0xffffff, 0x000000) - 21.0).abs() < 1e-9);
        assert!((contrast(0x777777, 0xffffff) - 4.48).abs() < 0.01);
    }

    #[test]
    fn text_stands_out_in_both_schemes() {
        let [light, dark] = schemes();
        assert_ne!(light["paper"], dark["paper"]);
        for colours in [light, dark] {
            for (pairs, least) in [(&TEXT[..], 4.5), (&EDGES[..], 3.0)] {
                for (front, backs) in pairs {
                    for back in *backs {
                        let contrast = contrast(colours[front], colours[back]);
                        assert!(contrast >= least, "{front} on {back}: {contrast:.2}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_colour_of_text_and_of_what_is_behind_it_is_looked_at() {
        let used = |property: &str| -> BTreeSet<&str> {
            let uses = STYLE.split([';', '{', ' ']).collect::<Vec<_>>();
            let pairs = uses.windows(2).filter(|pair| pair[0] == property);
            pairs.filter_map(|pair| pair[1].strip_prefix("var(--")?.strip_suffix(')')).collect()
        };
        let fronts: BTreeSet<&str> = TEXT.iter().map(|(front, _)| *front).collect();
        let backs: BTreeSet<&str> = TEXT.iter().flat_map(|(_, backs)| backs.iter().copied()).collect();
        // The slash between words of a heading says nothing.
        let mut text = used("color:");
        assert!(text.remove("strong-rule"));
        assert_eq!(text, fronts);
        assert_eq!(used("background:"), backs);
    }
}

//! How much space there is for bundles, and how many nights it lasts.

use std::{io, path::Path};

use indicatif::BinaryBytes;

use super::{Line, Standing};
use crate::{publish::Retention, text::count};

/// With less space than for so many nights somebody should know.
const FEW_NIGHTS: u64 = 30;

/// What the bundle of a workspace with some hundred secrets has, in bytes, for as long as there is no other to go by. With
/// 230 of them and 1255 dependents it has 1.4 MiB.
const USUAL_BUNDLE: u64 = 2 << 20;

/// The space that this user may fill, in bytes.
pub(super) fn free_space(place: &Path) -> io::Result<u64> {
    let filesystem = rustix::fs::statvfs(place)?;
    Ok(filesystem.f_bavail.saturating_mul(filesystem.f_frsize))
}

/// How many bundles still come on top of those that are there, until each new one takes the place of an old one.
pub(super) fn remaining(retention: Retention, there: usize) -> Option<u64> {
    let kept = match retention {
        Retention::All => return None,
        Retention::Bundles(bundles) => bundles,
        // Of so many nights, and of the one that is on its edge.
        Retention::Days(days) => usize::try_from(days).unwrap_or(usize::MAX).saturating_add(1),
    };
    // That of the night before is always one of them.
    let kept = kept.max(2);
    // The new one is in place before the old one goes.
    u64::try_from(kept.saturating_sub(there).saturating_add(1)).ok()
}

/// What there is to say of so much free space, in bytes, where a bundle takes `each` and so many are `remaining`. `None`:
/// nothing is known of that, or there is no end to them.
pub(super) fn space(free: u64, each: Option<u64>, remaining: Option<u64>) -> Line {
    let line = |standing, detail: String| Line::new(standing, "disk space", detail);
    let shown = format!("{} free", BinaryBytes(free));
    if free == 0 {
        return line(Standing::Failed, format!("{shown}; make room, or choose another --out"));
    }
    let Some(each) = each.filter(|each| *each > 0) else {
        let (standing, remedy) = match free < FEW_NIGHTS * USUAL_BUNDLE {
            true => (Standing::Warning, ", which is little: make room, or choose another --out"),
            false => (Standing::Ok, ""),
        };
        let detail = format!("{shown}{remedy}; how long that lasts can be told once there is a whole bundle");
        return line(standing, detail);
    };
    let (nights, size) = (free / each, BinaryBytes(each));
    let in_words = count(usize::try_from(nights).unwrap_or(usize::MAX), "night", "nights");
    if nights == 0 {
        let detail = format!("{shown}, and the last bundle has {size}; make room, or choose another --out");
        return line(Standing::Failed, detail);
    }
    if remaining.is_some_and(|remaining| remaining <= nights) {
        return line(
            Standing::Ok,
            format!("{shown}, at {size} a night: enough for all bundles that are kept"),
        );
    }
    if nights < FEW_NIGHTS {
        let detail = format!(
            "{shown}, at {size} a night: {in_words}; make room, or keep fewer bundles ([report] keep)"
        );
        return line(Standing::Warning, detail);
    }
    line(Standing::Ok, format!("{shown}, at {size} a night: {in_words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(free: u64, each: u64, remaining: Option<u64>) -> (Standing, String) {
        let line = space(free, Some(each), remaining);
        (line.standing, line.detail)
    }

    #[test]
    fn space_is_told_in_nights_and_little_of_it_is_a_warning() {
        assert_eq!(
            said(3000, 100, None),
            (Standing::Ok, "2.93 KiB free, at 100 B a night: 30 nights".into())
        );
        let (standing, detail) = said(2999, 100, None);
        assert!(standing == Standing::Warning && detail.contains("29 nights; make room"), "{detail}");
        assert!(said(199, 100, None).1.contains("1 night;"), "one of them");
        assert_eq!(said(99, 100, None).0, Standing::Failed, "not even one more");
    }

    #[test]
    fn where_old_bundles_go_space_for_those_that_are_kept_is_enough() {
        let seven_kept = |there| remaining(Retention::Bundles(7), there);
        assert_eq!((seven_kept(0), seven_kept(7), seven_kept(9)), (Some(8), Some(1), Some(1)));
        assert_eq!(remaining(Retention::Days(7), 8), Some(1));
        assert_eq!(remaining(Retention::All, 7), None);
        assert_eq!(said(800, 100, seven_kept(0)).0, Standing::Ok);
        assert_eq!(said(799, 100, seven_kept(0)).0, Standing::Warning);
        assert_eq!(
            said(99, 100, seven_kept(7)).0,
            Standing::Failed,
            "the new one comes before an old one goes"
        );
    }

    #[test]
    fn before_the_first_night_space_is_told_alone_and_little_or_none_is_not_ok() {
        for (free, standing, words) in [
            (0, Standing::Failed, "0 B free; make room"),
            (1 << 20, Standing::Warning, "1.00 MiB free, which is little: make room"),
            (60 << 20, Standing::Ok, "60.00 MiB free; how long"),
        ] {
            let line = space(free, None, None);
            assert!(line.standing == standing && line.detail.starts_with(words), "{line:?}");
        }
    }
}

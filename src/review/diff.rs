//! What is different between two bundles.

use std::path::Path;

use super::bundles::{ReviewError, at, audit_of, open};
use crate::{
    audit::{Changes, Comparison},
    bounded::Bound,
    bundle::REPORT,
    report,
};

/// Compares the bundle at `later` with the one at `earlier`. Narrowed ones are not compared. No report beyond the bound is
/// read.
///
/// # Errors
/// Where one of the two reports can't be read.
pub fn diff(earlier: &Path, later: &Path, longest: Bound) -> Result<Changes, ReviewError> {
    let now = audit_of(later, longest)?;
    let mut comparison = now.comparison();
    let earlier = at(earlier)?;
    let path = earlier.join(REPORT);
    let read = report::read_earlier(open(&earlier, longest)?, Some(&mut comparison))
        .map_err(|error| ReviewError::read(&path)(error.into()))?;
    let sides = [("first", &read.run.run), ("second", &now.run.id)];
    let of_sides = |is_so: [bool; 2], what: &str| -> Vec<String> {
        let sides = sides.into_iter().zip(is_so).filter(|(_, is_so)| *is_so);
        sides.map(|((side, run), _)| format!("the {side} bundle ({run}) is {what}")).collect()
    };
    let filtered = of_sides(
        [read.is_narrowed, now.filter().is_some()],
        "FILTERED: it says nothing of the secrets that it did not read",
    );
    if !filtered.is_empty() {
        return Ok(Changes::NotCompared(filtered.join("; ")));
    }
    let mut warnings = of_sides(
        [!read.is_complete, !now.is_complete()],
        "INCOMPLETE: what it could not read may be there all the same",
    );
    warnings.extend(of_sides(
        [read.is_clock_off, now.run.clock.is_off()],
        "of a machine whose clock was off: its time is that of the API",
    ));
    if read.run.started_at > now.run.began() {
        warnings.push(format!(
            "the first bundle ({}) is the later one: what is told as new is what it no longer had",
            read.run.run
        ));
    }
    let then = read.run.started_at;
    let mut workspaces = comparison.finish(then, &read.history, &now.history);
    workspaces.extend(Comparison::of_failed(&now.failed));
    workspaces.sort_by(|a, b| a.workspace.cmp(&b.workspace));
    Ok(Changes::Since { earlier: read.run, warnings, workspaces })
}

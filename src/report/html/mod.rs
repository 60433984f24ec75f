//! `report.html`: one page for whoever wants to see the state at a glance, and then every detail of it.
//!
//! It stands by itself: nothing is loaded from anywhere, and without script it is whole. The answer comes first. What
//! matters (unused, undetermined) is never cut; the dependents of each secret are, as far as they must be for a browser
//! to open the page in a few seconds. Templates are in `templates/`, style and script beside this file; this module
//! fills them. What never lives here: text that is put into HTML by any other way than a template.

mod answer;
mod changes;
mod coverage;
mod dependents;
pub(crate) mod escape;
mod findings;
mod parts;
mod pictures;
mod policy;
mod secrets;
mod trend;
mod unused;
mod waivers;

use std::io::{self, Write};

use askama::Template;

use crate::audit::Audit;
use parts::{
    LIST_ROOM, Number, Rendered, Rows, by_verdict, date_in_words, days, in_words, named, of_each, prose,
    several, size, verdict,
};

/// The largest page, in bytes: mail takes it, and a browser opens it in a few seconds. Only what is never cut can go
/// beyond it.
const LARGEST_FILE: usize = 12_000_000;

/// Writes the page.
pub(super) fn report(audit: &Audit, mut out: impl Write) -> io::Result<()> {
    let mut top = Rendered::of(&answer::Top::of(audit))?;
    top.push(&pictures::Pictures::of(audit))?;
    top.push(&unused::unused(audit))?;
    top.push(&findings::undetermined(audit))?;
    top.push(&changes::Changes::of(audit)?)?;
    top.push(&waivers::Waivers::of(audit)?)?;
    top.push(&findings::of_the_workspaces(audit)?)?;
    let mut end = Rendered::of(&coverage::Coverage::of(audit)?)?;
    end.push(&End { script: policy::SCRIPT })?;

    out.write_all(top.0.as_bytes())?;
    secrets::every_secret(audit, LARGEST_FILE.saturating_sub(top.0.len() + end.0.len()), &mut out)?;
    out.write_all(end.0.as_bytes())
}

#[derive(Template)]
#[template(path = "end.html")]
struct End {
    script: &'static str,
}

//! Whether every bundle holds what it held, and whether one is missing between two others.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::Path,
};

use super::{
    bundles::{ReviewError, bundles_in},
    chain::Chain,
    integrity::{Integrity, Line},
};
use crate::{
    bounded::Bound,
    bundle::{self, Flaw, Looked, ReadPolicy, is_refused, look_at},
    interrupt::Interrupt,
    table::{self, Column},
    text::{count, show_hidden},
};

/// What there is to say of all bundles of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The lines, the oldest bundle first.
    pub lines: Vec<Line>,
}

/// What a chain without signatures cannot prove.
const LIMITS: &str = "\
What this proves: each bundle is as its own manifest says, and each manifest is the one that the next bundle names.\n\
What it does not: whoever can write here can make the whole chain anew, or take the newest bundles away. To rule that\n\
out, sign the newest manifest.json, or keep its SHA-256 elsewhere, as docs/evidence.md shows. Nor does it prove that\n\
the API told the truth.";

/// What two bundles in one place of the chain may mean.
const FORK: &str = "\
A fork: two bundles name the same one before them, or both say that they are the first. Each may be as it was published:\n\
most likely a run could not read the last bundle (another user, such as root, had made it, or the disk failed for a\n\
moment), and followed the one before it. Or somebody put one of them there. Look up both nights in the logs of the job;\n\
where both ran, note that and keep both: later bundles follow one of them, and nothing is to be mended. Give the directory\n\
to the user of the job (chown -R USER DIR), and let nobody else run the audit there.";

/// Checks every file of every bundle, and the chain that they form. No file beyond the bound is read.
///
/// # Errors
/// Where there are no bundles, the directory can't be read, or a signal came meanwhile.
pub fn verify(output: &Path, longest: Bound, interrupt: &Interrupt) -> Result<Verification, ReviewError> {
    let mut looked_at = Vec::new();
    let read_policy = ReadPolicy::none(longest, interrupt);
    for bundle in bundles_in(output)? {
        let looked = look_at(&bundle, &read_policy).map_err(ReviewError::read(&bundle.path))?;
        looked_at.push((bundle, looked));
    }
    let chain = Chain::of(&looked_at);
    let mut lines = Vec::new();
    for (bundle, looked) in &looked_at {
        chain.missing_before(looked, output, &mut lines);
        let mut flaws: Vec<(Integrity, String)> = looked.flaws.iter().map(of_flaw).collect();
        flaws.extend(chain.flaws(bundle, looked));
        if flaws.is_empty() {
            flaws.push((Integrity::Sound, in_words(looked)));
        }
        let line = |(integrity, what)| Line { integrity, run: bundle.run.clone(), what };
        lines.extend(flaws.into_iter().map(line));
    }
    let is_bundle = |path: &Path| looked_at.iter().any(|(bundle, _)| Path::new(&bundle.run) == path);
    lines.extend(latest_leads_astray(output, is_bundle));
    Ok(Verification { lines })
}

fn of_flaw(flaw: &Flaw) -> (Integrity, String) {
    let (integrity, what) = match flaw {
        Flaw::Missing(_) | Flaw::WithoutSums => (Integrity::Missing, flaw.to_string()),
        Flaw::Altered(_) | Flaw::Added(_) => (Integrity::Altered, flaw.to_string()),
        Flaw::Unreadable(error) => (Integrity::Unreadable, format!("cannot tell: {error}")),
    };
    // A manifest that somebody wrote may name anything.
    (integrity, show_hidden(&what, &[]).into_owned())
}

fn in_words(looked: &Looked) -> String {
    let Some(manifest) = &looked.manifest else { return String::new() };
    let mut words = count(manifest.files.len(), "file", "files");
    if !manifest.is_of_the_chain() {
        words.push_str(", from before bundles formed a chain");
    } else if manifest.previous.is_none() {
        words.push_str(", the first of the chain");
    }
    if !looked.besides.is_empty() {
        let shown: Vec<_> = looked.besides.iter().map(|name| show_hidden(name, &[]).into_owned()).collect();
        words.push_str(&format!("; beside them, and not checked: {}", shown.join(", ")));
    }
    words
}

/// `latest` leads to the bundle that was published last: where that is gone, the chain can't tell.
fn latest_leads_astray(output: &Path, is_bundle: impl Fn(&Path) -> bool) -> Option<Line> {
    let cannot_tell = |run: &Path, error: io::Error| Line {
        integrity: Integrity::Unreadable,
        run: show_hidden(&run.to_string_lossy(), &[]).into_owned(),
        what: show_hidden(&format!("cannot tell: {error}"), &[]).into_owned(),
    };
    let leads_to = match bundle::latest(output) {
        Ok(leads_to) => leads_to?,
        Err(error) => return Some(cannot_tell(Path::new(bundle::LATEST), error)),
    };
    match fs_err::metadata(output.join(&leads_to)) {
        Ok(_) if is_bundle(&leads_to) => None,
        Ok(_) => Some(Line {
            integrity: Integrity::Altered,
            run: show_hidden(&leads_to.to_string_lossy(), &[]).into_owned(),
            what: "latest leads there, and it is no bundle of this directory".to_owned(),
        }),
        Err(error) if is_refused(&error) => Some(cannot_tell(&leads_to, error)),
        Err(_) => Some(Line {
            integrity: Integrity::Missing,
            run: show_hidden(&leads_to.to_string_lossy(), &[]).into_owned(),
            what: "the whole bundle is not there, and latest leads to it".to_owned(),
        }),
    }
}

impl Verification {
    /// Whether nothing is amiss, and all of it could be read.
    pub fn is_sound(&self) -> bool {
        self.lines.iter().all(|line| matches!(line.integrity, Integrity::Sound | Integrity::Pruned))
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        if self.is_sound() { 0 } else { 8 }
    }

    /// Says it, one line for each thing.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let widest = Integrity::Unreadable.as_str().len();
        let columns = [Column::of_text("").of_at_least(widest), Column::of_text(""), Column::of_text("")];
        let row = |line: &Line| vec![line.integrity.as_str().to_owned(), line.run.clone(), line.what.clone()];
        table::write("", &columns, self.lines.iter().map(row).collect(), &mut out)?;
        let count_of =
            |wanted: &[Integrity]| self.lines.iter().filter(|line| wanted.contains(&line.integrity)).count();
        let bundles: BTreeSet<&str> = self
            .lines
            .iter()
            .filter(|line| line.integrity != Integrity::Pruned)
            .map(|line| line.run.as_str())
            .collect();
        let bundles = count(bundles.len(), "bundle", "bundles");
        let in_words = |number, one, many| (number > 0).then(|| count(number, one, many));
        let amiss = count_of(&[Integrity::Missing, Integrity::Altered]);
        let forked = count_of(&[Integrity::Forked]);
        let said: Vec<String> = [
            in_words(amiss, "thing is altered or missing", "things are altered or missing"),
            in_words(forked, "bundle is of a fork", "bundles are of a fork"),
            in_words(
                count_of(&[Integrity::Unreadable]),
                "thing is unreadable, of which this user cannot tell",
                "things are unreadable, of which this user cannot tell",
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        match said.is_empty() {
            true => writeln!(out, "\n{bundles}: all sound.")?,
            false => writeln!(out, "\n{bundles}: {}.", said.join(", "))?,
        }
        if forked > 0 {
            writeln!(out, "\n{FORK}")?;
        }
        writeln!(out, "\n{LIMITS}")?;
        out.flush()
    }
}

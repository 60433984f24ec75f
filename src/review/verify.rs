//! Whether every bundle holds what it held, and whether one is missing between two others.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::Path,
};

use super::{ReviewError, bundles_in, chain::Chain};
use crate::{
    bounded::Bound,
    bundle::{self, Flaw, Looked, look_at},
    interrupt::Interrupt,
    text::{count, show_hidden},
};

/// What became of one bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Soundness {
    /// Every file is as it was published, and so is its place in the chain.
    Sound,
    /// It was removed on purpose, as a later manifest says.
    Pruned,
    /// It, or a file of it, is not there.
    Missing,
    /// It, or a file of it, is not as it was.
    Altered,
}

impl Soundness {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Pruned => "pruned",
            Self::Missing => "missing",
            Self::Altered => "altered",
        }
    }
}

/// What there is to say of one bundle; of one with several flaws there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub soundness: Soundness,
    /// The name of its run.
    pub run: String,
    /// What exactly.
    pub what: String,
}

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

/// Checks every file of every bundle, and the chain that they form. No file beyond the bound is read.
///
/// # Errors
/// Where there are no bundles, the directory can't be read, or a signal came meanwhile.
pub fn verify(output: &Path, longest: Bound, interrupt: &Interrupt) -> Result<Verification, ReviewError> {
    let mut looked_at = Vec::new();
    for bundle in bundles_in(output)? {
        let looked = look_at(&bundle, longest, interrupt).map_err(ReviewError::read(&bundle.path))?;
        looked_at.push((bundle, looked));
    }
    let chain = Chain::of(&looked_at);
    let mut lines = Vec::new();
    for (bundle, looked) in &looked_at {
        chain.missing_before(looked, output, &mut lines);
        let mut flaws: Vec<(Soundness, String)> = looked.flaws.iter().map(of_flaw).collect();
        flaws.extend(chain.flaws(bundle, looked).into_iter().map(|what| (Soundness::Altered, what)));
        if flaws.is_empty() {
            flaws.push((Soundness::Sound, in_words(looked)));
        }
        let line = |(soundness, what)| Line { soundness, run: bundle.run.clone(), what };
        lines.extend(flaws.into_iter().map(line));
    }
    lines.extend(latest_leads_nowhere(output));
    Ok(Verification { lines })
}

fn of_flaw(flaw: &Flaw) -> (Soundness, String) {
    let soundness = match flaw {
        Flaw::Missing(_) => Soundness::Missing,
        Flaw::Altered(_) | Flaw::Unreadable(_) => Soundness::Altered,
    };
    // A manifest that somebody wrote may name anything.
    (soundness, show_hidden(&flaw.to_string(), &[]).into_owned())
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
fn latest_leads_nowhere(output: &Path) -> Option<Line> {
    let leads_to = bundle::latest(output)?;
    let is_there = output.join(&leads_to).try_exists().unwrap_or(false);
    (!is_there).then(|| Line {
        soundness: Soundness::Missing,
        run: show_hidden(&leads_to.to_string_lossy(), &[]).into_owned(),
        what: "the whole bundle is not there, and latest leads to it".to_owned(),
    })
}

impl Verification {
    /// Whether nothing is altered or missing.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.lines.iter().all(|line| matches!(line.soundness, Soundness::Sound | Soundness::Pruned))
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_sound() { 0 } else { 8 }
    }

    /// Says it, one line for each thing.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        for Line { soundness, run, what } in &self.lines {
            writeln!(out, "{:7}  {run}  {what}", soundness.as_str())?;
        }
        let amiss = self.lines.iter().filter(|line| line.soundness >= Soundness::Missing).count();
        let bundles: BTreeSet<&str> = self
            .lines
            .iter()
            .filter(|line| line.soundness != Soundness::Pruned)
            .map(|line| line.run.as_str())
            .collect();
        let bundles = count(bundles.len(), "bundle", "bundles");
        match amiss {
            0 => writeln!(out, "\n{bundles}: all sound.\n\n{LIMITS}")?,
            amiss => {
                let amiss = count(amiss, "thing is altered or missing", "things are altered or missing");
                writeln!(out, "\n{bundles}: {amiss}.\n\n{LIMITS}")?;
            }
        }
        out.flush()
    }
}

//! Whether every bundle holds what it held, and whether one is missing between two others.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::Path,
};

use super::{ReviewError, bundles_in};
use crate::{
    bundle::{Bundle, Flaw, LATEST, Looked, look_at},
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

/// Checks every file of every bundle, and the chain that they form.
///
/// # Errors
/// Where there are no bundles, the directory can't be read, or a signal came meanwhile.
pub fn verify(output: &Path, interrupt: &Interrupt) -> Result<Verification, ReviewError> {
    let mut looked_at = Vec::new();
    for bundle in bundles_in(output)? {
        let looked = look_at(&bundle, interrupt).map_err(ReviewError::read(&bundle.path))?;
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

/// How the manifests refer to each other.
struct Chain<'a> {
    /// The sum of each manifest that can be read, by the name of its run.
    sums: BTreeMap<&'a str, &'a str>,
    /// Every run that is there, whether or not its manifest can be read.
    there: BTreeSet<&'a str>,
    /// The runs that name a run as the one before them, by the name of that.
    named_by: BTreeMap<&'a str, Vec<&'a str>>,
    /// The runs that were removed on purpose, with what removed them.
    pruned: BTreeMap<&'a str, &'a str>,
    /// The oldest that names none before it.
    beginning: Option<&'a str>,
    /// Those from before bundles formed a chain that stand in the midst of it, and that it knows nothing of.
    strays: BTreeSet<&'a str>,
}

impl<'a> Chain<'a> {
    fn of(looked_at: &'a [(Bundle, Looked)]) -> Self {
        let manifests = || looked_at.iter().filter_map(|(_, looked)| looked.manifest.as_ref());
        let mut named_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for manifest in manifests() {
            if let Some(previous) = &manifest.previous {
                named_by.entry(&previous.run).or_default().push(&manifest.run);
            }
        }
        // The newest may be that of an older version of this program, which came into use again.
        let newest = looked_at.last().map(|(bundle, _)| bundle.run.as_str());
        let strays = manifests()
            .skip_while(|manifest| !manifest.is_of_the_chain())
            .filter(|manifest| !manifest.is_of_the_chain())
            .map(|manifest| manifest.run.as_str())
            .filter(|run| !named_by.contains_key(run) && newest != Some(*run))
            .collect();
        Self {
            strays,
            sums: looked_at
                .iter()
                .filter_map(|(bundle, looked)| {
                    Some((bundle.run.as_str(), looked.manifest_sha256.as_deref()?))
                })
                .collect(),
            there: looked_at.iter().map(|(bundle, _)| bundle.run.as_str()).collect(),
            named_by,
            pruned: manifests()
                .flat_map(|manifest| &manifest.pruned)
                .map(|pruned| (pruned.run.as_str(), pruned.pruned_by.as_str()))
                .collect(),
            beginning: manifests()
                .find(|manifest| manifest.previous.is_none())
                .map(|manifest| manifest.run.as_str()),
        }
    }

    /// Says that the bundle before this one is not there, and whether that is as it should be.
    fn missing_before(&self, looked: &Looked, output: &Path, lines: &mut Vec<Line>) {
        let Some(manifest) = &looked.manifest else { return };
        let Some(previous) = manifest.previous.as_ref().filter(|one| !self.there.contains(one.run.as_str()))
        else {
            return;
        };
        let run = show_hidden(&previous.run, &[]).into_owned();
        let line = match self.pruned.get(previous.run.as_str()) {
            Some(by) => {
                let what = format!("removed on purpose after {}", show_hidden(by, &[]));
                Line { soundness: Soundness::Pruned, run, what }
            }
            None => {
                let what = format!(
                    "the whole bundle is not in {}, and {} names it as the one before it",
                    output.display(),
                    manifest.run
                );
                Line { soundness: Soundness::Missing, run, what }
            }
        };
        lines.push(line);
    }

    /// What is wrong with a bundle's place in the chain.
    fn flaws(&self, bundle: &Bundle, looked: &Looked) -> Vec<String> {
        let Some(manifest) = &looked.manifest else { return Vec::new() };
        let mut flaws = Vec::new();
        match &manifest.previous {
            Some(previous) => {
                // Of one without a manifest that is said already.
                let sum = self.sums.get(previous.run.as_str());
                if sum.is_some_and(|sum| *sum != previous.manifest_sha256) {
                    flaws.push(format!(
                        "it names another manifest.json of {} than the one that is there",
                        show_hidden(&previous.run, &[])
                    ));
                }
                let namers = self.named_by.get(previous.run.as_str()).map_or(&[][..], Vec::as_slice);
                if let Some(other) = namers.iter().find(|run| **run != bundle.run) {
                    flaws.push(format!(
                        "it names {} as the one before it, and so does {}",
                        show_hidden(&previous.run, &[]),
                        show_hidden(other, &[])
                    ));
                }
            }
            // Where the clock went back, those after the first have earlier names, but know what came before them.
            None if manifest.is_of_the_chain() && self.beginning != Some(&bundle.run) => {
                flaws.push("it says that no bundle came before it, but there are earlier ones".to_owned());
            }
            None if self.strays.contains(bundle.run.as_str()) => {
                flaws.push(
                    "it says that it is from before bundles formed a chain, but the chain began earlier"
                        .to_owned(),
                );
            }
            None => {}
        }
        flaws
    }
}

/// `latest` leads to the bundle that was published last: where that is gone, the chain can't tell.
fn latest_leads_nowhere(output: &Path) -> Option<Line> {
    let latest = output.join(LATEST);
    let leads_to = fs_err::read_link(&latest).ok()?;
    let is_there = latest.try_exists().unwrap_or(false);
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

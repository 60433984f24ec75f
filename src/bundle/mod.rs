//! What a bundle on disk is: which directories are bundles, what their manifests say, and whether they still hold what
//! they held. Read only; `publish` makes them.
//!
//! What never lives here: what reports look like, and any command's words for what was found.

mod files;
mod integrity;
mod manifest;
mod order;
mod read_policy;

pub use files::{File, Format};
pub(crate) use integrity::{Flaw, Looked, look_at, sum_line};
pub(crate) use manifest::{
    EndpointEntry, FileEntry, Manifest, PreviousEntry, PrunedEntry, SourceEntry, TotalsEntry, ViewEntry,
    WaiversEntry, WorkspaceEntry,
};
pub(crate) use order::{Found, InOrder, in_order, to_build_on};
pub(crate) use read_policy::{ReadPolicy, is_refused, remedy};

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::{
    bounded::{self, Bound, Bounded},
    clock::ClockCheck,
    text::hexadecimal,
};

/// The file that says what a bundle holds.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The file with the sums of all others, for `sha256sum -c`.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// The file that everything else can be made of again.
pub(crate) const REPORT: &str = "report.json";
/// The link onto the bundle that was published last.
pub(crate) const LATEST: &str = "latest";
/// The file with its name, where the file system has no symbolic links.
pub(crate) const LATEST_FILE: &str = "latest.txt";

/// The most files that a manifest names: of each a sum would be made.
const MOST_FILES: usize = 64;

/// Reports are confidential: for the owner, and for the group to read.
pub(crate) const FILE_MODE: u32 = 0o640;
/// The same of their directories.
pub(crate) const DIRECTORY_MODE: u32 = 0o750;

/// The form of the names of bundles: when the run began, in UTC.
const RUN_FORM: &str = "%Y-%m-%dT%H-%M-%S";

/// A directory whose name is that of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The name of the run.
    pub run: String,
    /// Where it is.
    pub path: PathBuf,
    /// When the run began, by its name.
    pub started_at: DateTime<Utc>,
    /// From 1: which of the runs that began in the same second it is.
    number: u64,
}

/// The bundles in an output directory, by their names. Anything else in there is not ours.
///
/// # Errors
/// Where the directory can't be read.
pub fn bundles(output: &Path) -> io::Result<Vec<Bundle>> {
    let mut bundles = Vec::new();
    for entry in fs_err::read_dir(output)? {
        let entry = entry?;
        if entry.file_type()?.is_dir()
            && let Some(bundle) = entry.file_name().to_str().and_then(|name| Bundle::named(output, name))
        {
            bundles.push(bundle);
        }
    }
    bundles.sort_by_key(|bundle| (bundle.started_at, bundle.number));
    Ok(bundles)
}

/// Where `latest` leads, or the bundle that `latest.txt` names: the one that was published last. `None`: neither is there.
///
/// # Errors
/// Where the system refuses to say.
pub(crate) fn latest(output: &Path) -> io::Result<Option<PathBuf>> {
    match fs_err::read_link(output.join(LATEST)) {
        Ok(link) => Ok(Some(link)),
        // The second: it is no link.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
            Ok(latest_in_file(output)?.map(|bundle| bundle.run.into()))
        }
        Err(error) => Err(error),
    }
}

/// The bundle that `latest.txt` names. `None` where there is no such file, or it is none of this program's.
///
/// # Errors
/// Where the system refuses to say.
pub(crate) fn latest_in_file(output: &Path) -> io::Result<Option<Bundle>> {
    let path = output.join(LATEST_FILE);
    match bounded::open_nofollow(&path, Bound::NAME).and_then(Bounded::text) {
        Ok(text) => Ok(Bundle::named(output, text.trim_end())),
        Err(error) if is_refused(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The bundle at a path that somebody typed. A path to `latest` or `latest.txt` is where that leads.
///
/// # Errors
/// Where the system refuses to say.
pub(crate) fn at(path: &Path) -> io::Result<PathBuf> {
    let is = |name: &str| path.file_name().is_some_and(|last| last == name);
    if is(LATEST_FILE) || is(LATEST) && !path.try_exists()? {
        let directory = path.parent().unwrap_or(Path::new(""));
        return Ok(latest_in_file(directory)?.map_or_else(|| path.to_owned(), |bundle| bundle.path));
    }
    Ok(path.to_owned())
}

/// The bundle that a path is or lies in, or would lie in once it is made: nothing may be written there.
///
/// # Errors
/// Where the system refuses to say.
pub(crate) fn around(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut there = Path::new(".").canonicalize()?;
    for component in path.components() {
        match component {
            // Not by its name: what would be made has no other directory above it, and of the rest no link is left here.
            Component::ParentDir => drop(there.pop()),
            component => there.push(component),
        }
        match there.canonicalize() {
            Ok(resolved) => there = resolved,
            Err(error) if is_refused(&error) => return Err(error),
            Err(_) => {}
        }
    }
    let is_bundle = |path: &&Path| {
        path.file_name().and_then(|name| Bundle::named(path.parent()?, name.to_str()?)).is_some()
            && path.join(MANIFEST).symlink_metadata().is_ok()
    };
    Ok(there.ancestors().find(is_bundle).map(Path::to_owned))
}

/// Whether something stands at a path, be it a link that leads nowhere.
///
/// # Errors
/// Where the system refuses to say.
pub(crate) fn is_taken(path: &Path) -> io::Result<bool> {
    match fs_err::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if is_refused(&error) => Err(error),
        Err(_) => Ok(false),
    }
}

/// The name of the first run that began at this time.
pub(crate) fn run_name(started_at: DateTime<Utc>) -> String {
    format!("{}Z", started_at.format(RUN_FORM))
}

impl Bundle {
    /// The bundle of this name, whether or not it is there. `None` where a run can't have that name.
    pub fn named(output: &Path, name: &str) -> Option<Self> {
        let (time, suffix) = name.split_once('Z')?;
        let started_at = NaiveDateTime::parse_from_str(time, RUN_FORM).ok()?.and_utc();
        let number = match suffix {
            "" => 1,
            suffix => suffix.strip_prefix('-')?.parse().ok().filter(|number| *number > 1)?,
        };
        let canonical =
            if number == 1 { run_name(started_at) } else { format!("{}-{number}", run_name(started_at)) };
        (canonical == name).then(|| Self {
            run: name.to_owned(),
            path: output.join(name),
            started_at,
            number,
        })
    }

    /// When the run began, by the API's clock where the machine's was off.
    pub(crate) fn began(&self, manifest: &Manifest) -> DateTime<Utc> {
        let ahead = manifest.clock_ahead_seconds.filter(|_| manifest.clock_off);
        ClockCheck::of(ahead.and_then(TimeDelta::try_seconds)).by_the_api(self.started_at)
    }

    /// The SHA-256 of its manifest, in hexadecimal, by which the next bundle knows it.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn manifest_sha256(&self) -> io::Result<String> {
        Ok(hexadecimal(&Sha256::digest(self.manifest_text()?)))
    }

    /// What its manifest says.
    ///
    /// # Errors
    /// Where it can't be read, or is that of another run.
    pub(crate) fn manifest(&self) -> io::Result<Manifest> {
        let path = self.path.join(MANIFEST);
        let manifest: Manifest = serde_json::from_slice(&self.manifest_text()?)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        if manifest.files.len() > MOST_FILES {
            let count = manifest.files.len();
            return Err(io::Error::other(format!(
                "its manifest names {count} files, and no more than {MOST_FILES} are read"
            )));
        }
        if manifest.run != self.run {
            return Err(io::Error::other(format!("its manifest is that of the run {}", manifest.run)));
        }
        Ok(manifest)
    }

    fn manifest_text(&self) -> io::Result<Vec<u8>> {
        bounded::open_nofollow(&self.path.join(MANIFEST), Bound::MANIFEST)?.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str) -> Option<u64> {
        Bundle::named(Path::new("out"), name).map(|bundle| bundle.number)
    }

    #[test]
    fn only_names_of_runs_are_names_of_bundles() {
        assert_eq!(number("2026-11-23T02-00-00Z"), Some(1));
        assert_eq!(number("2026-11-23T02-00-00Z-2"), Some(2));
        for other in [
            "latest",
            "demo",
            "2026-11-23",
            "2026-11-23T02-00-00Z-1",
            "2026-11-23T02-00-00Z-02",
            "2026-11-23T02-00-00Z-",
            "2026-11-23T2-0-0Z",
            "2026-13-23T02-00-00Z",
            "2026-11-23T02-00-00Z.bak",
            ".staging-2026-11-23T02-00-00Z",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn they_come_in_the_order_in_which_they_began() {
        let output = tempfile::tempdir().unwrap();
        let names = [
            "2026-11-21T02-00-00Z-10",
            "2026-11-21T02-00-00Z",
            "2026-11-21T02-00-00Z-2",
            "2026-11-20T02-00-00Z",
        ];
        for name in names.iter().chain(&["demo"]) {
            fs_err::create_dir(output.path().join(name)).unwrap();
        }
        fs_err::write(output.path().join("2026-11-22T02-00-00Z"), "a file").unwrap();
        let found: Vec<String> =
            bundles(output.path()).unwrap().into_iter().map(|bundle| bundle.run).collect();
        assert_eq!(found, [names[3], names[1], names[2], names[0]]);
    }
}

//! In which order bundles were published. The chain tells, as a clock may have been ahead or behind for a night; their
//! names do where it doesn't.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io,
    path::Path,
    sync::OnceLock,
};

use super::{
    Bundle, Manifest, ReadPolicy, SUMS, bundles, integrity::is_plain_name, is_refused, latest, look_at,
    read_policy::passes,
};

/// A bundle that is there, and its manifest as far as it can be read.
#[derive(Debug)]
pub(crate) struct Found {
    /// The bundle.
    pub bundle: Bundle,
    /// What its manifest says, and the SHA-256 of that.
    pub manifest: io::Result<(Manifest, String)>,
    /// Whether its files are as it says, once somebody has asked.
    holds: OnceLock<bool>,
}

impl Found {
    fn of(bundle: Bundle) -> Self {
        let manifest = bundle.manifest().and_then(|manifest| Ok((manifest, bundle.manifest_sha256()?)));
        Self { manifest, bundle, holds: OnceLock::new() }
    }

    /// What its manifest says, where it can be read.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref().ok().map(|(manifest, _)| manifest)
    }

    /// Why its manifest can't be read now, although it may be whole.
    pub(crate) fn refused(&self) -> Option<&io::Error> {
        self.manifest.as_ref().err().filter(|error| is_refused(error))
    }

    /// Whether all of its files are as its manifest says. They are read once, however many workspaces ask.
    ///
    /// # Errors
    /// Where a signal came.
    pub(crate) fn holds(&self, read_policy: &ReadPolicy) -> io::Result<bool> {
        let looked = || look_at(&self.bundle, read_policy).is_ok_and(|looked| looked.obstacle().is_none());
        let holds = *self.holds.get_or_init(looked);
        read_policy.heed()?;
        Ok(holds)
    }

    /// Whether its times are by a clock that was off.
    pub(crate) fn is_clock_off(&self) -> bool {
        self.manifest().is_some_and(|manifest| manifest.clock_off)
    }
}

/// The bundles in an output directory.
#[derive(Debug, Default)]
pub(crate) struct InOrder {
    /// All of them, the one that was published first before all others.
    pub found: Vec<Found>,
    /// What `latest` names, whether or not it is there.
    pub latest: Option<String>,
    /// Why that can't be read.
    pub(crate) unread_latest: Option<io::Error>,
}

impl InOrder {
    /// Whether a new bundle can't be published without this one: it may be what was published last, and one that followed
    /// another instead would make two chains of one.
    pub(crate) fn is_needed(&self, bundle: &Bundle) -> bool {
        let is = |other: Option<&Found>| other.is_some_and(|other| other.bundle == *bundle);
        // A run that was killed before it moved `latest` left one with a newer name.
        let by_name = self.found.iter().max_by_key(|found| (found.bundle.started_at, found.bundle.number));
        self.latest.as_deref() == Some(&bundle.run) || is(self.found.last()) || is(by_name)
    }

    /// Those that can't be read now, although they may be whole, with the reason.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&Bundle, &io::Error)> {
        self.found.iter().filter_map(|found| Some((&found.bundle, found.refused()?)))
    }
}

/// The bundles in an output directory, in the order in which they were published.
///
/// # Errors
/// Where the directory can't be read.
pub(crate) fn in_order(output: &Path, read_policy: &ReadPolicy) -> io::Result<InOrder> {
    let mut found: Vec<Found> = read_policy.again(|| bundles(output))?.into_iter().map(Found::of).collect();
    // All of them side by side, so that one that never can be read leaves time for the others.
    let fails_now = |one: &Found| one.manifest.as_ref().is_err_and(passes);
    while found.iter().any(fails_now) && read_policy.wait() {
        for one in found.iter_mut().filter(|one| fails_now(one)) {
            *one = Found::of(one.bundle.clone());
        }
    }
    let (latest, unread_latest) = match read_policy.again(|| latest(output)) {
        Ok(latest) => (latest.and_then(|latest| latest.into_os_string().into_string().ok()), None),
        Err(error) => (None, Some(error)),
    };
    let mut places = vec![0; found.len()];
    for (place, position) in newest_first(latest.as_deref(), &found).into_iter().rev().enumerate() {
        places[position] = place;
    }
    let mut placed: Vec<_> = places.into_iter().zip(found).collect();
    placed.sort_by_key(|(place, _)| *place);
    Ok(InOrder { found: placed.into_iter().map(|(_, found)| found).collect(), latest, unread_latest })
}

/// The same for an audit that is to publish there: none, where the directory is not there yet.
///
/// # Errors
/// Also where the system refuses to read `latest`, or to open a file of [one that is needed](InOrder::is_needed).
pub(crate) fn to_build_on(output: &Path, read_policy: &ReadPolicy) -> io::Result<InOrder> {
    let mut there = match in_order(output, read_policy) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(InOrder::default()),
        there => there?,
    };
    if let Some(error) = there.unread_latest.take() {
        return Err(error);
    }
    if let Some(latest) = &there.latest
        && there.found.iter().all(|found| found.bundle.run != *latest)
    {
        tracing::warn!(
            "latest names {latest}, which is no bundle in {}: put it back there if it was moved; the new bundle follows the \
             last one that is there",
            output.display()
        );
    }
    let is_needed = |found: &Found| there.is_needed(&found.bundle);
    let refused = there.found.iter().position(|found| is_needed(found) && found.refused().is_some());
    if let Some(position) = refused {
        there.found.swap_remove(position).manifest?;
    }
    for found in there.found.iter().filter(|found| there.is_needed(&found.bundle)) {
        let Some(manifest) = found.manifest() else { continue };
        let names = manifest.files.iter().map(|file| file.name.as_str()).filter(|name| is_plain_name(name));
        for name in names.chain([SUMS]) {
            match read_policy.again(|| read_policy.open(&found.bundle.path.join(name)).map(drop)) {
                Err(error) if is_refused(&error) => return Err(error),
                // What is missing or something else costs this bundle its place in the history, and is told then.
                _ => {}
            }
        }
    }
    Ok(there)
}

/// The positions of bundles, which come in the order of their names: the one that was published last, and from each to the
/// one before it, also past such as were removed. Where nothing tells that, the one with the newest name of those that are
/// left goes on.
fn newest_first(latest: Option<&str>, found: &[Found]) -> Vec<usize> {
    let mut by_run = HashMap::new();
    let mut before: HashMap<&str, &str> = HashMap::new();
    let mut after = HashMap::new();
    for (position, one) in found.iter().enumerate() {
        by_run.insert(one.bundle.run.as_str(), position);
        let Some(manifest) = one.manifest() else { continue };
        for pruned in &manifest.pruned {
            before.extend(pruned.previous.as_deref().map(|previous| (pruned.run.as_str(), previous)));
        }
        if let Some(previous) = &manifest.previous {
            after.entry((previous.run.as_str(), previous.manifest_sha256.as_str())).or_insert(position);
        }
    }
    for one in found {
        let previous = one.manifest().and_then(|manifest| manifest.previous.as_ref());
        before.extend(previous.map(|previous| (one.bundle.run.as_str(), previous.run.as_str())));
    }
    let mut left: BTreeSet<usize> = (0..found.len()).collect();
    let mut newest_first = Vec::new();
    let mut passed = HashSet::new();
    let latest = latest.and_then(|run| by_run.get(run).copied());
    let mut next = latest.or_else(|| left.last().copied());
    while let Some(mut last) = next {
        // A run that was killed before it moved `latest` left one that follows it. In forged manifests the way may lead
        // round.
        for _ in found {
            let Ok((_, sha256)) = &found[last].manifest else { break };
            let follows = after.get(&(found[last].bundle.run.as_str(), sha256.as_str())).copied();
            let Some(follows) = follows.filter(|position| left.contains(position)) else { break };
            last = follows;
        }
        let mut run = Some(found[last].bundle.run.as_str());
        while let Some(one) = run.filter(|run| passed.insert(*run)) {
            if let Some(position) = by_run.get(one)
                && left.remove(position)
            {
                newest_first.push(*position);
            }
            run = before.get(one).copied();
        }
        next = left.last().copied();
    }
    newest_first
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        bounded::Bound,
        bundle::{LATEST, MANIFEST},
        interrupt::Interrupt,
    };

    const FIRST: &str = "2026-11-20T02-00-00Z";
    const SECOND: &str = "2026-11-21T02-00-00Z";
    const THIRD: &str = "2026-11-22T02-00-00Z";
    const FOURTH: &str = "2026-11-23T02-00-00Z";
    const AHEAD: &str = "2027-12-31T02-00-00Z";

    struct Directory(tempfile::TempDir);

    impl Directory {
        /// Bundles that follow each other as they are given.
        fn of(runs: &[&str]) -> Self {
            let directory = Self(tempfile::tempdir().unwrap());
            let mut before: Option<&str> = None;
            for run in runs {
                directory.publish(run, before, json!([]));
                before = Some(run);
            }
            directory
        }

        fn publish(&self, run: &str, before: Option<&str>, pruned: Value) {
            let previous = before.map(|run| {
                let bundle = Bundle::named(self.0.path(), run).unwrap();
                json!({"run": run, "manifest_sha256": bundle.manifest_sha256().unwrap_or_default()})
            });
            let at = "2026-11-20T02:00:00Z";
            let manifest = json!({
                "manifest_version": 2, "run": run, "started_at": at, "finished_at": at, "tool": "", "tool_version": "",
                "complete": true, "filtered": false, "parameters": {}, "workspaces": [], "files": [],
                "previous": previous, "pruned": pruned,
            });
            let path = self.0.path().join(run);
            fs_err::create_dir_all(&path).unwrap();
            fs_err::write(path.join(MANIFEST), manifest.to_string()).unwrap();
        }

        fn prune(&self, run: &str, previous: Option<&str>, by: &str) -> Value {
            fs_err::remove_dir_all(self.0.path().join(run)).unwrap();
            json!([{"run": run, "complete": true, "totals": null, "manifest_sha256": "", "pruned_by": by,
                "previous": previous}])
        }

        fn latest(&self, run: &str) {
            let latest = self.0.path().join(LATEST);
            let _ = fs_err::remove_file(&latest);
            std::os::unix::fs::symlink(run, latest).unwrap();
        }

        fn order(&self) -> Vec<String> {
            let read_policy = ReadPolicy::none(Bound::default(), &Interrupt::default());
            let there = in_order(self.0.path(), &read_policy).unwrap();
            there.found.into_iter().map(|found| found.bundle.run).collect()
        }
    }

    #[test]
    fn the_chain_goes_before_names() {
        let directory = Directory::of(&[FIRST, AHEAD, SECOND, THIRD]);
        assert_eq!(directory.order(), [FIRST, AHEAD, SECOND, THIRD], "without latest");
        for latest in [FIRST, AHEAD, SECOND, THIRD, FOURTH] {
            directory.latest(latest);
            assert_eq!(directory.order(), [FIRST, AHEAD, SECOND, THIRD], "{latest}");
        }
    }

    #[test]
    fn without_a_chain_names_tell_and_latest_is_the_last() {
        let directory = Directory::of(&[]);
        assert!(directory.order().is_empty());
        for run in [FIRST, SECOND, THIRD, FOURTH, AHEAD] {
            fs_err::create_dir(directory.0.path().join(run)).unwrap();
        }
        assert_eq!(directory.order(), [FIRST, SECOND, THIRD, FOURTH, AHEAD]);
        directory.latest(SECOND);
        assert_eq!(directory.order(), [FIRST, THIRD, FOURTH, AHEAD, SECOND]);
    }

    #[test]
    fn it_is_followed_past_what_was_removed() {
        let directory = Directory::of(&[FIRST, AHEAD, SECOND, THIRD]);
        let pruned = directory.prune(SECOND, Some(AHEAD), FOURTH);
        directory.publish(FOURTH, Some(THIRD), pruned);
        directory.latest(FOURTH);
        assert_eq!(directory.order(), [FIRST, AHEAD, THIRD, FOURTH]);
        // Manifests did not always say what had come before what was removed.
        let directory = Directory::of(&[FIRST, AHEAD, SECOND, THIRD]);
        let pruned = directory.prune(SECOND, None, FOURTH);
        directory.publish(FOURTH, Some(THIRD), pruned);
        directory.latest(FOURTH);
        assert_eq!(directory.order(), [FIRST, AHEAD, THIRD, FOURTH]);
    }

    #[test]
    fn one_whose_manifest_cannot_be_read_keeps_its_place_behind_the_rest() {
        let directory = Directory::of(&[FIRST, AHEAD, SECOND, THIRD]);
        fs_err::write(directory.0.path().join(SECOND).join(MANIFEST), "{").unwrap();
        directory.latest(THIRD);
        assert_eq!(directory.order(), [FIRST, AHEAD, SECOND, THIRD]);
    }

    #[test]
    fn a_way_that_leads_round_ends() {
        let directory = Directory::of(&[FIRST, SECOND]);
        directory.publish(FIRST, Some(SECOND), json!([]));
        let mut order = directory.order();
        order.sort();
        assert_eq!(order, [FIRST, SECOND]);
    }
}

//! What earlier bundles in the output directory say. Read only, and never trusted: a bundle that can't be read is
//! passed over with a warning.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// The part of `report.json` that a later audit compares itself with.
#[derive(Deserialize)]
struct EarlierReport {
    filtered: bool,
    workspaces: Vec<EarlierWorkspace>,
}

#[derive(Deserialize)]
struct EarlierWorkspace {
    name: String,
    figures: EarlierFigures,
}

#[derive(Deserialize)]
struct EarlierFigures {
    secrets_listed: usize,
}

/// How many secrets each workspace had in the newest bundle that shows it whole: narrowed bundles don't count, and of
/// a workspace that failed in a bundle an older one tells.
#[must_use]
pub fn populations(output: &Path, workspaces: &[&str]) -> BTreeMap<String, usize> {
    let mut known = BTreeMap::new();
    for bundle in bundles_newest_first(output) {
        if workspaces.iter().all(|name| known.contains_key(*name)) {
            break;
        }
        match read(&bundle) {
            Ok(report) if !report.filtered => {
                for workspace in report.workspaces {
                    known.entry(workspace.name).or_insert(workspace.figures.secrets_listed);
                }
            }
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!("the earlier bundle {} is passed over: {problem}", bundle.display());
            }
        }
    }
    known
}

/// The directories whose name is that of a run. Names are times, so their order is that of the runs; suffixes of the
/// same second count as numbers.
fn bundles_newest_first(output: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(output) else { return Vec::new() };
    let mut bundles: Vec<_> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((run_order(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    bundles.sort();
    bundles.into_iter().rev().map(|(_, path)| path).collect()
}

/// The time and the suffix in the name of a run.
fn run_order(name: &str) -> Option<(String, u64)> {
    let (time, suffix) = name.split_once('Z')?;
    chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H-%M-%S").ok()?;
    let number = match suffix {
        "" => 1,
        suffix => suffix.strip_prefix('-')?.parse().ok()?,
    };
    Some((time.to_owned(), number))
}

fn read(bundle: &Path) -> std::io::Result<EarlierReport> {
    let path = bundle.join("report.json");
    // Anything else, such as a pipe, may never come to an end.
    if !fs_err::metadata(&path)?.is_file() {
        return Err(std::io::Error::other("report.json is no file"));
    }
    let file = fs_err::File::open(path)?;
    Ok(serde_json::from_reader(std::io::BufReader::new(file))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(output: &Path, run: &str, report: &str) {
        let path = output.join(run);
        fs_err::create_dir(&path).unwrap();
        fs_err::write(path.join("report.json"), report).unwrap();
    }

    fn report(filtered: bool, secrets: usize) -> String {
        format!(
            r#"{{"filtered": {filtered}, "workspaces": [{{"name": "w", "figures": {{"secrets_listed": {secrets}}}}}]}}"#
        )
    }

    fn population(output: &Path) -> Option<usize> {
        populations(output, &["w"]).get("w").copied()
    }

    #[test]
    fn the_newest_full_bundle_that_can_be_read_counts() {
        let output = tempfile::tempdir().unwrap();
        assert_eq!(population(output.path()), None);
        bundle(output.path(), "2026-11-20T02-00-00Z", &report(false, 10));
        bundle(output.path(), "2026-11-21T02-00-00Z", &report(false, 20));
        bundle(output.path(), "2026-11-21T02-00-00Z-2", &report(false, 21));
        bundle(output.path(), "2026-11-21T02-00-00Z-10", &report(false, 22));
        bundle(output.path(), "2026-11-22T02-00-00Z", &report(true, 3));
        bundle(output.path(), "2026-11-23T02-00-00Z", "cut sho");
        fs_err::create_dir_all(output.path().join("2026-11-24T02-00-00Z/report.json")).unwrap();
        bundle(output.path(), "demo", &report(false, 99));
        assert_eq!(population(output.path()), Some(22));
    }

    #[test]
    fn of_a_workspace_that_failed_an_older_bundle_tells() {
        let output = tempfile::tempdir().unwrap();
        bundle(output.path(), "2026-11-20T02-00-00Z", &report(false, 10));
        bundle(output.path(), "2026-11-21T02-00-00Z", r#"{"filtered": false, "workspaces": []}"#);
        assert_eq!(population(output.path()), Some(10));
    }
}

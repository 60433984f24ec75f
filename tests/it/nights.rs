//! Nights that publish into one directory, each by a clock of its own, and what a reviewer then asks of the directory.

use std::{
    cell::Cell,
    collections::BTreeMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use elevenlabs_secrets_audit::{
    api::Clock,
    bounded::Bound,
    interrupt::Interrupt,
    review::{Integrity, Verification, verify},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulator::{Request, Secret, Simulator, World};

use crate::{
    bundle::{Bundle, names_in, read_json},
    places::forbidden,
    support::{Outcome, Setup, binary_in, code, now, serve, serve_with, text},
};

/// Only a test that fails waits so long.
const TOO_LONG: Duration = Duration::from_secs(60);

thread_local! {
    static CLOCK: Cell<DateTime<Utc>> = const { Cell::new(DateTime::UNIX_EPOCH) };
}

/// The moment of this text, as `2026-03-14T02:00:00Z`.
pub(crate) fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Lets the clock of the night that is running go on. The simulator answers on the thread of the night.
pub(crate) fn pass(seconds: i64) {
    CLOCK.set(CLOCK.get() + TimeDelta::seconds(seconds));
}

/// Runs a setup by a clock that stands at `begins`. A lock that the last run let go is held for as long as a process that
/// another test starts meanwhile has not become what it is to be: then it is tried again.
pub(crate) async fn run_at(setup: &Setup, begins: &str) -> Outcome {
    let deadline = Instant::now() + TOO_LONG;
    loop {
        CLOCK.set(moment(begins));
        let outcome =
            setup.run_by(Clock { now: || CLOCK.get(), random: || 0.0 }, &Interrupt::default()).await;
        if outcome.code() != 7 || Instant::now() > deadline {
            return outcome;
        }
        tokio::task::yield_now().await;
    }
}

/// The moment of a night, as `run_at` takes it: so many dates after that of every other run in these tests.
pub(crate) fn night(number: i64) -> String {
    (now() + TimeDelta::days(number)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The name of the first run that began at this moment.
pub(crate) fn run_of(begins: &str) -> String {
    begins.replace(':', "-")
}

/// A directory that one night after the other publishes into.
pub(crate) struct Nights {
    home: tempfile::TempDir,
}

impl Nights {
    /// Without a night yet.
    pub(crate) fn new() -> Nights {
        Nights { home: tempfile::tempdir().unwrap() }
    }

    /// Where bundles go.
    pub(crate) fn out(&self) -> PathBuf {
        self.home.path().join("out")
    }

    /// What is beside that.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The bundle of the first run that began at this moment.
    pub(crate) fn bundle(&self, begins: &str) -> PathBuf {
        self.out().join(run_of(begins))
    }

    /// A setup over one workspace, `main`, that publishes here.
    pub(crate) fn setup(&self, simulator: &Simulator) -> Setup {
        self.here(Setup::of(simulator))
    }

    /// The same setup, publishing here.
    pub(crate) fn here(&self, mut setup: Setup) -> Setup {
        setup.arguments.out = Some(self.out());
        setup
    }

    /// A night over these secrets.
    pub(crate) async fn night(&self, begins: &str, secrets: Vec<Secret>) -> Outcome {
        run_at(&self.setup(&serve(secrets).await), begins).await
    }

    /// A setup over these workspaces that publishes here.
    pub(crate) fn over(&self, workspaces: &[(&str, &Simulator)]) -> Setup {
        let add = |setup: Setup, (name, simulator): &(&str, &Simulator)| setup.workspace(name, simulator);
        self.here(workspaces.iter().fold(Setup::new(), add))
    }

    /// The audit of [`night`] `number`, with one workspace, `main`, as it is then.
    pub(crate) async fn audit(&self, number: i64, world: World) -> Outcome {
        self.audit_with(number, world, |setup| setup).await
    }

    /// The same, with another setup.
    pub(crate) async fn audit_with(
        &self,
        number: i64,
        world: World,
        change: impl FnOnce(Setup) -> Setup,
    ) -> Outcome {
        let simulator = Simulator::start(world).await.unwrap();
        run_at(&change(self.setup(&simulator)), &night(number)).await
    }

    /// What the library says of all bundles.
    pub(crate) fn verify(&self) -> Verification {
        verify(&self.out(), Bound::default(), &Interrupt::default()).unwrap()
    }

    /// What is not sound: the run, what became of it, and what exactly.
    pub(crate) fn amiss(&self) -> Vec<(String, Integrity, String)> {
        let lines = self.verify().lines.into_iter();
        lines
            .filter(|line| line.integrity >= Integrity::Missing)
            .map(|line| (line.run, line.integrity, line.what))
            .collect()
    }

    /// The binary with these arguments, and `--out` onto this directory.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        binary_in(self.home()).args(arguments).arg("--out").arg(self.out()).output().unwrap()
    }

    /// The names of the bundles.
    pub(crate) fn runs(&self) -> Vec<String> {
        names_in(&self.out()).into_iter().filter(|name| name.starts_with("20")).collect()
    }

    /// What the manifest of a bundle says.
    pub(crate) fn manifest(&self, begins: &str) -> Value {
        read_json(&self.bundle(begins).join("manifest.json"))
    }
}

/// [`two_secrets`], and settings that the key may not read.
pub(crate) async fn serve_without_settings() -> Simulator {
    let intercept =
        |request: &Request, reply| if request.path.ends_with("/settings") { forbidden() } else { reply };
    serve_with(two_secrets(), intercept).await
}

/// What `report.json` knows of a secret of a workspace, from this audit and those before it.
pub(crate) fn record(bundle: &Bundle, workspace: &str, secret: &str) -> Option<Value> {
    let workspaces = bundle.json["history"]["workspaces"].as_array().unwrap();
    let known = workspaces.iter().find(|known| known["name"] == workspace)?;
    known["secrets"].as_array().unwrap().iter().find(|record| record["secret_id"] == secret).cloned()
}

/// What a bundle's history says for people.
pub(crate) fn notes(bundle: &Bundle) -> Vec<&str> {
    let notes = bundle.json["history"]["notes"].as_array().unwrap();
    notes.iter().map(|note| note.as_str().unwrap()).collect()
}

/// A secret in use, and one that is not.
pub(crate) fn two_secrets() -> Vec<Secret> {
    vec![Secret::new("sec_used", "used").with_tools(2), Secret::new("sec_stale", "stale")]
}

/// Bytes as SHA256SUMS shows their sum.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a manifest, and SHA256SUMS as it has to be for it.
pub(crate) fn forge(bundle: &Path, manifest: &Value) {
    let bytes = serde_json::to_vec_pretty(manifest).unwrap();
    let mut sums = String::new();
    for file in manifest["files"].as_array().unwrap() {
        sums.push_str(&format!("{}  {}\n", file["sha256"].as_str().unwrap(), file["name"].as_str().unwrap()));
    }
    sums.push_str(&format!("{}  manifest.json\n", sha256(&bytes)));
    fs_err::write(bundle.join("manifest.json"), bytes).unwrap();
    fs_err::write(bundle.join("SHA256SUMS"), sums).unwrap();
}

/// Changes a manifest, and SHA256SUMS with it.
pub(crate) fn edit_manifest(bundle: &Path, edit: impl FnOnce(&mut Value)) {
    let mut manifest = read_json(&bundle.join("manifest.json"));
    edit(&mut manifest);
    forge(bundle, &manifest);
}

/// Copies a directory of files.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs_err::create_dir(to).unwrap();
    for name in names_in(from) {
        fs_err::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

/// Everything under a directory with all that a write to it would change: kind and mode, inode, length, and when its
/// content and its entry changed.
pub(crate) fn listing(directory: &Path) -> BTreeMap<PathBuf, [i64; 7]> {
    let mut found = BTreeMap::new();
    let mut visit = vec![directory.to_owned()];
    while let Some(path) = visit.pop() {
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_dir() {
            visit.extend(names_in(&path).into_iter().map(|name| path.join(name)));
        }
        let [inode, length] = [metadata.ino(), metadata.len()].map(|number| i64::try_from(number).unwrap());
        let (mode, modified, changed) = (i64::from(metadata.mode()), metadata.mtime(), metadata.ctime());
        let nanoseconds = [metadata.mtime_nsec(), metadata.ctime_nsec()];
        found.insert(path, [mode, inode, length, modified, changed, nanoseconds[0], nanoseconds[1]]);
    }
    found
}

pub(crate) const FIRST: &str = "2026-03-13T02:00:00Z";
pub(crate) const MIDDLE: &str = "2026-03-14T02:00:00Z";
pub(crate) const NEWEST: &str = "2026-03-15T02:00:00Z";

pub(crate) const FILES: [&str; 6] =
    ["dependents.csv", "secrets.csv", "report.md", "report.json", "manifest.json", "SHA256SUMS"];

/// Three nights.
pub(crate) async fn three_nights() -> Nights {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    for begins in [FIRST, MIDDLE, NEWEST] {
        assert_eq!(run_at(&setup, begins).await.code(), 0);
    }
    nights
}

/// What is amiss as `altered 2026-03-14T02-00-00Z: what`, which the binary says too, with code 8; where nothing is,
/// with code 0.
pub(crate) fn found(nights: &Nights) -> Vec<String> {
    let amiss = nights.amiss();
    let output = nights.ask(&["verify"]);
    assert_eq!(code(&output), if amiss.is_empty() { 0 } else { 8 }, "{amiss:?}: {}", text(&output.stderr));
    let said = text(&output.stdout);
    for (run, integrity, what) in &amiss {
        // Names of bundles are as wide as the widest.
        let says = |line: &str| {
            let named = line.strip_prefix(&format!("{:10}  {run} ", integrity.as_str()));
            named.is_some_and(|rest| rest.trim_start() == what)
        };
        assert!(said.lines().any(says), "{run}: {what} in {said}");
    }
    let words = ["altered or missing", "of a fork", "cannot tell"];
    let is_amiss = words.iter().any(|word| said.contains(word));
    assert_eq!((is_amiss, said.contains(": all sound.\n")), (!amiss.is_empty(), amiss.is_empty()), "{said}");
    amiss.into_iter().map(|(run, integrity, what)| format!("{} {run}: {what}", integrity.as_str())).collect()
}

/// Whether one line of `found` has this run and all these words.
pub(crate) fn has(found: &[String], integrity: &str, begins: &str, words: &[&str]) -> bool {
    let start = format!("{integrity} {}: ", run_of(begins));
    found.iter().any(|line| line.starts_with(&start) && words.iter().all(|word| line.contains(word)))
}

/// The manifest of a bundle as the first version of this program would have written it.
pub(crate) fn version_1(bundle: &Path) -> Vec<u8> {
    let mut manifest = read_json(&bundle.join("manifest.json"));
    let fields = manifest.as_object_mut().unwrap();
    fields.insert("manifest_version".to_owned(), json!(1));
    for later in [
        "git_commit",
        "host",
        "user",
        "redacted",
        "totals",
        "configuration_sha256",
        "waivers",
        "previous",
        "pruned",
    ] {
        fields.remove(later).unwrap_or_else(|| panic!("{later}"));
    }
    for workspace in manifest["workspaces"].as_array_mut().unwrap() {
        let fields = workspace.as_object_mut().unwrap();
        for later in ["workspace_id", "complete", "sources", "requests"] {
            fields.remove(later).unwrap();
        }
    }
    serde_json::to_vec_pretty(&manifest).unwrap()
}

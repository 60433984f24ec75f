//! Tells the program from which commit it is built, for the manifests of its reports.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Where there is no git, or no repository, the program says that it doesn't know.
    let Some(commit) = git(&["rev-parse", "HEAD"]) else { return };
    watch(git(&["rev-parse", "--git-path", "logs/HEAD"]).as_deref());
    // While at work on the code no change is to build everything again, only to tell that there is one. What is for use is
    // of the profile dist, the only one that optimizes as much as can be.
    let state = if std::env::var("OPT_LEVEL").is_ok_and(|level| level != "3") {
        ", a development build"
    } else {
        watch(["Cargo.lock", "Cargo.toml", "crates", "src"]);
        match git(&["status", "--porcelain", "--untracked-files=no"]) {
            Some(changes) if changes.is_empty() => "",
            _ => ", with changes",
        }
    };
    println!("cargo::rustc-env=GIT_COMMIT={commit}{state}");
}

fn watch<'a>(paths: impl IntoIterator<Item = &'a str>) {
    for path in paths {
        println!("cargo::rerun-if-changed={path}");
    }
}

/// What git says, where it says anything.
fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

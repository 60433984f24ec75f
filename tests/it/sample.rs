//! `reports/sample/` is what the code makes today of the demo.
//!
//! After a change that is meant to change the reports, make it anew and read the difference:
//! `UPDATE_SAMPLE=1 cargo test --test it sample`

use std::path::{Path, PathBuf};

use elevenlabs_secrets_audit::{
    RunContext,
    api::Clock,
    config::{Config, Demo, Environment, Flags},
    interrupt::Interrupt,
    run,
};

use crate::support::{RUN, context, now};

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample")
}

/// A waiver for one of the unused secrets of the demo.
fn config_in(directory: &Path) -> PathBuf {
    let path = directory.join("config.toml");
    let waiver = r#"
        [[waiver]]
        secret_id = "sec_01m17113cyg5h4cdpn3arzz574"
        reason = "kept for the rollback of the payment migration"
        owner = "payments@lumenhome.example"
        expires = 2026-12-18
    "#;
    fs_err::write(&path, waiver).unwrap();
    path
}

fn night_before() -> chrono::DateTime<chrono::Utc> {
    now() - chrono::TimeDelta::days(1)
}

/// Every file below a directory, by its path in there, with what it holds; of a link, where it points.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            files.extend(
                self::files(&path)
                    .into_iter()
                    .map(|(inner, held)| (Path::new(&entry.file_name()).join(inner), held)),
            );
        } else if kind.is_symlink() {
            let target = fs_err::read_link(&path).unwrap().to_string_lossy().into_owned();
            files.push((entry.file_name().into(), target.into_bytes()));
        } else if entry.file_name() != ".lock" {
            files.push((entry.file_name().into(), fs_err::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn the_sample_is_what_the_code_makes_today() {
    let directory = tempfile::tempdir().unwrap();
    let made = directory.path().join("sample");
    for (demo, now) in [(Demo::Earlier, night_before as fn() -> _), (Demo::Complete, now)] {
        // One request after the other, so that first and last request ids are always the same. The directory is left
        // out of the evidence, as it is another one each time.
        let arguments = Flags {
            config: Some(config_in(directory.path())),
            demo: Some(demo),
            out: Some(made.clone()),
            concurrency: Some(1),
            ..Flags::default()
        };
        let mut config = Config::resolve(arguments, &Environment::new(&|_| None)).unwrap();
        config.settings.retain(|setting| setting.name != "[report] dir");
        let context =
            RunContext { tool_version: "0.0.0-sample".to_owned(), ..context(Clock { now, random: || 0.0 }) };
        let published = run(config, &context, &Default::default(), &Interrupt::default()).await;
        assert_eq!(published.unwrap().exit_code(), 0);
    }
    assert!(made.join(RUN).is_dir());

    if std::env::var_os("UPDATE_SAMPLE").is_some() {
        if sample().exists() {
            fs_err::remove_dir_all(sample()).unwrap();
        }
        fs_err::remove_file(made.join(".lock")).unwrap();
        copy(&made, &sample());
    }
    let (made, kept) = (files(&made), files(&sample()));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&made), names(&kept));
    for ((name, made), (_, kept)) in made.iter().zip(&kept) {
        // No assert_eq: a difference in a megabyte is better looked at with git.
        assert!(made == kept, "{} differs: make the sample anew and read the difference", name.display());
    }
}

fn copy(from: &Path, to: &Path) {
    for (path, held) in files(from) {
        let target = to.join(&path);
        fs_err::create_dir_all(target.parent().unwrap()).unwrap();
        if from.join(&path).is_symlink() {
            std::os::unix::fs::symlink(String::from_utf8(held).unwrap(), &target).unwrap();
        } else {
            fs_err::write(&target, held).unwrap();
        }
    }
}

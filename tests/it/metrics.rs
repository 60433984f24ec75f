//! `metrics.prom`, read back as Prometheus reads it, and the file that a monitoring agent reads.

use std::{
    collections::BTreeMap,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::PathBuf,
    process::Command,
};

use elevenlabs_secrets_audit::Published;
use prometheus_parse::{Scrape, Value};
use simulator::{Reply, Request, Secret};

use crate::{
    bundle::names_in,
    nights::{Nights, moment, night, run_at},
    places::forbidden,
    support::{Setup, code, finish, invalid_api_key, serve, serve_with, text},
};

/// The samples of a file, by name and labels. All are gauges with a unit that their names tell.
pub(crate) fn samples(text: &str) -> BTreeMap<String, f64> {
    let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
    let mut samples = BTreeMap::new();
    for sample in scrape.samples {
        let Value::Gauge(value) = sample.value else { panic!("{sample:?}") };
        assert!(scrape.docs.contains_key(&sample.metric), "{} is explained", sample.metric);
        let short = sample.metric.strip_prefix("elevenlabs_secrets_audit_").unwrap();
        let labels: BTreeMap<_, _> = sample.labels.iter().collect();
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let name =
            if labels.is_empty() { short.to_owned() } else { format!("{short}{{{}}}", labels.join(",")) };
        assert_eq!(samples.insert(name.clone(), value), None, "{name} is there once");
    }
    assert!(!samples.is_empty());
    samples
}

fn secrets() -> Vec<Secret> {
    vec![Secret::new("used", "used").with_tools(3), Secret::new("one", "one"), Secret::new("two", "two")]
}

fn with_metrics_file(setup: Setup) -> Setup {
    setup.section("[report]\nmetrics_file = \"metrics/secrets.prom\"")
}

fn metrics_file(setup: &Setup) -> PathBuf {
    setup.home().join("metrics/secrets.prom")
}

fn read(setup: &Setup) -> BTreeMap<String, f64> {
    samples(&fs_err::read_to_string(metrics_file(setup)).unwrap())
}

#[tokio::test]
async fn the_bundle_has_the_numbers_of_the_run() {
    let simulator = serve(secrets()).await;
    let setup = Setup::of(&simulator).section(
        "[[waiver]]\nsecret_id = \"one\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2026-12-31\n\
         [[waiver]]\nsecret_id = \"two\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2026-11-22",
    );
    let published = setup.run().await.result.unwrap();
    let samples = samples(&fs_err::read_to_string(published.bundle.join("metrics.prom")).unwrap());
    for (name, value) in [
        ("success", 1.0),
        ("complete", 1.0),
        ("filtered", 0.0),
        ("unused_waived_secrets{workspace=main}", 1.0),
        ("unused_within_grace_secrets{workspace=main}", 0.0),
        ("last_success_timestamp_seconds", 1_795_399_200.0),
        ("last_complete_timestamp_seconds", 1_795_399_200.0),
        ("workspace_read{workspace=main}", 1.0),
        ("secrets{verdict=in_use,workspace=main}", 1.0),
        ("secrets{verdict=unused,workspace=main}", 2.0),
        ("secrets{verdict=undetermined,workspace=main}", 0.0),
        ("unused_open_secrets{workspace=main}", 1.0),
        ("oldest_unused_age_seconds{workspace=main}", 0.0),
        ("dependents{workspace=main}", 3.0),
        ("expired_waivers", 1.0),
        ("retries{workspace=main}", 0.0),
        ("requests{workspace=main}", simulator.requests().len() as f64),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}: {samples:#?}");
    }
}

#[tokio::test]
async fn what_is_zero_only_because_something_was_not_read_has_no_sample() {
    let unread = |request: &Request, reply: Reply| {
        if request.path.ends_with("/settings") { forbidden() } else { reply }
    };
    let (whole, failing) = (serve(secrets()).await, serve_with(secrets(), unread).await);
    let expired = "[[waiver]]\nsecret_id = \"gone\"\nworkspace = \"refused\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2026-11-22";
    let refusing = serve_with(secrets(), |_, _| invalid_api_key()).await;
    let setup =
        Setup::new().workspace("whole", &whole).workspace("part", &failing).workspace("refused", &refusing);
    let setup = setup.section(expired);
    let published = setup.run().await.result.unwrap();
    let read = |published: &Published| {
        samples(&fs_err::read_to_string(published.bundle.join("metrics.prom")).unwrap())
    };
    let samples = read(&published);
    assert_eq!(samples["complete"], 0.0);
    assert_eq!(samples["unused_open_secrets{workspace=whole}"], 2.0);
    assert_eq!(samples["secrets{verdict=undetermined,workspace=part}"], 2.0);
    assert_eq!(samples["secrets{verdict=in_use,workspace=part}"], 1.0, "so many there are at least");
    for absent in [
        "unused_open_secrets{workspace=part}",
        "unused_waived_secrets{workspace=part}",
        "unused_within_grace_secrets{workspace=part}",
        "secrets{verdict=unused,workspace=part}",
        "oldest_unused_age_seconds{workspace=part}",
        "expired_waivers",
    ] {
        assert!(!samples.contains_key(absent), "{absent}: {samples:#?}");
    }
    let mut narrowed = Setup::of(&whole);
    narrowed.arguments.search = Some("used".to_owned());
    let samples = read(&narrowed.run().await.result.unwrap());
    assert_eq!((samples["filtered"], samples["complete"]), (1.0, 1.0));
    assert!(!samples.contains_key("unused_open_secrets{workspace=main}"), "{samples:#?}");
}

#[tokio::test]
async fn no_name_or_id_of_a_secret_is_in_it() {
    let simulator = serve(vec![Secret::new("sec_hidden", "hidden-name")]).await;
    let setup = Setup::of(&simulator);
    let published = setup.run().await.result.unwrap();
    let text = fs_err::read_to_string(published.bundle.join("metrics.prom")).unwrap();
    assert!(!text.contains("hidden"), "{text}");
}

#[tokio::test]
async fn a_workspace_with_an_awkward_name_is_one_label() {
    let simulator = serve(secrets()).await;
    let setup = Setup::new().workspace("a\"b\\c{d=\"e\"}", &simulator);
    let published = setup.run().await.result.unwrap();
    let text = fs_err::read_to_string(published.bundle.join("metrics.prom")).unwrap();
    let line = text.lines().find(|line| line.contains("_workspace_read{")).unwrap();
    assert_eq!(line, r#"elevenlabs_secrets_audit_workspace_read{workspace="a\"b\\c{d=\"e\"}"} 1"#);
}

#[tokio::test]
async fn the_file_that_the_configuration_names_is_the_same_and_for_everybody_to_read() {
    let simulator = serve(secrets()).await;
    let setup = with_metrics_file(Setup::of(&simulator));
    fs_err::create_dir(setup.home().join("metrics")).unwrap();
    fs_err::write(metrics_file(&setup), "old").unwrap();
    let published = setup.run().await.result.unwrap();
    let read = |path: PathBuf| fs_err::read_to_string(path).unwrap();
    assert_eq!(read(metrics_file(&setup)), read(published.bundle.join("metrics.prom")));
    let mode = fs_err::metadata(metrics_file(&setup)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(names_in(&setup.home().join("metrics")), ["secrets.prom"], "nothing half done beside it");
}

#[tokio::test]
async fn a_run_that_fails_says_so_and_carries_over_when_the_last_good_one_was() {
    let simulator = serve(secrets()).await;
    let setup = with_metrics_file(Setup::of(&simulator));
    fs_err::create_dir(setup.home().join("metrics")).unwrap();
    setup.run().await.result.unwrap();
    let refusing = serve_with(secrets(), |_, _| Reply::error(401, "e", "invalid_api_key", "No.")).await;
    let mut failing = with_metrics_file(Setup::of(&refusing));
    failing.arguments.out = Some(setup.out());
    let failing = failing;
    fs_err::create_dir(failing.home().join("metrics")).unwrap();
    assert_eq!(failing.run().await.code(), 4);
    let samples = read(&failing);
    assert_eq!(samples["success"], 0.0);
    assert_eq!(samples["last_success_timestamp_seconds"], 1_795_399_200.0);
    assert_eq!(samples["last_complete_timestamp_seconds"], 1_795_399_200.0);
    assert!(!samples.keys().any(|name| name.starts_with("secrets")), "nothing of another night: {samples:?}");
}

#[tokio::test]
async fn the_last_good_run_is_the_one_that_was_published_last_whatever_the_clock_said_before() {
    let simulator = serve(secrets()).await;
    let nights = Nights::new();
    // A time to come would keep every alarm about the last success quiet until then.
    for begins in [night(30), night(1)] {
        run_at(&nights.setup(&simulator), &begins).await.result.unwrap();
    }
    let refusing = serve_with(secrets(), |_, _| Reply::error(401, "e", "invalid_api_key", "No.")).await;
    let failing = with_metrics_file(nights.setup(&refusing));
    fs_err::create_dir(failing.home().join("metrics")).unwrap();
    assert_eq!(run_at(&failing, &night(2)).await.code(), 4);
    let samples = read(&failing);
    let published = moment(&night(1)).timestamp() as f64;
    assert_eq!(samples["last_success_timestamp_seconds"], published);
    assert_eq!(samples["last_complete_timestamp_seconds"], published);
}

#[tokio::test]
async fn without_a_run_before_there_is_no_last_success() {
    let refusing = serve_with(secrets(), |_, _| Reply::error(401, "e", "invalid_api_key", "No.")).await;
    let setup = with_metrics_file(Setup::of(&refusing));
    fs_err::create_dir(setup.home().join("metrics")).unwrap();
    assert_eq!(setup.run().await.code(), 4);
    let samples = read(&setup);
    assert_eq!(samples["success"], 0.0);
    assert!(!samples.contains_key("last_success_timestamp_seconds"), "{samples:?}");
}

#[tokio::test]
async fn where_another_run_holds_the_lock_or_the_configuration_is_wrong_it_stays_as_it_was() {
    let simulator = serve(secrets()).await;
    let setup = with_metrics_file(Setup::of(&simulator));
    fs_err::create_dir_all(setup.home().join("metrics")).unwrap();
    fs_err::create_dir_all(setup.out()).unwrap();
    fs_err::write(metrics_file(&setup), "as it was").unwrap();
    let lock = fs_err::File::create(setup.out().join(".lock")).unwrap();
    lock.file().lock().unwrap();
    assert_eq!(code(&finish(setup.audit()).await), 7);
    let mut wrong = setup.audit();
    wrong.arg("--dependency-limit").arg("0");
    assert_eq!(code(&finish(wrong).await), 2);
    assert_eq!(fs_err::read_to_string(metrics_file(&setup)).unwrap(), "as it was");
}

#[tokio::test]
async fn where_it_cannot_be_written_the_reports_are_published_all_the_same_and_the_log_says_so() {
    let simulator = serve(secrets()).await;
    let setup = with_metrics_file(Setup::of(&simulator));
    let output = finish(setup.audit()).await;
    assert_eq!(code(&output), 0);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the metrics cannot be written to") && said.contains("secrets.prom"), "{said}");
    assert!(setup.out().join("latest/metrics.prom").exists());
}

#[tokio::test]
async fn what_is_no_regular_file_is_left_as_it_is() {
    let simulator = serve(secrets()).await;
    let setup = with_metrics_file(Setup::of(&simulator));
    fs_err::create_dir_all(metrics_file(&setup).parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(metrics_file(&setup)).status().unwrap().success());
    let checked = finish(setup.binary("check")).await;
    let said = text(&checked.stdout);
    assert!(said.contains("no regular file; name another file") && !said.contains("make that"), "{said}");
    let audited = finish(setup.audit()).await;
    assert_eq!(code(&audited), 0, "the reports are published all the same");
    assert!(text(&audited.stderr).contains("no regular file"), "{}", text(&audited.stderr));
    assert!(metrics_file(&setup).metadata().unwrap().file_type().is_fifo());
}

#[tokio::test]
async fn a_link_to_a_file_is_replaced_and_one_to_anything_else_is_left_as_it_is() {
    let simulator = serve(secrets()).await;
    let setup = with_metrics_file(Setup::of(&simulator));
    let (file, target) = (metrics_file(&setup), setup.home().join("target"));
    fs_err::create_dir_all(file.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&target, &file).unwrap();
    let refuses = || async {
        let checked = finish(setup.binary("check")).await;
        assert!(text(&checked.stdout).contains("no regular file"), "{}", text(&checked.stdout));
        let audited = finish(setup.audit()).await;
        assert_eq!(code(&audited), 0, "the reports are published all the same");
        assert!(text(&audited.stderr).contains("no regular file"), "{}", text(&audited.stderr));
        assert!(file.is_symlink());
    };
    refuses().await;
    assert!(!target.exists(), "it leads nowhere, and nothing is made there");
    assert!(Command::new("mkfifo").arg(&target).status().unwrap().success());
    refuses().await;
    fs_err::remove_file(&target).unwrap();
    fs_err::create_dir(&target).unwrap();
    refuses().await;
    // A device that root could replace.
    fs_err::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/null", &file).unwrap();
    refuses().await;
    fs_err::remove_dir(&target).unwrap();
    fs_err::write(&target, "somebody's").unwrap();
    fs_err::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&target, &file).unwrap();
    assert_eq!(code(&finish(setup.audit()).await), 0);
    assert!(!file.is_symlink() && fs_err::read_to_string(&file).unwrap().contains("_success"));
    assert_eq!(fs_err::read_to_string(&target).unwrap(), "somebody's", "no link leads the numbers elsewhere");
}

#[tokio::test]
async fn none_is_written_into_a_bundle() {
    let simulator = serve(secrets()).await;
    let setup = Setup::of(&simulator);
    assert_eq!(code(&finish(setup.audit()).await), 0);
    let file = setup.out().join("latest/metrics.prom");
    let setup = setup.section(&format!("[report]\nmetrics_file = {file:?}"));
    let checked = finish(setup.binary("check")).await;
    assert!(text(&checked.stdout).contains("is a bundle"), "{}", text(&checked.stdout));
    let audited = finish(setup.audit()).await;
    assert!(
        code(&audited) == 0 && text(&audited.stderr).contains("is a bundle"),
        "{}",
        text(&audited.stderr)
    );
}

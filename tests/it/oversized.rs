//! Files that are larger than they should be, or none at all: what is read of them, and what is said.

use std::{
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Output},
};

use serde_json::json;

use crate::{
    nights::{
        FIRST, MIDDLE, NEWEST, Nights, edit_manifest, found, has, notes, run_at, run_of, sha256,
        three_nights, two_secrets,
    },
    support::{BINARY, Setup, as_ordinary_user, behind, binary_in, code, finish, serve, text},
};

const MEBIBYTE: u64 = 1 << 20;

/// Makes a file as long as this, with nothing written into it.
fn sparse(path: &Path, bytes: u64) {
    fs_err::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .unwrap()
        .set_len(bytes)
        .unwrap();
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(path).status().unwrap().success());
}

#[test]
fn a_configuration_waivers_or_a_key_that_is_too_large_or_no_file_is_code_2_with_its_size() {
    for (named, configuration) in [
        ("config.toml", ""),
        ("waivers.toml", "[policy]\nwaivers = \"waivers.toml\""),
        ("key", "[[workspace]]\nname = \"main\"\napi_key_file = \"key\""),
    ] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(named);
        fs_err::write(home.path().join("config.toml"), configuration).unwrap();
        let _ = fs_err::remove_file(&path);
        let says = |parts: [&str; 2]| {
            let mut check = binary_in(home.path());
            check.env("ELEVENLABS_API_KEY", "sk_simulated_key").args(["check", "--config", "config.toml"]);
            let output = check.output().unwrap();
            assert_eq!(code(&output), 2, "{named}");
            let said = text(&output.stderr);
            assert!(parts.iter().all(|part| said.contains(part)), "{parts:?}: {said}");
        };
        pipe(&path);
        says([named, "is no regular file"]);
        fs_err::remove_file(&path).unwrap();
        sparse(&path, 3 << 30);
        let size = format!("{named} has {} bytes, and no more than", 3_u64 << 30);
        says([&size, "are read there; is it the file that was meant?"]);
    }
}

/// Runs `check` by this script of bash, in which `$0` is the program and `$1` the configuration.
async fn checked_by(script: &str, setup: &Setup) -> Output {
    let mut check = binary_in(setup.home());
    check.envs(setup.binary("check").get_envs().filter_map(|(name, value)| Some((name, value?))));
    check.arg(setup.home().join("config.toml"));
    fs_err::set_permissions(setup.home(), PermissionsExt::from_mode(0o777)).unwrap();
    // Of a process that leaves no core, much in /proc is root's. Its own streams have to be readable all the same.
    let somebody = as_ordinary_user(&check, setup.home());
    let command = somebody.unwrap_or_else(|| behind(&["env"], Path::new(BINARY), &check));
    let mut arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let program = arguments.len() - 2;
    for word in [script, "-c", "bash"] {
        arguments.insert(program, word.into());
    }
    let mut by_bash = assert_cmd::Command::new(command.get_program());
    by_bash.args(arguments).env_clear().current_dir(setup.home());
    by_bash.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    finish(by_bash).await
}

#[tokio::test]
async fn a_configuration_may_come_from_a_shell_and_ends_at_the_bound_there_too() {
    let simulator = serve(two_secrets()).await;
    let setup = Setup::of(&simulator);
    let setup = setup.section("[report]\ndir = \"here\"");
    setup.write_config();
    for script in [
        r#""$0" check --config <(cat "$1")"#,
        r#"cat "$1" | "$0" check --config /dev/stdin"#,
        r#""$0" check --config /dev/stdin < "$1""#,
    ] {
        let output = checked_by(script, &setup).await;
        assert_eq!(code(&output), 0, "{script}: {}{}", text(&output.stdout), text(&output.stderr));
        assert!(text(&output.stdout).contains(" here is not there yet"), "{}", text(&output.stdout));
    }
    let output = checked_by(r##""$0" check --config <(yes "# again")"##, &setup).await;
    assert_eq!(code(&output), 2);
    let said = text(&output.stderr);
    assert!(said.contains("has more bytes than that, and no more than 4194304 are read there"), "{said}");
}

#[tokio::test]
async fn a_key_behind_links_as_kubernetes_makes_them_is_read() {
    let simulator = serve(two_secrets()).await;
    let setup = Setup::new();
    let mounted = setup.home().join("..2026_11_23");
    fs_err::create_dir(&mounted).unwrap();
    fs_err::write(mounted.join("api-key"), "sk_simulated_key").unwrap();
    fs_err::set_permissions(mounted.join("api-key"), PermissionsExt::from_mode(0o440)).unwrap();
    symlink("..2026_11_23", setup.home().join("..data")).unwrap();
    symlink("..data/api-key", setup.home().join("api-key")).unwrap();
    let check = setup.binary("check");
    let address = simulator.base_url();
    let table =
        format!("[[workspace]]\nname = \"main\"\nbase_url = \"{address}\"\napi_key_file = \"api-key\"\n");
    fs_err::write(setup.home().join("config.toml"), table).unwrap();
    let output = finish(check).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
}

#[tokio::test]
async fn a_manifest_of_gigabytes_is_found_in_little_memory() {
    let nights = three_nights().await;
    for file in ["manifest.json", "SHA256SUMS"] {
        let (path, aside) = (nights.bundle(MIDDLE).join(file), nights.home().join("aside"));
        fs_err::rename(&path, &aside).unwrap();
        sparse(&path, 2 << 30);
        let size = format!("{} has {} bytes, and no more than", path.display(), 2_u64 << 30);
        assert!(found(&nights).iter().any(|line| line.contains(&run_of(MIDDLE)) && line.contains(&size)));
        // What can be addressed is half of what the file has.
        for command in ["verify", "history"] {
            let mut binary = binary_in(nights.home());
            binary.arg(command).arg("--out").arg(nights.out());
            let limited =
                behind(&["prlimit", "--as=1073741824"], Path::new(BINARY), &binary).output().unwrap();
            assert!([0, 8].contains(&code(&limited)), "{command}: {}", text(&limited.stderr));
        }
        fs_err::remove_file(&path).unwrap();
        fs_err::rename(&aside, &path).unwrap();
    }
}

/// `diff` of the first of three nights, whose report has this list of zeros in front, with the last; in 1 GiB.
async fn compared_behind_a_list_of(zeros: usize) -> Output {
    let nights = three_nights().await;
    let path = nights.bundle(FIRST).join("report.json");
    let report = fs_err::read_to_string(&path).unwrap();
    let list = format!("{{\"x\":[0{}],", ",0".repeat(zeros - 1));
    fs_err::write(&path, report.replacen('{', &list, 1)).unwrap();
    let mut binary = binary_in(nights.home());
    binary.arg("diff").arg(nights.bundle(FIRST)).arg(nights.bundle(NEWEST));
    behind(&["prlimit", "--as=1073741824"], Path::new(BINARY), &binary).output().unwrap()
}

#[tokio::test]
async fn a_report_takes_little_more_memory_than_its_longest_value_has_bytes_and_that_has_a_bound() {
    let read = compared_behind_a_list_of(25_000_000).await;
    assert_eq!(code(&read), 0, "{}", text(&read.stderr));
    let refused = compared_behind_a_list_of(60_000_000).await;
    let said = text(&refused.stderr);
    assert!(code(&refused) == 2 && said.contains("a value of more than 67108864 bytes"), "{said}");
}

#[tokio::test]
async fn a_manifest_that_names_thousands_of_files_is_altered() {
    let nights = three_nights().await;
    edit_manifest(&nights.bundle(MIDDLE), |manifest| {
        let entry = manifest["files"][0].clone();
        manifest["files"] = vec![entry; 5_000].into();
    });
    assert!(has(&found(&nights), "altered", MIDDLE, &["names 5000 files", "no more than 64"]));
}

/// Makes `report.json` of a bundle longer than a mebibyte, without changing what it says, and the sums with it.
fn lengthen(bundle: &Path) {
    let path = bundle.join("report.json");
    let mut report = fs_err::read(&path).unwrap();
    report.resize(report.len() + usize::try_from(MEBIBYTE).unwrap(), b' ');
    fs_err::write(&path, &report).unwrap();
    edit_manifest(bundle, |manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        let entry = files.iter_mut().find(|file| file["name"] == "report.json").unwrap();
        entry["bytes"] = json!(report.len());
        entry["sha256"] = json!(sha256(&report));
    });
}

#[tokio::test]
async fn a_report_beyond_the_bound_is_not_read_and_the_flag_that_raises_it_is_named() {
    let nights = three_nights().await;
    lengthen(&nights.bundle(NEWEST));
    assert_eq!(found(&nights), [""; 0], "by default more is read");
    let (first, newest) = (nights.bundle(FIRST), nights.bundle(NEWEST));
    let [first, newest] = [&first, &newest].map(|path| path.to_str().unwrap());
    let ask = |arguments: &[&str]| binary_in(nights.home()).args(arguments).output().unwrap();
    for (arguments, expected) in [
        (&["verify", "--out", "out"][..], 8),
        (&["diff", first, newest], 2),
        (&["diff", newest, first], 2),
        (&["render", newest, "--out", "again"], 2),
    ] {
        let output = ask(&[arguments, &["--max-bundle-file-mib", "1"]].concat());
        assert_eq!(code(&output), expected, "{arguments:?}");
        let said = [text(&output.stdout), text(&output.stderr)].concat();
        for part in ["report.json has ", "no more than 1048576 are read there", "--max-bundle-file-mib"] {
            assert!(said.contains(part), "{arguments:?}: {said}");
        }
        assert_eq!(code(&ask(&[arguments, &["--max-bundle-file-mib", "2"]].concat())), 0, "{arguments:?}");
    }
    assert_eq!(code(&ask(&["verify", "--max-bundle-file-mib", "0"])), 2);
}

#[tokio::test]
async fn an_audit_passes_over_a_bundle_beyond_its_bound_and_says_which_setting_raises_it() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    assert_eq!(run_at(&nights.setup(&simulator), FIRST).await.code(), 0);
    lengthen(&nights.bundle(FIRST));
    let verified = nights.ask(&["verify", "--max-bundle-file-mib", "1"]);
    let line = format!("unreadable  {}  cannot tell: ", run_of(FIRST));
    assert!(text(&verified.stdout).starts_with(&line), "{}", text(&verified.stdout));
    let narrow = nights.setup(&simulator).section("[report]\nkeep_days = 0\nmax_bundle_file_mib = 1");
    let outcome = run_at(&narrow, MIDDLE).await;
    assert_eq!(outcome.code(), 0);
    assert!(nights.bundle(FIRST).exists(), "it may be whole");
    let bundle = outcome.bundle();
    let told = notes(&bundle);
    let is_told =
        |note: &&str| note.contains("was passed over") && note.contains("[report] max_bundle_file_mib");
    assert!(told.iter().any(is_told), "{told:?}");
    let outcome = run_at(&nights.setup(&simulator), NEWEST).await;
    assert_eq!(
        (outcome.code(), notes(&outcome.bundle()).len()),
        (0, 0),
        "of the first one the second goes on"
    );
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_report_or_of_the_name_of_the_last_bundle_holds_nothing_up() {
    let nights = three_nights().await;
    let report = nights.bundle(NEWEST).join("report.json");
    fs_err::remove_file(&report).unwrap();
    pipe(&report);
    fs_err::remove_file(nights.out().join("latest")).unwrap();
    pipe(&nights.out().join("latest.txt"));
    let (first, newest) = (nights.bundle(FIRST), nights.bundle(NEWEST));
    for (from, to) in [(&first, &newest), (&newest, &first)] {
        let output = binary_in(nights.home()).arg("diff").arg(from).arg(to).output().unwrap();
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains("is no regular file"), "{}", text(&output.stderr));
    }
    assert!(has(&found(&nights), "altered", NEWEST, &["report.json is no regular file"]));
    let output = binary_in(nights.home())
        .arg("render")
        .arg(nights.out().join("latest.txt"))
        .args(["--out", "again"])
        .output();
    assert_eq!(code(&output.unwrap()), 2);
    let simulator = serve(two_secrets()).await;
    assert_eq!(run_at(&nights.setup(&simulator), "2026-03-16T02:00:00Z").await.code(), 0);
}

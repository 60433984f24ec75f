//! What `deploy/` and the Dockerfile hand to the program is what it takes: command lines, configurations, exit codes.
//!
//! That they do what they are for is checked by `.ci/deploy` and `.ci/package`, which take other tools than cargo.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, path::Path};

use clap::{CommandFactory, Parser};
use elevenlabs_secrets_audit::{
    cli::{Cli, Command},
    config::{Config, Environment, Flags, Target},
};

const PROGRAM: &str = "elevenlabs-secrets-audit";

fn read(file: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The lines of a block that is indented deeper than the line that opens it.
fn block<'a>(text: &'a str, opening: &str) -> Vec<&'a str> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = text.lines().skip_while(|line| line.trim() != opening);
    let least = lines.next().map(depth).unwrap_or_else(|| panic!("there is no {opening}"));
    lines.take_while(|line| line.is_empty() || depth(line) > least).collect()
}

/// The words after the program's name, up to what the shell takes for itself.
fn typed(line: &str) -> Option<Vec<String>> {
    let (_, rest) = line.split_once(&format!("{PROGRAM} "))?;
    let words = rest.split([';', '|', '>', '&', '`']).next()?.split_whitespace();
    let words: Vec<String> = words.map(|word| word.trim_matches('"').to_owned()).collect();
    let commands = Cli::command();
    let is_command = commands
        .get_subcommands()
        .any(|command| words.first().is_some_and(|word| word == command.get_name()));
    is_command.then_some(words)
}

/// Every command line in what is deployed.
fn command_lines() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for file in [
        "deploy/README.md",
        "deploy/systemd/elevenlabs-secrets-audit.service",
        "deploy/cron/elevenlabs-secrets-audit",
        "deploy/cron/elevenlabs-secrets-audit-heartbeat",
        "deploy/debian/postinst",
        "docs/security.md",
    ] {
        // Quotes and paths around the name belong to no argument.
        let text = read(file).replace(&format!("{PROGRAM}\" "), &format!("{PROGRAM} "));
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).filter_map(typed).collect();
        assert!(!lines.is_empty() || file.starts_with("docs/"), "no command line in {file}");
        found.extend(lines.into_iter().map(|line| (file.to_owned(), line)));
    }
    let workflow =
        read("deploy/github/secrets-audit.yml").replace(&format!("{PROGRAM}\" "), &format!("{PROGRAM} "));
    let run = workflow.lines().filter(|line| !line.trim().starts_with('#')).filter_map(typed);
    found.extend(run.map(|line| ("deploy/github/secrets-audit.yml".to_owned(), line)));
    for file in ["deploy/kubernetes/cronjob.yaml", "deploy/kubernetes/indexed-job.yaml"] {
        let text = read(file);
        let arguments =
            block(&text, "args:").into_iter().map(|line| line.trim().trim_start_matches("- ").to_owned());
        found.push((file.to_owned(), arguments.collect()));
    }
    let dockerfile = read("Dockerfile");
    let command = dockerfile.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    found.push(("Dockerfile".to_owned(), serde_json::from_str(command).unwrap()));
    found
}

#[test]
fn every_command_line_is_one() {
    let lines = command_lines();
    let files: BTreeSet<&str> = lines.iter().map(|(file, _)| file.as_str()).collect();
    assert!(files.len() >= 9, "each place is looked into: {files:?}");
    for (file, line) in &lines {
        let parsed = Cli::try_parse_from(std::iter::once(PROGRAM.to_owned()).chain(line.iter().cloned()));
        assert!(parsed.is_ok(), "{file}: {line:?}: {}", parsed.unwrap_err());
    }
}

#[test]
fn what_runs_every_night_is_a_quiet_audit_with_a_place_for_its_reports() {
    let nightly = ["deploy/systemd", "deploy/kubernetes", "Dockerfile"];
    let lines = command_lines();
    let lines = lines.iter().filter(|(file, _)| nightly.iter().any(|place| file.starts_with(place)));
    let mut seen = 0;
    for (file, line) in lines {
        let cli =
            Cli::try_parse_from(std::iter::once(PROGRAM.to_owned()).chain(line.iter().cloned())).unwrap();
        let Command::Audit(arguments) = cli.command else { panic!("{file}: no audit") };
        assert!(
            cli.output.quiet && arguments.config.is_some() && arguments.out.is_some(),
            "{file}: {line:?}"
        );
        seen += 1;
    }
    assert_eq!(seen, 4, "the unit, both jobs, the image");
}

/// The workspaces of a configuration whose keys, wherever they are sought, are there.
fn workspaces(configuration: &str) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let keys = home.path().join("keys");
    fs_err::create_dir(&keys).unwrap();
    let configuration = configuration.replace("/run/secrets/elevenlabs", keys.to_str().unwrap());
    let table: toml::Table = configuration.parse().unwrap();
    for workspace in table["workspace"].as_array().unwrap() {
        // Where a relative one is sought first; joining an absolute one gives it as it is.
        let key = keys.join(workspace["api_key_file"].as_str().unwrap());
        fs_err::write(&key, format!("sk_key_of_{}\n", workspace["name"].as_str().unwrap())).unwrap();
        fs_err::set_permissions(&key, std::fs::Permissions::from_mode(0o440)).unwrap();
    }
    let path = home.path().join("config.toml");
    fs_err::write(&path, configuration).unwrap();
    let get = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| keys.clone().into_os_string());
    let arguments = Flags { config: Some(path), ..Flags::default() };
    let Target::Workspaces(workspaces) = Config::resolve(arguments, &Environment::new(&get)).unwrap().target
    else {
        panic!("no workspaces")
    };
    workspaces.into_iter().map(|workspace| workspace.name).collect()
}

#[test]
fn every_configuration_is_one() {
    assert_eq!(workspaces(&read("deploy/debian/config.toml")), ["production"]);
    let cronjob = read("deploy/kubernetes/cronjob.yaml");
    assert_eq!(workspaces(&block(&cronjob, "config.toml: |").join("\n")), ["production"]);
}

/// The number before `unit`, of the one line that begins so.
fn mebibytes(text: &str, beginning: &str, unit: &str) -> usize {
    let rest = text.lines().find_map(|line| line.trim().strip_prefix(beginning)).unwrap();
    rest.split_once(unit).unwrap().0.parse().unwrap()
}

#[test]
fn what_a_job_may_take_is_at_least_twice_what_may_be_kept_of_what_is_read() {
    let kept = |configuration: &str| -> usize {
        let table: toml::Table = configuration.parse().unwrap();
        let setting = &table["audit"]["max_memory_mib"];
        setting.as_integer().unwrap().try_into().unwrap()
    };
    let unit = mebibytes(&read("deploy/systemd/elevenlabs-secrets-audit.service"), "MemoryMax=", "M");
    assert!(unit >= 2 * kept(&read("deploy/debian/config.toml")));
    for (file, groups) in [("cronjob", 0), ("indexed-job", 3)] {
        let job = read(&format!("deploy/kubernetes/{file}.yaml"));
        let limit = mebibytes(&job, "limits: {memory: ", "Mi}");
        let names = match groups {
            0 => vec!["config.toml: |".to_owned()],
            groups => (0..groups).map(|index| format!("group-{index}.toml: |")).collect(),
        };
        for name in names {
            assert!(limit >= 2 * kept(&block(&job, &name).join("\n")), "{file}: {name}");
        }
    }
}

#[test]
fn there_is_a_configuration_for_each_index_of_the_indexed_job_and_no_workspace_is_in_two() {
    let job = read("deploy/kubernetes/indexed-job.yaml");
    let number = |name: &str| -> usize {
        job.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap().trim().parse().unwrap()
    };
    let groups =
        job.lines().filter(|line| line.trim().starts_with("group-") && line.ends_with("toml: |")).count();
    assert_eq!(groups, number("completions:"));
    assert!(number("parallelism:") <= groups);
    let names =
        (0..groups).flat_map(|index| workspaces(&block(&job, &format!("group-{index}.toml: |")).join("\n")));
    let names: Vec<String> = names.collect();
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
}

#[test]
fn both_jobs_let_nothing_in_and_only_names_and_https_out() {
    let policy = |file: &str| -> Vec<String> {
        let text = read(file);
        let documents: Vec<&str> =
            text.split("\n---\n").filter(|document| document.contains("kind: NetworkPolicy")).collect();
        assert_eq!(documents.len(), 1, "{file}");
        block(documents[0], "spec:").into_iter().map(str::to_owned).collect()
    };
    let policies = ["deploy/kubernetes/cronjob.yaml", "deploy/kubernetes/indexed-job.yaml"].map(policy);
    assert_eq!(policies[0], policies[1]);
    let text = policies[0].join("\n");
    assert!(text.contains("policyTypes: [Ingress, Egress]") && !text.contains("ingress:"), "{text}");
    assert_eq!(text.matches("port: ").count(), 3, "{text}");
}

#[test]
fn what_images_and_tools_are_built_of_is_pinned_by_its_sum() {
    let is_sum = |sum: &str| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    let dockerfile = read("Dockerfile");
    let images: Vec<&str> = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert_eq!(images.len(), 2);
    for image in images {
        let (_, digest) = image.split_once("@sha256:").unwrap_or_else(|| panic!("no digest: {image}"));
        assert!(is_sum(digest.split_whitespace().next().unwrap()), "{image}");
    }
    for file in [".ci/requirements.txt", "benches/compare/peers/requirements.txt"] {
        let text = read(file);
        let mut packages = 0;
        for package in text.replace("\\\n", " ").lines().filter(|line| !line.starts_with('#')) {
            let (name, sums) =
                package.split_once("--hash=sha256:").unwrap_or_else(|| panic!("no sum: {package}"));
            assert!(name.contains("==") && sums.split_whitespace().next().is_some_and(is_sum), "{package}");
            packages += 1;
        }
        assert!(packages > 10, "{file}");
    }
    for file in [".ci/tools", "benches/compare/run"] {
        assert!(read(file).contains("--require-hashes"), "{file}");
    }
}

/// The exit codes that the help of `audit` names.
fn codes() -> BTreeSet<u8> {
    let help = Cli::command().get_after_help().unwrap().to_string();
    help.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()?.parse().ok()).collect()
}

#[test]
fn every_exit_code_of_a_night_is_put_to_use_everywhere() {
    let codes = codes();
    assert!(codes.is_superset(&(0..=7).chain([10]).collect()), "{codes:?}");
    // What ended by a signal falls to the rest.
    let own = codes.iter().filter(|code| **code < 100);
    let cases = |file: &str| -> BTreeSet<u8> {
        let text = read(file);
        let patterns = text.lines().filter_map(|line| line.trim().split_once(')'));
        patterns.flat_map(|(codes, _)| codes.split('|').filter_map(|code| code.trim().parse().ok())).collect()
    };
    let (unit, recipe) =
        (cases("deploy/systemd/elevenlabs-secrets-audit-alarm@.service"), cases("deploy/recipes/message"));
    let service = read("deploy/systemd/elevenlabs-secrets-audit.service");
    let (cronjob, indexed) =
        (read("deploy/kubernetes/cronjob.yaml"), read("deploy/kubernetes/indexed-job.yaml"));
    assert!(service.contains("\nSuccessExitStatus=3 10\n"));
    for job in [&cronjob, &indexed] {
        // 0 succeeds, 5 is tried again, and 10 is not asked for.
        assert!(job.contains("values: [3]\n") && job.contains("values: [1, 2, 4, 6, 7]\n"));
        assert!(!job.lines().any(|line| line.trim().starts_with("- --fail-on")));
    }
    for code in own {
        assert!(recipe.contains(code), "the recipes say what {code} is");
        // 8 is of `verify`, which the unit doesn't run.
        assert!(unit.contains(code) || *code == 8, "the unit says what {code} is");
    }
    // What a flag says outranks the configuration.
    let configured: toml::Table = read("deploy/debian/config.toml").parse().unwrap();
    assert_eq!(configured["policy"]["fail_on"].as_array().map(Vec::len), Some(1));
    for file in [
        "systemd/elevenlabs-secrets-audit.service",
        "cron/elevenlabs-secrets-audit",
        "cron/elevenlabs-secrets-audit-heartbeat",
    ] {
        assert!(!read(&format!("deploy/{file}")).contains("--fail-on"), "{file}");
    }
}

#[test]
fn a_job_in_a_cluster_may_do_little_never_meets_itself_and_keeps_its_reports() {
    for file in ["deploy/kubernetes/cronjob.yaml", "deploy/kubernetes/indexed-job.yaml"] {
        let job = read(file);
        let lines: BTreeSet<&str> = job.lines().map(|line| line.trim().trim_start_matches("- ")).collect();
        for line in [
            "concurrencyPolicy: Forbid",
            "defaultMode: 0440",
            "runAsNonRoot: true",
            "readOnlyRootFilesystem: true",
            "allowPrivilegeEscalation: false",
            "drop: [ALL]",
            "type: RuntimeDefault",
            "automountServiceAccountToken: false",
            "resources:",
            "mountPath: /reports",
            "persistentVolumeClaim:",
        ] {
            assert!(lines.contains(line), "{file}: {line}");
        }
    }
}

#[test]
fn recipes_read_the_latest_report_and_nothing_else_of_the_reports() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/recipes");
    let mut named = 0;
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let recipe = fs_err::read_to_string(&path).unwrap();
        let code: String = recipe.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        named += code.matches("$latest/report.json").count();
        for other in ["manifest", ".csv", ".html", "metrics", "find "] {
            assert!(!code.contains(other), "{}: {other}", path.display());
        }
        assert_eq!(code.matches("report.json").count(), code.matches("$latest/report.json").count());
    }
    assert!(named >= 2, "{named}");
}

//! File systems that lack something, as strace plays them: links, locks, modes, or directories that can be synced.

use crate::{
    bundle::{names_in, read_json},
    disk::{contents, injected, injected_into, published, says, secrets, traced},
    support::{Setup, binary_in, code, finish, serve, text},
};

/// What the system says of a link on a file system without links, by the file system.
const NO_LINKS: [&str; 4] = ["EPERM", "EOPNOTSUPP", "ENOSYS", "EROFS"];

#[tokio::test]
async fn where_links_are_impossible_latest_txt_names_the_last_bundle_and_everything_reads_it() {
    let simulator = serve(secrets()).await;
    for error in NO_LINKS {
        // As if the directory had been moved from a file system with links, with and without the link.
        let setup = if error == "EPERM" { published(&simulator).await } else { Setup::of(&simulator) };
        let out = setup.out();
        let no_links = format!("/^symlink:error={error}");
        let mut check = setup.binary("check");
        check.arg("--out").arg(&out);
        let Some(checked) = traced(injected_into(&check, &no_links)).await else { return };
        let said = text(&checked.stdout);
        assert!(
            code(&checked) == 0 && said.contains("no symbolic links") && said.contains("latest.txt"),
            "{said}"
        );

        for night in 1..=2 {
            let Some(output) = traced(injected(&setup, &no_links)).await else { return };
            assert_eq!(code(&output), 0, "{error}: {}", text(&output.stderr));
            let names = names_in(&out);
            let last = names.iter().rfind(|name| name.starts_with("20")).unwrap();
            assert_eq!(fs_err::read_to_string(out.join("latest.txt")).unwrap(), format!("{last}\n"));
            let moved = usize::from(error == "EPERM");
            assert_eq!(
                names.len(),
                1 + moved + night + 1,
                "the lock, bundles, latest.txt and nothing else: {names:?}"
            );
            let report = read_json(&out.join(last).join("manifest.json"));
            assert_eq!(report["previous"].is_null(), night + moved == 1, "the chain goes on");
        }

        let (out, at) = (out.to_str().unwrap(), |name: &str| out.join(name).to_str().unwrap().to_owned());
        let (latest, file) = (at("latest"), at("latest.txt"));
        let again = format!("again-{error}");
        for arguments in [
            &["verify", "--out", out][..],
            &["history", "--out", out],
            &["diff", &latest, &file],
            &["render", &latest, "--out", &again],
        ] {
            let mut command = binary_in(setup.home());
            command.args(arguments);
            let output = finish(command).await;
            assert_eq!(code(&output), 0, "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        }

        // And back to one with links.
        assert_eq!(setup.run().await.code(), 0);
        assert!(setup.out().join("latest").is_symlink() && !setup.out().join("latest.txt").exists());
    }
}

#[tokio::test]
async fn latest_txt_tells_verify_when_the_last_bundle_is_gone() {
    let simulator = serve(secrets()).await;
    let setup = published(&simulator).await;
    let out = setup.out();
    fs_err::remove_file(out.join("latest")).unwrap();
    fs_err::write(out.join("latest.txt"), "2026-11-24T02-00-00Z\r\n").unwrap();
    let mut verify = binary_in(setup.home());
    verify.args(["verify", "--out", out.to_str().unwrap()]);
    let output = finish(verify).await;
    assert_eq!(code(&output), 8, "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("2026-11-24T02-00-00Z"), "{}", text(&output.stdout));
}

#[tokio::test]
async fn a_latest_txt_of_somebody_else_is_left_alone() {
    let simulator = serve(secrets()).await;
    for content in ["where the newest reports are: latest/", ""] {
        let setup = published(&simulator).await;
        let file = setup.out().join("latest.txt");
        fs_err::write(&file, content).unwrap();
        assert_eq!(setup.run().await.code(), 0, "it is not in the way of a link");
        let before = contents(&setup.out());
        let Some(output) = traced(injected(&setup, "/^symlink:error=EPERM")).await else { return };
        assert_eq!(code(&output), 6);
        says(&output, &["latest.txt", "names no bundle", "remove it"]);
        assert_eq!(contents(&setup.out()), before);
    }
}

#[tokio::test]
async fn a_file_system_that_cannot_do_what_publishing_takes_is_found_before_the_first_request_and_named() {
    let simulator = serve(secrets()).await;
    for (fault, reason) in [
        ("fsync:error=EINVAL:when=1", "cannot sync directories"),
        ("fsync:error=EOPNOTSUPP:when=1", "cannot sync directories"),
        ("flock:error=ENOLCK", "has no file locks"),
        ("flock:error=EOPNOTSUPP", "has no file locks"),
    ] {
        let setup = published(&simulator).await;
        let (before, asked) = (contents(&setup.out()), simulator.requests().len());
        let Some(output) = traced(injected(&setup, fault)).await else { return };
        assert_eq!(
            (code(&output), simulator.requests().len()),
            (6, asked),
            "{fault}: {}",
            text(&output.stderr)
        );
        says(&output, &["the file system of", reason, "--out on another file system"]);
        assert_eq!(contents(&setup.out()), before, "{fault}");

        let mut check = setup.binary("check");
        check.arg("--out").arg(setup.out());
        let Some(checked) = traced(injected_into(&check, fault)).await else { return };
        assert_eq!(code(&checked), 6, "{fault}: {}", text(&checked.stdout));
        assert!(text(&checked.stdout).contains(reason), "{}", text(&checked.stdout));
        assert_eq!(contents(&setup.out()), before, "{fault}");
    }
}

#[tokio::test]
async fn a_file_system_without_modes_is_no_obstacle_to_the_metrics() {
    let simulator = serve(secrets()).await;
    let setup = Setup::of(&simulator).section("[report]\nmetrics_file = \"secrets.prom\"");
    let Some(output) = traced(injected(&setup, "fchmod:error=EPERM")).await else { return };
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(setup.home().join("secrets.prom").exists(), "{}", text(&output.stderr));
}

//! Publishing goes wrong more than once: what is taken back, what stays, and what of it is on the disk.

use std::path::Path;

use elevenlabs_secrets_audit::{bounded::Bound, interrupt::Interrupt, review::verify};

use crate::{
    bundle::{names_in, read_json},
    disk::{injected, published, secrets, traced},
    support::{BINARY, RUN, Setup, behind, code, serve, text},
};

#[tokio::test]
async fn the_names_of_a_new_output_directory_and_of_what_is_made_above_it_are_brought_to_the_disk() {
    let simulator = serve(secrets()).await;
    let mut setup = Setup::of(&simulator);
    let home = setup.home().canonicalize().unwrap();
    setup.arguments.out = Some(home.join("new/reports"));
    let log = home.join("calls");
    let tracer = ["strace", "-f", "-y", "-qq", "-o", log.to_str().unwrap(), "-e", "trace=fsync"];
    let syncs = |parent: &Path| {
        let calls = fs_err::read_to_string(&log).unwrap();
        let named = format!("<{}>", parent.display());
        calls.lines().any(|line| line.contains("fsync(") && line.contains(&named))
    };
    let Some(output) = traced(behind(&tracer, Path::new(BINARY), &setup.audit())).await else { return };
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(syncs(&home) && syncs(&home.join("new")), "{}", fs_err::read_to_string(&log).unwrap());
    let Some(output) = traced(behind(&tracer, Path::new(BINARY), &setup.audit())).await else { return };
    assert_eq!((code(&output), syncs(&home)), (0, false), "once they are there nothing above is touched");

    setup.arguments.out = Some(home.join("another"));
    let Some(output) = traced(injected(&setup, "fsync:error=EIO:when=1")).await else { return };
    assert_eq!(code(&output), 6, "{}", text(&output.stderr));
}

/// Each call that publishes or takes back what was published goes wrong, and after it another: an error, or the end.
fn pairs() -> Vec<[String; 2]> {
    // With report.json alone: three files and the staging directory, then the output directory once the bundle is in it.
    let syncs = (2..=5).map(|when| format!("fsync:error=EIO:when={when}"));
    let firsts = syncs.chain([1, 2].map(|when| format!("/^rename:error=EIO:when={when}")));
    let calls = [("/^rename", 2..=3), ("unlinkat", 1..=4)];
    let mut pairs = Vec::new();
    for first in firsts {
        for (call, whens) in &calls {
            for (when, how) in whens.clone().flat_map(|when| [(when, "error=EACCES"), (when, "signal=KILL")])
            {
                // Of one call only one fault can be injected, but more than once.
                let of_one = first.starts_with(call).then(|| first.chars().last().unwrap());
                pairs.push(match (of_one, how) {
                    (None, _) => [first.clone(), format!("{call}:{how}:when={when}")],
                    (Some(_), "signal=KILL") => continue,
                    (Some(earlier), _) if earlier >= char::from_digit(when, 10).unwrap() => continue,
                    (Some(earlier), _) => {
                        let both = format!("{call}:{how}:when={earlier}..{when}");
                        [both.clone(), both]
                    }
                });
            }
        }
    }
    pairs
}

#[tokio::test]
async fn no_two_faults_leave_half_a_bundle_under_its_name() {
    let simulator = serve(secrets()).await;
    let setup = published(&simulator).await.section("[report]\nformats = []");
    let latest = fs_err::read_link(setup.out().join("latest")).unwrap();
    let (mut left_whole, mut taken_away) = (0, 0);
    for faults in pairs() {
        let mut tracer = vec!["strace", "-f", "-qq", "-o", "/dev/null"];
        tracer.extend(["-e", "trace=/^(fsync|rename|unlinkat)"]);
        let injects = faults.each_ref().map(|fault| format!("inject={fault}"));
        tracer.extend(injects.iter().flat_map(|inject| ["-e", inject]));
        let Some(output) = traced(behind(&tracer, Path::new(BINARY), &setup.audit())).await else { return };
        assert!(matches!(output.status.code(), None | Some(6)), "{faults:?}: {output:?}");
        assert_eq!(fs_err::read_link(setup.out().join("latest")).unwrap(), latest, "{faults:?}");
        let verification = verify(&setup.out(), Bound::default(), &Interrupt::default()).unwrap();
        assert!(verification.is_sound(), "{faults:?}: {verification:?}");
        match verification.lines.len() {
            1 => taken_away += 1,
            _ => left_whole += 1,
        }
        // The next night goes on from what is there, be it found by `latest` or not; this one has the first again.
        for run in names_in(&setup.out()).into_iter().filter(|name| name.starts_with("20") && name != RUN) {
            fs_err::remove_dir_all(setup.out().join(run)).unwrap();
        }
    }
    assert!(left_whole > 0 && taken_away > 40, "{left_whole}, {taken_away}");
    assert_eq!(setup.run().await.code(), 0);
    assert!(verify(&setup.out(), Bound::default(), &Interrupt::default()).unwrap().is_sound());
    assert_eq!(names_in(&setup.out()).iter().filter(|name| name.starts_with(".staging-")).count(), 0);
}

#[tokio::test]
async fn what_could_not_be_taken_away_again_is_what_the_next_night_follows() {
    let simulator = serve(secrets()).await;
    let setup = published(&simulator).await;
    // `latest` can't be moved, nor the bundle away.
    let Some(output) = traced(injected(&setup, "/^rename:error=EACCES:when=2..3")).await else { return };
    assert_eq!(code(&output), 6, "{}", text(&output.stderr));
    let stays =
        names_in(&setup.out()).into_iter().find(|name| name.starts_with("20") && name != RUN).unwrap();
    assert!(text(&output.stderr).contains(&stays), "{}", text(&output.stderr));
    assert_eq!(setup.run().await.code(), 0);
    let manifest = read_json(&setup.out().join("latest/manifest.json"));
    assert_eq!(manifest["previous"]["run"], stays);
    assert!(verify(&setup.out(), Bound::default(), &Interrupt::default()).unwrap().is_sound());
}

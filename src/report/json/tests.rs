//! A report read back: in whatever layout it is, and where it is not as this program writes it.

use super::{read_audit, report};
use crate::{
    audit::{Audit, AuditedSecret, Evidence, PartialView, Status, Verdict, hides_any},
    collect::{ArchivedBranches, Deep},
    inventory::{DependentType, Extent, Gap, Missing, Source, View, Why},
};

/// A report of the version before this one.
const OF_SCHEMA_2: &str = include_str!("../../../tests/it/fixtures/report_of_schema_2.json");

/// The report of the sample's last night, which has something of everything, in whichever version it is.
const SAMPLE: &str = include_str!("../../../reports/sample/2026-11-23T02-00-00Z/report.json");

/// The same as this program writes it today.
fn sample() -> String {
    again(SAMPLE)
}

fn again(text: &str) -> String {
    written(&read_audit(text.as_bytes()).unwrap())
}

fn written(audit: &Audit) -> String {
    let mut bytes = Vec::new();
    report(audit, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn it_reads_the_same_in_any_layout() {
    let sample = sample();
    let on_one_line: String = sample.lines().map(str::trim_start).collect();
    let with_other_line_ends = sample.replace('\n', "\r\n\t");
    let with_space_before_commas = sample.replace(",\n", " ,\n");
    let with_two_on_a_line = sample.replace("},\n            {", "}, {");
    let texts = [&on_one_line, &with_other_line_ends, &with_space_before_commas, &with_two_on_a_line];
    assert_eq!(again(&sample), sample);
    for text in texts {
        assert_ne!(text, &sample);
        assert_eq!(again(text), sample);
    }
}

#[test]
fn what_was_not_read_whole_is_the_same_in_codes_once_it_was_read_again() {
    let told = |words: &str| Why::from(words.to_owned());
    let doubt = || Box::new(Why::AsLongAsLimit(20));
    let error = || "status 403; ask".to_owned();
    let list = |dependent_type| Missing::List { dependent_type };
    let of_secrets = [
        Gap::new(list(DependentType::Agent), Why::RestNotRead(Box::new(told("no list")), error())),
        Gap::new(list(DependentType::McpServer), Why::ServersHidden(doubt())),
        Gap::new(list(DependentType::McpServer), Why::ServersNotRead(doubt(), Box::new(Why::SwitchedOff))),
        Gap::new(list(DependentType::Tool), Why::Contradictory),
        Gap::new(list(DependentType::unrecognized("tool")), Why::Cut(100)),
        Gap::new(Missing::FurtherLists, Why::MoreThan(100)),
        Gap::new(Missing::Confirmation, Why::NotFoundByItself(Some(error()))),
        Gap::new(Missing::Confirmation, Why::NoneByItself),
    ];
    let of_the_workspace = [
        Gap::new(Missing::Field { name: "x".to_owned() }, told("too deep")),
        Gap::new(Missing::FurtherPages, Why::MoreThan(20)),
        Gap::new(Missing::Secrets, Why::Shifting(3)),
        Gap::new(Missing::SecretsOnceMore, told("status 503")),
        Gap::new(Missing::Page { page: 2, limit: 100 }, told("status 500")),
        Gap::new(Missing::LastAudit, Why::EarlierReport(error())),
        Gap::new(Missing::LastAudit, Why::Deadline),
        Gap::new(Missing::Secret { secret_id: "sec".to_owned(), is_referred_to: true }, told("status 503")),
    ];
    let mut audit = read_audit(SAMPLE.as_bytes()).unwrap();
    let workspace = &mut audit.workspaces[0].workspace;
    let (lookups, pages) = of_the_workspace.split_last().unwrap();
    (workspace.page_gaps, workspace.lookup_gaps) = (pages.to_vec(), vec![lookups.clone()]);
    let scan = workspace.scans.iter().position(|scan| scan.source == Source::Settings).unwrap();
    audit.workspaces[0].sources[6].status = Status::SwitchedOff;
    audit.workspaces[0].workspace.scans[scan].outcome = Status::SwitchedOff;
    let workspace = &mut audit.workspaces[0];
    workspace.hides_any = hides_any(&workspace.workspace, PartialView::Accept);
    let unused = workspace.assessments.iter().position(|one| one.verdict == Verdict::Unused).unwrap();
    workspace.workspace.secrets[unused].gaps = of_secrets.to_vec();
    workspace.assessments[unused].verdict = Verdict::Undetermined;

    let written = written(&audit);
    assert_eq!(again(&written), written);
    let read = read_audit(written.as_bytes()).unwrap();
    let workspace = &read.workspaces[0];
    assert_eq!(workspace.workspace.page_gaps, pages);
    assert_eq!(workspace.workspace.lookup_gaps, std::slice::from_ref(lookups));
    assert_eq!(workspace.workspace.secrets[unused].gaps, of_secrets);
    let missing: Vec<Gap> =
        read.secrets().nth(unused).unwrap().missing().into_iter().map(|gap| gap.into_owned()).collect();
    let place = Gap::new(Missing::Place { source: Source::Settings }, Why::SwitchedOff);
    assert_eq!(missing, [&of_secrets[..], &[place], pages].concat());
}

#[test]
fn what_is_not_as_this_program_writes_it_is_said_with_its_line() {
    let sample = sample();
    let line = |wanted: &str| sample.lines().position(|line| line.contains(wanted)).unwrap() + 1;
    let error = |from: &str, to: &str| {
        assert!(sample.contains(from), "{from}");
        read_audit(sample.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
    };
    let made_up = error("\"visibility\": \"available\"", "\"visibility\": \"made up\"");
    let expected = "the visibility \"made up\" is none that this program knows";
    assert!(
        made_up.starts_with(&format!("{expected} at line {}", line("\"visibility\": \"available\""))),
        "{made_up}"
    );
    let broken = error("\"relation\": \"direct\"", "\"relation\": direct");
    assert!(
        broken.starts_with(&format!("expected value at line {}", line("\"relation\": \"direct\""))),
        "{broken}"
    );
    let twice = error("\"verdict\": ", "\"secret_id\": \"s\", \"verdict\": ");
    assert!(twice.starts_with("duplicate field `secret_id` at line "), "{twice}");
    let first = line("\"dependents\": []");
    let after = error("\"dependents\": []", "\"dependents\": [], \"verdict\": \"unused\"");
    let expected = format!("the field verdict stands after the dependents at line {first}");
    assert!(after.starts_with(&expected), "{after}");
}

#[test]
fn what_the_version_before_did_not_say_is_taken_for_what_it_did() {
    let audit = read_audit(OF_SCHEMA_2.as_bytes()).unwrap();
    let parameters = &audit.parameters;
    assert_eq!((parameters.deep, parameters.archived_branches), (Deep::Never, ArchivedBranches::Skip));
    assert_eq!((parameters.partial_view, parameters.allow_empty), (PartialView::Accept, false));
    let workspace = &audit.workspaces[0];
    assert_eq!(*workspace.view(), View { extent: Extent::NotKnown, signs: Vec::new() });
    assert!(workspace.limits().is_empty() && !workspace.is_unexpectedly_empty());
    let of = |secret: AuditedSecret<'_>| (secret.verdict(), secret.evidence());
    let found: Vec<_> = audit.secrets().map(of).collect();
    let unused = (Verdict::Unused, Some(Evidence::Listed));
    assert_eq!(found, [(Verdict::InUse, None), unused, unused]);

    // What it read tells what its verdicts rest on.
    let read = OF_SCHEMA_2
        .replace("\"deep\": false", "\"deep\": true")
        .replace("not part of this audit", "read whole");
    let audit = read_audit(read.as_bytes()).unwrap();
    assert_eq!(audit.parameters.deep, Deep::Always);
    assert_eq!(
        audit.secrets().filter_map(AuditedSecret::evidence).collect::<Vec<_>>(),
        [Evidence::Inspected; 2]
    );
}

//! A report read back: in whatever layout it is, and where it is not as this program writes it.

use super::{read_audit, report};
use crate::{
    audit::{AuditedSecret, Evidence, PartialView, Verdict},
    collect::{ArchivedBranches, Deep},
    inventory::{Extent, View},
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
    let audit = read_audit(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    report(&audit, &mut bytes).unwrap();
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

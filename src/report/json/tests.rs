//! A report read back: in whatever layout it is, and where it is not as this program writes it.

use super::{read_audit, report};

/// The report of the sample's last night, which has something of everything.
const SAMPLE: &str = include_str!("../../../reports/sample/2026-11-23T02-00-00Z/report.json");

fn again(text: &str) -> String {
    let audit = read_audit(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    report(&audit, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn it_reads_the_same_in_any_layout() {
    let on_one_line: String = SAMPLE.lines().map(str::trim_start).collect();
    let with_other_line_ends = SAMPLE.replace('\n', "\r\n\t");
    let with_space_before_commas = SAMPLE.replace(",\n", " ,\n");
    let with_two_on_a_line = SAMPLE.replace("},\n            {", "}, {");
    let texts = [&on_one_line, &with_other_line_ends, &with_space_before_commas, &with_two_on_a_line];
    assert_eq!(again(SAMPLE), SAMPLE);
    for text in texts {
        assert_ne!(text, SAMPLE);
        assert_eq!(again(text), SAMPLE);
    }
}

#[test]
fn what_is_not_as_this_program_writes_it_is_said_with_its_line() {
    let line = |wanted: &str| SAMPLE.lines().position(|line| line.contains(wanted)).unwrap() + 1;
    let error = |from: &str, to: &str| {
        assert!(SAMPLE.contains(from), "{from}");
        read_audit(SAMPLE.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
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

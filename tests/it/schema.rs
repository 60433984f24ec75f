//! The published JSON Schema of `report.json` is that of the code, and every report keeps to it.
//!
//! The file is named by the schema version. A change of the types needs a new version, and with it a new file:
//! `elevenlabs-secrets-audit schema > docs/report.schema-N.json`. Only where fields were added may a file be made anew.

use std::path::{Path, PathBuf};

use elevenlabs_secrets_audit::report::{SCHEMA_VERSION, schema};
use serde_json::{Value, json};

use crate::{bundle::read_json, earlier::REPORT_OF_SCHEMA_2};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The reports that are kept as snapshots and as samples.
fn reports() -> Vec<(PathBuf, Value)> {
    let mut reports = Vec::new();
    for entry in fs_err::read_dir(root().join("tests/it/snapshots")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with("-report.json.snap") {
            let text = fs_err::read_to_string(&path).unwrap();
            let report = text.splitn(3, "---\n").nth(2).unwrap();
            reports.push((path, serde_json::from_str(report).unwrap()));
        }
    }
    for run in ["2026-11-22T02-00-00Z", "2026-11-23T02-00-00Z"] {
        let path = root().join("reports/sample").join(run).join("report.json");
        let report = read_json(&path);
        reports.push((path, report));
    }
    assert_eq!(reports.len(), 5);
    reports
}

/// The schema with every field forbidden that it does not name.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(closed);
            if object.contains_key("properties") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(array) => array.iter_mut().for_each(closed),
        _ => {}
    }
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = root().join(format!("docs/report.schema-{SCHEMA_VERSION}.json"));
    assert!(
        read_json(&path) == schema(),
        "the types of report.json have changed: raise SCHEMA_VERSION and publish the new schema beside the old"
    );
    assert_eq!(schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
}

#[test]
fn a_report_of_the_version_before_keeps_to_the_schema_that_was_published_then() {
    let report: Value = serde_json::from_str(REPORT_OF_SCHEMA_2).unwrap();
    let of_then =
        jsonschema::draft202012::new(&read_json(&root().join("docs/report.schema-2.json"))).unwrap();
    assert!(of_then.is_valid(&report));
    assert!(!jsonschema::draft202012::new(&schema()).unwrap().is_valid(&report));
}

#[test]
fn every_report_keeps_to_the_schema_and_has_no_field_beside_it() {
    let mut strict = schema();
    closed(&mut strict);
    let validator = jsonschema::draft202012::new(&strict).unwrap();
    for (path, report) in reports() {
        let problems: Vec<String> = validator
            .iter_errors(&report)
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{}: {problems:#?}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let (_, report) = reports().pop().unwrap();
    let spoilt = |spoil: fn(&mut Value)| {
        let mut spoilt = report.clone();
        spoil(&mut spoilt);
        !validator.is_valid(&spoilt)
    };
    assert!(!spoilt(|_| {}));
    assert!(spoilt(|report| report["schema_version"] = json!(1)));
    assert!(spoilt(|report| report["workspaces"][0]["secrets"][0]["verdict"] = json!("deleted")));
    assert!(spoilt(|report| report["workspaces"][0]["secrets"][0]["secret_id"] = Value::Null));
    assert!(spoilt(|report| drop(report.as_object_mut().unwrap().remove("history"))));
}

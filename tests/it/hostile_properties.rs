//! Any text at all, wherever the API can put one: every format is read back. Run them long with `PROPTEST_CASES=100000`.

use std::{borrow::Cow, collections::BTreeSet};

use chrono::DateTime;
use elevenlabs_secrets_audit::{
    audit::{Audit, Changes, History, Judged, Parameters, Rendering, Run},
    bundle::File,
    inventory::{
        DependentType, Extent, FailedWorkspace, Gap, Inventory, Missing, Observation, Reference, Relation,
        Resource, Scan, ScanOutcome, Secret, Source, View, Visibility, Workspace,
    },
    report::{self, summary},
    text::show_hidden,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use crate::inert::{csv_rows, markdown_tables, terminal_lines, unescaped};

/// What means something to one format or another.
const SPECIAL: [&str; 48] = [
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "'",
    "\"",
    ",",
    ";",
    "|",
    "`",
    "``",
    "\\",
    "[x](y)",
    "![x](y)",
    "<b>",
    "</code>",
    "<!--",
    "-->",
    "&#124;",
    "&lt;",
    "*",
    "_",
    "~~",
    "# ",
    "- ",
    "    ",
    "  ",
    "a@b.c",
    "www.a.b",
    "https://a.b",
    "\u{1b}[2J",
    "\u{9b}m",
    "\u{7}",
    "\0",
    "\u{202e}",
    "\u{200b}",
    "\u{2028}",
    "\u{feff}",
    "\u{fe0f}",
    "$",
    "{{",
    "!",
    "\u{a0}",
    "\u{2800}",
];

/// Any text, leaning to what means something. `\u{` is left out: it could not be told from what is shown so.
pub(crate) fn any_name() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => select(&SPECIAL[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z0-9 ]{1,4}",
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat().replace("\\u{", "\\u"))
}

pub(crate) fn names() -> impl Strategy<Value = Vec<String>> {
    vec(any_name(), 1..5)
}

fn resource(kind: DependentType, name: &str) -> Resource<'static> {
    let own = || Some(Cow::Owned(name.to_owned()));
    Resource {
        dependent_type: kind,
        id: Cow::Owned(format!("{name}id")),
        name: own(),
        visibility: Visibility::Available,
        access_level: own(),
        provider: own(),
        phone_number: own(),
        created_at_unix_secs: Some(0),
    }
}

/// The list of dependents of this type.
pub(crate) fn list(dependent_type: DependentType) -> Missing {
    Missing::List { dependent_type }
}

/// An inventory that has the names everywhere that a text from outside can be. Of each, one secret is in use, one is
/// not, and of one that can't be said.
pub(crate) fn inventory(names: &[String]) -> Inventory {
    let mut workspace = Workspace::new("main".to_owned(), "https://api.example".to_owned());
    workspace.scans = Source::SCANNED.map(|source| Scan::new(source, ScanOutcome::Whole)).to_vec();
    workspace.view = View { extent: Extent::Partial, signs: names.to_vec() };
    workspace.limits.push(names.concat());
    for (number, name) in names.iter().enumerate() {
        let position = workspace.secrets.len();
        let secret = |kind: &str| Secret::new(format!("{kind}{number}"), name);
        let [mut unused, mut unsure] = ["unused", "unsure"].map(secret);
        unused.confirmed = true;
        unsure.gaps.push(Gap::new(list(DependentType::Unrecognized(name.as_str().into())), name.clone()));
        workspace.secrets.extend([secret("used"), unused, unsure]);
        let kinds = [
            DependentType::Tool,
            DependentType::PhoneNumber,
            DependentType::Unrecognized(name.as_str().into()),
        ];
        let relation = |kind: &DependentType| match kind {
            DependentType::Tool => Relation::Mentioned,
            _ => Relation::Transitive,
        };
        let observations = kinds.map(|kind| Observation {
            relation: relation(&kind),
            resource: resource(kind, name),
            via: vec![Cow::Borrowed(name.as_str())],
        });
        workspace.record(position, Source::Preview, observations);
        let what = Missing::Secret { secret_id: name.clone(), is_referred_to: true };
        workspace.lookup_gaps.push(Gap::new(what, name.clone()));
        workspace.warnings.push(name.clone());
        workspace.deleted.push((name.clone(), name.clone()));
        let reference = Reference {
            secret_id: name.clone(),
            holder: resource(DependentType::Setting, name),
            via: vec![name.clone()],
            why: name.clone(),
        };
        workspace.dangling.push(reference.clone());
        workspace.not_visible.push(reference);
    }
    let mut other = Workspace::new(names[0].clone(), names[0].clone());
    other.scans = vec![Scan::new(Source::Agents, ScanOutcome::NotRead(names[0].clone().into()))];
    let failed = FailedWorkspace {
        name: names[0].clone(),
        address: names[0].clone(),
        error: names[0].clone(),
        key_refused: false,
    };
    Inventory { workspaces: vec![workspace, other], failed: vec![failed] }
}

/// The first audit of an inventory, its lists in `report.md` cut at `list_length`.
pub(crate) fn audited(inventory: Inventory, delimiter: char, search: &str, list_length: usize) -> Audit {
    judged(inventory, delimiter, search, list_length).conclude(History::default(), not_compared(), Vec::new())
}

pub(crate) fn not_compared() -> Changes {
    Changes::NotCompared("no earlier audit was at hand".to_owned())
}

/// The same before it is known what was before.
pub(crate) fn judged(inventory: Inventory, delimiter: char, search: &str, list_length: usize) -> Judged {
    let moment = DateTime::from_timestamp(1_795_399_200, 0).unwrap();
    let run = Run {
        id: "run".to_owned(),
        started_at: moment,
        finished_at: moment,
        tool_version: "0".to_owned(),
        clock: elevenlabs_secrets_audit::clock::ClockCheck::NotChecked,
    };
    let rendering = Rendering {
        csv_delimiter: delimiter,
        csv_byte_order_mark: false,
        csv_formula_escaping: true,
        list_length,
    };
    let parameters = Parameters {
        page_size: 100,
        dependency_limit: 20,
        max_dependency_limit: 100,
        search: search.to_owned(),
        deep: elevenlabs_secrets_audit::collect::Deep::Auto,
        archived_branches: elevenlabs_secrets_audit::collect::ArchivedBranches::Auto,
        partial_view: elevenlabs_secrets_audit::audit::PartialView::Accept,
        allow_empty: false,
        population_drop: elevenlabs_secrets_audit::audit::OnPopulationDrop::Incomplete,
        unused_after_days: 0,
        ignores_waivers: false,
        redact: Vec::new(),
        rendering,
    };
    Judged::of(inventory, run, parameters)
}

/// What a file of the bundle holds.
pub(crate) fn written(file: File, audit: &Audit) -> Vec<u8> {
    let mut bytes = Vec::new();
    report::write(file, audit, &mut bytes).unwrap();
    bytes
}

fn column(rows: &[Vec<String>], name: &str) -> BTreeSet<String> {
    let at = rows[0].iter().position(|column| column == name).unwrap();
    rows[1..].iter().map(|row| unescaped(&row[at])).collect()
}

proptest! {
    #[test]
    fn csv_gives_any_name_back_from_one_cell(names in names(), delimiter in select(&[',', ';', '\t', '|'][..])) {
        let audit = audited(inventory(&names), delimiter, "", 250);
        let byte = u8::try_from(delimiter).unwrap();
        let expected: BTreeSet<String> = names.iter().cloned().collect();
        let secrets = csv_rows(&written(File::SecretsCsv, &audit), byte);
        prop_assert_eq!(secrets.len(), 1 + 3 * names.len());
        prop_assert_eq!(column(&secrets, "secret_name"), expected.clone());
        let dependents = csv_rows(&written(File::DependentsCsv, &audit), byte);
        for name in ["access_level", "provider", "phone_number", "via", "dependent_name"] {
            let mut found = column(&dependents, name);
            // Secrets without any have a row of empty cells.
            prop_assert!(found.remove(""));
            let mut named = expected.clone();
            named.remove("");
            prop_assert_eq!(found, named);
        }
    }

    #[test]
    fn markdown_shows_any_name_in_its_cell_and_nothing_of_it_is_active(names in names(), search in any_name()) {
        let audit = audited(inventory(&names), ',', &search, 250);
        let tables = markdown_tables(&String::from_utf8(written(File::Markdown, &audit)).unwrap());
        let unused = tables.iter().find(|table| table[0].get(3).is_some_and(|column| column == "Unused since")).unwrap();
        let mut sorted: Vec<(&String, usize)> = names.iter().zip(0..).collect();
        sorted.sort_by_key(|(name, number)| ((*name).clone(), format!("unused{number}")));
        prop_assert_eq!(unused.len(), 1 + names.len());
        for (row, (name, number)) in unused[1..].iter().zip(sorted) {
            let expected = if name.is_empty() { Cow::Borrowed("(none)") } else { show_hidden(name, &[]) };
            prop_assert_eq!(row[1].trim(), expected.trim());
            prop_assert_eq!(&row[2], &format!("unused{number}"));
        }
    }

    #[test]
    fn json_keeps_any_name_as_it_is(names in names()) {
        let audit = audited(inventory(&names), ',', "", 250);
        let report: Value = serde_json::from_slice(&written(File::Json, &audit)).unwrap();
        let workspaces = report["workspaces"].as_array().unwrap();
        let main = workspaces.iter().find(|one| one["address"] == "https://api.example").unwrap();
        for (number, name) in names.iter().enumerate() {
            let secrets = main["secrets"].as_array().unwrap();
            let one = secrets.iter().find(|one| one["secret_id"] == format!("used{number}")).unwrap();
            prop_assert_eq!(&one["name"], name);
            prop_assert_eq!(&one["dependents"][0]["name"], name);
            prop_assert_eq!(&one["dependents"][0]["via"][0], name);
        }
        let mut sorted = names.clone();
        sorted.sort();
        let deleted: Vec<&Value> =
            main["deleted_secrets"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        prop_assert_eq!(deleted, sorted.iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_terminal_shows_any_name_on_one_line(names in names(), search in any_name()) {
        let lines = |names: &[String], search: &str| {
            let mut bytes = Vec::new();
            summary(&audited(inventory(names), ',', search, 250), "out/run", &mut bytes).unwrap();
            terminal_lines(&String::from_utf8(bytes).unwrap())
        };
        // As many lines as plain names take.
        let plain = vec!["a".to_owned(); names.len()];
        let plain_search = if search.is_empty() { "" } else { "a" };
        prop_assert_eq!(lines(&names, &search).len(), lines(&plain, plain_search).len());
    }
}

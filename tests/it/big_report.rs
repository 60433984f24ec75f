//! `report.md` of a workspace that is too big for it: what matters stands there whole, of the rest as much as there is
//! room for, and what is left out is counted.

use std::borrow::Cow;

use elevenlabs_secrets_audit::{
    bundle::File,
    inventory::{
        DependentType, Gap, Inventory, Observation, Reference, Relation, Resource, Scan, ScanOutcome, Secret,
        Source, Visibility, Why, Workspace,
    },
};

use crate::{
    hostile_properties::{audited, list, written},
    inert::markdown_tables,
};

/// Where GitHub stops is a little above.
const ABOUT_400_KB: usize = 410_000;

/// How many of each there are.
const USED: usize = 3_000;
const UNUSED: usize = 300;
const UNDETERMINED: usize = 300;
const OTHERS: usize = 700;

fn holder(name: &str) -> Resource<'static> {
    Resource {
        name: Some(Cow::Owned(name.to_owned())),
        visibility: Visibility::Available,
        ..Resource::unknown(DependentType::Agent, name.to_owned())
    }
}

/// A workspace with too much of everything, whose names have this many characters or more.
fn big(length: usize) -> Inventory {
    let name = |word: &str, number: usize| format!("{word} {number} {}", "|".repeat(length));
    let mut workspace = Workspace::new("main".to_owned(), "https://api.example".to_owned());
    workspace.scans = Source::SCANNED.map(|source| Scan::new(source, ScanOutcome::Whole)).to_vec();
    for number in 0..UNUSED {
        let mut unused = Secret::new(format!("unused{number}"), format!("UNUSED_{number}"));
        unused.confirmed = true;
        workspace.secrets.push(unused);
    }
    for number in 0..UNDETERMINED {
        let mut unsure = Secret::new(format!("unsure{number}"), format!("UNSURE_{number}"));
        unsure.gaps.push(Gap::new(list(DependentType::Agent), Why::Cut(100)));
        workspace.secrets.push(unsure);
    }
    for number in 0..USED {
        let position = workspace.secrets.len();
        let mut used = Secret::new(format!("used{number}"), name("USED", number));
        used.gaps.extend((number < OTHERS).then(|| Gap::new(list(DependentType::Tool), name("gap", number))));
        workspace.secrets.push(used);
        let observation = |one: usize| Observation {
            resource: holder(&name("dependent", one)),
            relation: Relation::Direct,
            via: Vec::new(),
        };
        workspace.record(position, Source::Preview, (number..number + 3).map(observation));
    }
    for number in 0..OTHERS {
        let reference = Reference {
            secret_id: name("missing", number),
            holder: holder(&name("holder", number)),
            via: vec![name("place", number)],
            why: "there is no such secret".to_owned(),
        };
        workspace.dangling.push(reference.clone());
        workspace.not_visible.push(reference);
        workspace.deleted.push((name("gone", number), name("GONE", number)));
        workspace.warnings.push(name("note", number));
    }
    Inventory { workspaces: vec![workspace], failed: Vec::new() }
}

/// How many are left out of a list, by what the line after it says.
fn left_out(section: &str, what: &str) -> usize {
    let line = section.lines().find(|line| line.starts_with("*… and ") && line.contains(what));
    line.map_or(0, |line| line.split_whitespace().nth(2).unwrap().parse().unwrap())
}

/// The part of a file under the heading that begins so.
fn section<'a>(markdown: &'a str, heading: &str) -> &'a str {
    let start = markdown.find(&format!("\n{heading}")).unwrap() + 1;
    let rest = &markdown[start..];
    let end = rest[3..].find("\n## ").or_else(|| rest[3..].find("\n### ")).map_or(rest.len(), |at| at + 4);
    let sub = rest[3..].find("\n### ").map_or(rest.len(), |at| at + 4);
    &rest[..end.min(sub)]
}

fn lines_that_begin(section: &str, with: &str) -> usize {
    section.lines().filter(|line| line.starts_with(with)).count()
}

#[test]
fn what_matters_is_whole_and_what_is_left_out_is_counted() {
    for (length, list_length) in [(1, 250), (60, 250), (60, 100_000), (3_000, 100_000), (10_000, 250)] {
        let audit = audited(big(length), ',', "", list_length);
        let markdown = String::from_utf8(written(File::Markdown, &audit)).unwrap();
        assert!(markdown.len() < ABOUT_400_KB, "names of {length}: {} bytes", markdown.len());
        markdown_tables(&markdown);
        // A row for the header, and one below it.
        let rows = |section: &str| lines_that_begin(section, "| ") - 1;
        assert_eq!(rows(section(&markdown, "## Unused secrets (300)")), UNUSED);
        assert_eq!(rows(section(&markdown, "## Undetermined secrets (300)")), UNDETERMINED);
        for heading in
            ["## Dangling references (700)", "## References to secrets that could not be read (700)"]
        {
            let section = section(&markdown, heading);
            assert_eq!(rows(section) + left_out(section, "references"), OTHERS, "{heading} {length}");
        }
        let deleted = section(&markdown, "## Deleted during the audit (700)");
        assert_eq!(lines_that_begin(deleted, "- ") + left_out(deleted, "secrets"), OTHERS);
        let gaps = section(&markdown, "### What could not be read");
        assert_eq!(lines_that_begin(gaps, "- ") + left_out(gaps, "gaps"), UNDETERMINED + OTHERS);
        let notes = section(&markdown, "### Worth knowing");
        assert_eq!(lines_that_begin(notes, "- ") + left_out(notes, "notes"), OTHERS);
        let all = section(&markdown, "## All secrets of");
        assert_eq!(rows(all) + left_out(all, "more secrets"), USED + UNUSED + UNDETERMINED);
        let uses = section(&markdown, "### What uses each secret");
        assert_eq!(lines_that_begin(uses, "<details>") + left_out(uses, "secrets that are in use"), USED);
    }
}

//! What the first screen of each report says beside the answer: what may hide a use from the key, and what the verdicts
//! rest on.

use elevenlabs_secrets_audit::{
    audit::{Audit, Evidence, PartialView},
    bundle::File,
    collect::Deep,
    inventory::{
        DependentType, Extent, Inventory, Observation, Relation, Resource, Scan, ScanOutcome, Secret, Source,
        View, Workspace,
    },
    report::{read_audit, summary},
};
use serde_json::{Value, json};

use crate::{
    hostile_properties::{audited, written},
    html::{page_of, texts},
    inert::csv_rows,
    metrics::samples,
};

/// A workspace with one secret that nothing uses, of which the key sees so much.
fn workspace(name: &str, extent: Extent, signs: &[&str]) -> Workspace {
    let mut workspace = Workspace::new(name.to_owned(), "https://api.example".to_owned());
    workspace.scans = Source::SCANNED.map(|source| Scan::new(source, ScanOutcome::Whole)).to_vec();
    workspace.view = View { extent, signs: signs.iter().map(|&sign| sign.to_owned()).collect() };
    let mut secret = Secret::new("sec_1", "key");
    secret.confirmed = true;
    workspace.secrets.push(secret);
    workspace
}

/// The same, its tools and agents left out.
fn listed(name: &str) -> Workspace {
    let mut workspace = workspace(name, Extent::Full, &[]);
    for scan in &mut workspace.scans {
        if matches!(scan.source, Source::Tools | Source::Agents) {
            scan.outcome = ScanOutcome::NotPartOfThisAudit;
        }
    }
    workspace
}

fn audit_of(workspaces: Vec<Workspace>) -> Audit {
    audited(Inventory { workspaces, failed: Vec::new() }, ',', "", 250)
}

fn markdown(audit: &Audit) -> String {
    String::from_utf8(written(File::Markdown, audit)).unwrap()
}

fn terminal(audit: &Audit) -> String {
    let mut bytes = Vec::new();
    summary(audit, "out", &mut bytes).unwrap();
    String::from_utf8(anstream::adapter::strip_bytes(&bytes).into_vec()).unwrap()
}

/// The lines of the box in the page.
fn facts(audit: &Audit) -> Vec<String> {
    texts(&page_of(audit), ".rests li")
}

/// Each format says this, as it shows it; nobody has to scroll for it.
fn all_say(audit: &Audit, in_markdown: &str, on_a_terminal: &str, on_the_page: &str) {
    let (text, said) = (markdown(audit), terminal(audit));
    let first = text.split("| Workspace | Secrets |").next().unwrap();
    assert!(first.contains(in_markdown), "{first}");
    let first = said.split("\nunused (").next().unwrap();
    assert!(first.contains(on_a_terminal), "{first}");
    let page = page_of(audit);
    let first: Vec<String> = [texts(&page, ".rests li"), texts(&page, "header p.banner")].concat();
    assert!(first.iter().any(|one| one == on_the_page), "{first:#?}");
}

#[test]
fn where_the_lists_of_the_api_are_all_that_unused_rests_on_every_first_screen_says_so() {
    let mut audit = audit_of(vec![listed("main")]);
    audit.parameters.deep = Deep::Never;
    all_say(
        &audit,
        "- Tools and agents were not looked into (`deep = \"never\"`): the unused secret rests on the API's own lists \
         (evidence: `listed`).",
        "note  Tools and agents were not looked into (deep = \"never\"): the unused secret rests on the API's own lists \
         (evidence: listed)\n",
        "Tools and agents were not looked into (deep = \"never\"): the unused secret rests on the API's own lists \
         (evidence: listed).",
    );
    let two = audit_of(vec![listed("one"), listed("two")]);
    assert!(facts(&two)[0].contains("the 2 unused secrets rest on"), "{:?}", facts(&two));
    let mixed = audit_of(vec![listed("one"), workspace("two", Extent::Full, &[])]);
    assert!(facts(&mixed)[0].contains("1 of the 2 unused secrets rests on"), "{:?}", facts(&mixed));
    let inspected = audit_of(vec![workspace("main", Extent::Full, &[])]);
    for text in [markdown(&inspected), terminal(&inspected), facts(&inspected).concat()] {
        assert!(!text.contains("not looked into"), "{text}");
    }
}

#[test]
fn a_view_that_is_full_is_a_quiet_fact() {
    let audit = audit_of(vec![workspace("main", Extent::Full, &["seat_type is workspace_admin"])]);
    let words = "The key sees the whole workspace: its user is a workspace admin";
    all_say(&audit, &format!("- {words}."), &format!("view  {words}\n"), &format!("{words}."));
    assert_eq!(texts(&page_of(&audit), ".rests li.aside"), [format!("{words}.")]);
    assert!(!terminal(&audit).contains("warning"));
}

#[test]
fn a_view_that_is_not_known_is_said_with_how_to_make_it_full() {
    let audit = audit_of(vec![workspace("main", Extent::NotKnown, &[])]);
    let words = "It is not known whether the key sees everything: what is not shared with its user would be missing here. A \
                 key of a workspace admin, limited to convai_read, sees everything";
    let coded = words.replace("convai_read", "`convai_read`");
    all_say(&audit, &format!("- {coded}."), &format!("note  {words}\n"), &format!("{words}."));
}

#[test]
fn of_many_workspaces_each_extent_is_one_line() {
    let names = ["a", "b", "c", "d", "e"];
    let mut workspaces: Vec<Workspace> =
        names.iter().map(|name| workspace(name, Extent::NotKnown, &[])).collect();
    workspaces.push(workspace("z", Extent::Full, &[]));
    let audit = audit_of(workspaces);
    let facts = facts(&audit);
    assert_eq!(facts.len(), 2);
    assert!(facts[0].starts_with("a, b, c, and 2 more: It is not known"), "{facts:?}");
    assert!(facts[1].starts_with("z: The key sees the whole workspace"), "{facts:?}");
    assert!(markdown(&audit).contains("- `a`, `b`, `c`, and 2 more: It is not known"));
    assert!(terminal(&audit).contains("note  a, b, c, and 2 more: It is not known"));
}

#[test]
fn a_partial_view_is_a_warning_with_its_first_signs_and_what_to_do() {
    let signs = ["agent `x`|y is unknown", "tool <b> is not listed", "third", "fourth", "fifth"];
    let mut audit = audit_of(vec![workspace("main", Extent::Partial, &signs)]);
    audit.parameters.partial_view = PartialView::Undetermined;
    all_say(
        &audit,
        "> **Only a part is visible in `main`:** something exists that this key may not see: <code>agent \
         &#96;x&#96;&#124;y is unknown</code>; <code>tool &#60;b&#62; is not listed</code>; `third`; and 2 more. No secret is called unused",
        "warning  workspace main: something exists that this key may not see: agent `x`|y is unknown; tool <b> is not \
         listed; third; and 2 more. No secret is called unused as long as that is so. Use a key of a workspace admin, \
         limited to convai_read; or share with the key's user what is named; or accept it with [audit] partial_view = \
         \"accept\"\n",
        "Only a part is visible in main something exists that this key may not see: agent `x`|y is unknown; tool <b> is \
         not listed; third; and 2 more. No secret is called unused as long as that is so. Use a key of a workspace \
         admin, limited to convai_read; or share with the key's user what is named; or accept it with [audit] \
         partial_view = \"accept\".",
    );
    audit.parameters.partial_view = PartialView::Accept;
    for text in [markdown(&audit), terminal(&audit), texts(&page_of(&audit), "header p.banner").concat()] {
        assert!(
            text.contains("The configuration accepts that") && !text.contains("No secret is called"),
            "{text}"
        );
    }
}

#[test]
fn what_could_not_be_read_at_all_is_named_once_for_all_that_it_is_true_of() {
    let limit = "12 archived branches: the API does not show them";
    let mut workspaces = Vec::from(["a", "b"].map(|name| workspace(name, Extent::Full, &[])));
    workspaces.iter_mut().for_each(|workspace| workspace.limits.push(limit.to_owned()));
    workspaces[1].limits.push("1 draft <i>".to_owned());
    let audit = audit_of(workspaces);
    let facts = facts(&audit);
    assert_eq!(&facts[..2], ["b: 1 draft <i>", limit].map(str::to_owned));
    assert!(
        markdown(&audit).contains(&format!("- `{limit}`\n"))
            && markdown(&audit).contains("- `b`: <code>1 draft &#60;i&#62;</code>\n")
    );
    assert!(terminal(&audit).contains(&format!("note  {limit}\n")));
}

#[test]
fn a_workspace_that_shows_no_secret_is_a_warning_and_what_could_not_be_read() {
    let audit = audit_of(vec![Workspace::new("main".to_owned(), "https://api.example".to_owned())]);
    let words = audit.workspaces[0].empty_in_words().unwrap();
    let words = words.trim_end_matches('.');
    all_say(
        &audit,
        &format!("> **No secret to audit in `main`:** {words}.\n"),
        &format!("warning  workspace main: {words}\n"),
        &format!("No secret to audit in main {words}. "),
    );
    assert!(!audit.is_complete());
    for text in [markdown(&audit), texts(&page_of(&audit), ".gaps li").concat()] {
        assert!(text.contains(&format!(": its secrets: {words}")), "{text}");
        assert!(!text.contains("lost access"), "nothing was there to be lost: {text}");
    }
}

#[test]
fn files_for_programs_hold_all_of_it_and_give_it_back() {
    let signs = ["1", "2", "3", "4"];
    let mut partial = workspace("main", Extent::Partial, &signs);
    partial.limits.push("a limit".to_owned());
    let audit = audit_of(vec![partial, listed("other")]);
    let json = written(File::Json, &audit);
    let report: Value = serde_json::from_slice(&json).unwrap();
    let main = &report["workspaces"][0];
    assert_eq!(main["view"], json!({"extent": "partial", "signs": signs}));
    assert_eq!((&main["limits"], &main["unexpectedly_empty"]), (&json!(["a limit"]), &json!(false)));
    let of = |at: usize| report["workspaces"][at]["secrets"][0]["evidence"].clone();
    assert_eq!((of(0), of(1)), (json!("inspected"), json!("listed")));

    let again = read_audit(json.as_slice()).unwrap();
    assert!(written(File::Json, &again) == json);
    assert_eq!(again.workspaces[0].view(), audit.workspaces[0].view());
    assert_eq!(again.workspaces[0].limits(), ["a limit"]);
    assert_eq!(again.secrets().nth(1).unwrap().evidence(), Some(Evidence::Listed));

    let samples = samples(&String::from_utf8(written(File::Metrics, &audit)).unwrap());
    for (workspace, holds) in [("main", "partial"), ("other", "full")] {
        for extent in Extent::ALL.map(Extent::as_str) {
            let value = f64::from(u8::from(extent == holds));
            assert_eq!(samples[&format!("view{{extent={extent},workspace={workspace}}}")], value);
        }
    }
}

#[test]
fn a_mention_is_a_row_with_its_path_and_an_unused_secret_says_what_that_rests_on() {
    let mut workspace = workspace("main", Extent::Full, &[]);
    workspace.secrets.push(Secret::new("sec_2", "mentioned"));
    let path = "=tool_config.<b>|`x`";
    let resource = Resource { name: Some("Code".into()), ..Resource::unknown(DependentType::Tool, "tool_1") };
    let observation = Observation { resource, relation: Relation::Mentioned, via: vec![path.into()] };
    workspace.record(1, Source::Tools, [observation]);
    let audit = audit_of(vec![workspace]);

    let rows = csv_rows(&written(File::SecretsCsv, &audit), b',');
    assert_eq!(rows[0].last().unwrap(), "evidence");
    let evidence: Vec<(&str, &str)> =
        rows[1..].iter().map(|row| (row[1].as_str(), row.last().unwrap().as_str())).collect();
    assert_eq!(evidence, [("sec_1", "inspected"), ("sec_2", "")]);

    let rows = csv_rows(&written(File::DependentsCsv, &audit), b',');
    let row = rows.iter().find(|row| row[1] == "sec_2").unwrap();
    assert_eq!((row[9].as_str(), row[10].as_str()), ("mentioned", "'=tool_config.<b>|`x`"));
    let escaped = "mentioned, at <code>&#61;tool&#95;config&#46;&#60;b&#62;&#124;&#96;x&#96;</code>";
    assert!(markdown(&audit).contains(escaped), "{}", markdown(&audit));
    assert_eq!(texts(&page_of(&audit), ".opened td:nth-child(4)"), [format!("mentioned, at {path}")]);
    let report: Value = serde_json::from_slice(&written(File::Json, &audit)).unwrap();
    let dependent = &report["workspaces"][0]["secrets"][1]["dependents"][0];
    assert_eq!((&dependent["relation"], &dependent["via"]), (&json!("mentioned"), &json!([path])));
}

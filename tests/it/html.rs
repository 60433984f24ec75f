//! `report.html`, read back as a browser would: names are text in it, its policy allows what it holds and nothing more,
//! and it stays small.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use elevenlabs_secrets_audit::{
    audit::Audit,
    bundle::File,
    inventory::{
        DependentType, Gap, Inventory, Observation, Relation, Resource, Scan, ScanOutcome, Secret, Source,
        Visibility, Why, Workspace,
    },
    text::show_hidden,
};
use proptest::prelude::*;
use scraper::{ElementRef, Html, Selector};
use sha2::{Digest, Sha256};

use crate::{
    hostile_properties::{any_name, audited, inventory, list, names, written},
    inert::html_page,
};

pub(crate) fn page_of(audit: &Audit) -> Html {
    html_page(&String::from_utf8(written(File::Html, audit)).unwrap())
}

pub(crate) fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

pub(crate) fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

pub(crate) fn texts(page: &Html, selector: &str) -> Vec<String> {
    all(page, selector).into_iter().map(text).collect()
}

/// The texts of what is found within an element.
pub(crate) fn inner_texts(element: ElementRef<'_>, selector: &str) -> Vec<String> {
    element.select(&Selector::parse(selector).unwrap()).map(text).collect()
}

/// What is shown of a name.
pub(crate) fn shown(name: &str) -> Cow<'_, str> {
    if name.is_empty() { "(none)".into() } else { show_hidden(name, &[]) }
}

proptest! {
    #[test]
    fn any_name_is_text_where_it_belongs_and_makes_no_element(names in names(), search in any_name()) {
        let page = page_of(&audited(inventory(&names), ',', &search, 250));
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        let expected: Vec<Cow<'_, str>> = sorted.iter().map(|name| shown(name)).collect();
        prop_assert_eq!(texts(&page, ".review th bdi"), expected.clone());
        for class in ["unused", "undetermined", "in-use"] {
            let found = texts(&page, &format!("#secrets > tbody.{class} > tr > th > bdi"));
            prop_assert_eq!(found, expected.clone());
        }
        let via = texts(&page, ".opened td:nth-child(4) code");
        prop_assert_eq!(via.len(), 3 * names.len());
        prop_assert!(via.iter().all(|one| names.iter().any(|name| *one == show_hidden(name, &[]))));
        if !search.is_empty() {
            prop_assert_eq!(&texts(&page, ".banner code")[0], &show_hidden(&search, &[]));
        }
    }
}

/// A secret of each verdict, and a workspace without any.
fn small() -> Audit {
    audited(inventory(&["key".to_owned()]), ',', "", 250)
}

#[test]
fn the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() {
    let page = page_of(&small());
    let sum = |selector: &str| STANDARD.encode(Sha256::digest(&texts(&page, selector)[0]));
    let policy = all(&page, "meta[http-equiv=Content-Security-Policy]")[0].attr("content").unwrap();
    let expected = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        sum("style"),
        sum("script")
    );
    assert_eq!(policy, expected);
}

#[test]
fn the_same_audit_gives_the_same_page() {
    assert!(written(File::Html, &small()) == written(File::Html, &small()));
}

#[test]
fn the_figures_are_those_of_the_audit() {
    let audit = small();
    let page = page_of(&audit);
    let figures: Vec<&str> =
        all(&page, ".figures data").into_iter().map(|data| data.attr("value").unwrap()).collect();
    let totals = audit.totals();
    let expected = [totals.unused, totals.undetermined, totals.in_use, totals.secrets, totals.dependents];
    assert_eq!(figures, expected.map(|figure| figure.to_string()));
    assert_eq!(all(&page, "#secrets > tbody").len(), totals.secrets);
    assert_eq!(all(&page, "#secrets .opened tbody tr").len(), totals.dependents);
}

#[test]
fn every_table_has_a_caption_and_headers_with_a_scope_and_every_picture_words() {
    let page = page_of(&small());
    for table in all(&page, "main table") {
        let is_opened =
            table.ancestors().filter_map(ElementRef::wrap).any(|one| one.attr("class") == Some("opened"));
        let select = |selector: &str| table.select(&Selector::parse(selector).unwrap()).count();
        assert!(is_opened || select("caption") > 0, "{}", table.html());
        assert!(select("thead th") > 0 && select("th:not([scope])") == 0, "{}", table.html());
    }
    let pictures = all(&page, "svg[role=img]");
    assert!(!pictures.is_empty());
    for picture in pictures {
        for id in picture.attr("aria-labelledby").unwrap().split(' ') {
            assert!(!texts(&page, &format!("#{id}"))[0].is_empty(), "{id}");
        }
    }
    for link in all(&page, "a") {
        assert_eq!(all(&page, link.attr("href").unwrap()).len(), 1, "{}", link.html());
    }
}

#[test]
fn the_sections_come_in_the_order_in_which_a_reviewer_asks() {
    let page = page_of(&small());
    let sections: Vec<&str> =
        all(&page, "h2").into_iter().map(|heading| heading.attr("id").unwrap()).collect();
    assert_eq!(
        sections,
        [
            "pictures",
            "unused",
            "undetermined",
            "changes",
            "waivers",
            "dangling",
            "not-visible",
            "deleted",
            "secrets-heading",
            "coverage",
            "limits",
            "words",
            "parameters",
        ]
    );
    assert_eq!(all(&page, "h1").len(), 1);
}

/// Many secrets with many dependents, whose names have this many characters or more.
fn huge(secrets: usize, each: usize, length: usize) -> Inventory {
    let mut workspace = Workspace::new("main".to_owned(), "https://api.example".to_owned());
    workspace.scans = Source::SCANNED.map(|source| Scan::new(source, ScanOutcome::Whole)).to_vec();
    for number in 0..secrets {
        let [mut unused, mut unsure] = ["unused", "unsure"]
            .map(|kind| Secret::new(format!("{kind}{number}"), format!("{kind} {number}")));
        unused.confirmed = true;
        unsure.gaps.push(Gap::new(list(DependentType::Agent), Why::Cut(100)));
        workspace.secrets.extend([unused, unsure]);
        let position = workspace.secrets.len();
        workspace.secrets.push(Secret::new(format!("used{number}"), format!("used {number}")));
        let observation = |one: usize| Observation {
            resource: Resource {
                name: Some(Cow::Owned("&".repeat(length))),
                visibility: Visibility::Available,
                ..Resource::unknown(DependentType::Agent, format!("agent{one}"))
            },
            relation: Relation::Direct,
            via: Vec::new(),
        };
        workspace.record(position, Source::Preview, (0..each).map(observation));
    }
    Inventory { workspaces: vec![workspace], failed: Vec::new() }
}

/// A page that mail still takes.
pub(crate) const FIFTEEN_MEGABYTES: usize = 15_000_000;

#[test]
fn a_huge_audit_stays_small_and_only_dependents_are_left_out_and_counted() {
    let audit = audited(huge(400, 300, 100), ',', "", 250);
    let bytes = written(File::Html, &audit);
    assert!(bytes.len() < FIFTEEN_MEGABYTES, "{}", bytes.len());
    let page = html_page(&String::from_utf8(bytes).unwrap());
    assert_eq!(all(&page, ".review tbody").len(), 400);
    assert_eq!(all(&page, "#secrets > tbody").len(), 1_200);
    let opened = all(&page, "#secrets .opened");
    assert_eq!(opened.len(), 400);
    for one in opened {
        let select = |selector: &str| one.select(&Selector::parse(selector).unwrap()).collect::<Vec<_>>();
        let shown = select("tbody > tr").len();
        let line = text(select(".left-out")[0]);
        assert_eq!(
            line,
            format!(
                "… and {} more, left out here for length; see dependents.csv and report.json.",
                300 - shown
            )
        );
        assert!(shown > 0);
    }
}

#[test]
fn what_is_not_in_use_is_never_cut_and_what_is_comes_last() {
    let mut inventory = huge(300, 1, 1);
    for secret in &mut inventory.workspaces[0].secrets {
        if secret.id.starts_with("used") {
            secret.name = "x".repeat(60_000);
        }
    }
    let page = page_of(&audited(inventory, ',', "", 250));
    assert_eq!(all(&page, ".review tbody").len(), 300);
    assert_eq!(all(&page, "#secrets > tbody:is(.unused, .undetermined)").len(), 600);
    let in_use = all(&page, "#secrets > tbody.in-use").len();
    assert!(in_use < 300);
    let line = texts(&page, ".left-out").pop().unwrap();
    assert!(line.starts_with(&format!("… and {} more secrets, left out", 300 - in_use)), "{line}");
}

//! `report.html` in Chromium, opened from disk as a reviewer does. Skipped where there is none, unless
//! `REQUIRE_BROWSER` is set, as it is in `.ci/run`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use elevenlabs_secrets_audit::{
    audit::{Audit, History, Verdict, WorkspaceRecord},
    bundle::File,
};
use headless_chrome::{
    Browser, LaunchOptions, Tab,
    browser::default_executable,
    protocol::cdp::{
        Emulation, Network,
        types::{Event, Method},
    },
    types::PrintToPdfOptions,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    hostile,
    hostile_properties::{audited, inventory, judged, not_compared, written},
};

/// After this long the browser hangs, whatever the machine.
const TOO_LONG: Duration = Duration::from_secs(120);

/// What the browser tells assistive technology of the page. The crate's own type knows fewer words than Chromium uses.
#[derive(Debug, serde::Serialize)]
struct AccessibilityTree {}

impl Method for AccessibilityTree {
    const NAME: &'static str = "Accessibility.getFullAXTree";
    type ReturnObject = Value;
}

/// A page in a browser, and what the browser had to say about it.
struct Opened {
    tab: Arc<Tab>,
    heard: Arc<Mutex<Vec<String>>>,
    url: String,
    _browser: Browser,
    _directory: TempDir,
}

/// Opens the page of an audit. `None` where there is no browser.
fn open(audit: &Audit, with_script: bool) -> Option<Opened> {
    let required = std::env::var_os("REQUIRE_BROWSER").is_some();
    let path = match default_executable() {
        Ok(path) => path,
        Err(why) => {
            assert!(!required, "no Chromium, and REQUIRE_BROWSER is set: {why}");
            println!("SKIPPED: there is no Chromium to open report.html in: {why}");
            return None;
        }
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("report.html");
    fs_err::write(&file, written(File::Html, audit)).unwrap();
    let options = LaunchOptions::default_builder()
        .path(Some(path))
        // A sandbox needs what containers often don't give. Nothing is opened but this program's own page.
        .sandbox(false)
        .idle_browser_timeout(TOO_LONG)
        .build()
        .unwrap();
    let browser = Browser::new(options).unwrap();
    let tab = browser.new_tab().unwrap();
    tab.set_default_timeout(TOO_LONG);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    tab.enable_log().unwrap().enable_runtime().unwrap();
    tab.call_method(Network::Enable {
        max_total_buffer_size: None,
        max_resource_buffer_size: None,
        max_post_data_size: None,
        report_direct_socket_traffic: None,
        enable_durable_messages: None,
    })
    .unwrap();
    tab.add_event_listener(Arc::new(move |event: &Event| {
        let said = match event {
            Event::NetworkRequestWillBeSent(event) => format!("request {}", event.params.request.url),
            Event::LogEntryAdded(event) => format!("log {}", event.params.entry.text),
            Event::RuntimeConsoleAPICalled(event) => format!("console {:?}", event.params.args),
            Event::RuntimeExceptionThrown(event) => format!("exception {:?}", event.params.exception_details),
            Event::PageJavascriptDialogOpening(event) => format!("dialog {}", event.params.message),
            _ => return,
        };
        hearing.lock().unwrap().push(said);
    }))
    .unwrap();
    if !with_script {
        tab.call_method(Emulation::SetScriptExecutionDisabled { value: true }).unwrap();
    }
    let url = format!("file://{}", file.display());
    tab.navigate_to(&url).unwrap().wait_until_navigated().unwrap();
    Some(Opened { tab, heard, url, _browser: browser, _directory: directory })
}

impl Opened {
    /// What an expression gives in the page.
    fn value(&self, expression: &str) -> Value {
        let json = self.tab.evaluate(&format!("JSON.stringify({expression})"), false).unwrap();
        serde_json::from_str(json.value.unwrap().as_str().unwrap()).unwrap()
    }

    /// Waits until an expression holds in the page.
    fn until(&self, expression: &str) {
        let promise = format!(
            "new Promise(done => {{ const look = () => ({expression}) ? done(true) : requestAnimationFrame(look); look(); }})"
        );
        self.tab.evaluate(&promise, true).unwrap();
    }

    /// The names of the secrets that show, in order.
    fn names(&self) -> Vec<String> {
        let names = self.value(
            "Array.from(document.querySelectorAll('#secrets > tbody:not([hidden]) > tr > th > bdi'), it => it.textContent)",
        );
        serde_json::from_value(names).unwrap()
    }

    fn click(&self, selector: &str) {
        self.tab.find_element(selector).unwrap().click().unwrap();
    }

    /// The browser asked for the page itself and had nothing to say about it.
    fn was_quiet(&self) {
        assert_eq!(*self.heard.lock().unwrap(), [format!("request {}", self.url)]);
    }
}

/// Three secrets of each verdict; of the unused, `beta 9` is so for the longest time, and `alpha` from now on.
fn some() -> Audit {
    let judged = judged(inventory(&["beta 10", "alpha", "beta 9"].map(str::to_owned)), ',', "", 250);
    let days_ago = |days| {
        let at = judged.run.started_at - TimeDelta::days(days);
        let mut known = WorkspaceRecord::default();
        known.observe("", "", Verdict::Unused, at);
        known.secrets[""].clone()
    };
    let secrets = [("unused0", 9), ("unused2", 10)].map(|(id, days)| (id.to_owned(), days_ago(days)));
    let known = WorkspaceRecord { secrets: secrets.into(), ..WorkspaceRecord::default() };
    let workspaces = [("main".to_owned(), known)].into();
    judged.conclude(History { workspaces, ..History::default() }, not_compared(), Vec::new())
}

#[test]
fn the_page_loads_from_disk_sorts_filters_and_opens_without_a_request_or_a_complaint() {
    let Some(page) = open(&some(), true) else { return };
    page.until("document.getElementById('shown').textContent === '9 of 9 shown'");
    assert_eq!(
        page.names()[..3],
        ["alpha", "beta 10", "beta 9"],
        "unused first, in the order of every report"
    );

    page.click("#secrets > thead th:first-child button");
    page.until("document.querySelector('#secrets th').getAttribute('aria-sort') === 'ascending'");
    assert_eq!(page.names().first().unwrap(), "alpha");
    assert_eq!(page.names()[3..6], ["beta 9", "beta 9", "beta 9"], "numbers in names count as numbers");
    page.click("#secrets > thead th:first-child button");
    page.until("document.querySelector('#secrets th').getAttribute('aria-sort') === 'descending'");
    assert_eq!(page.names().first().unwrap(), "beta 10");

    page.click("#secrets > thead th:last-child button");
    page.until("document.querySelector('#secrets th:last-child').getAttribute('aria-sort') === 'descending'");
    let in_use = page.value("Array.from(document.querySelectorAll('#secrets > tbody'), it => it.className)");
    assert_eq!(in_use[2], "in-use", "those with dependents come first");
    assert_ne!(in_use[3], "in-use");

    page.click("#secrets > thead th:nth-child(5) button");
    page.until(
        "document.querySelector('#secrets th:nth-child(5)').getAttribute('aria-sort') === 'descending'",
    );
    assert_eq!(
        page.names()[..3],
        ["beta 9", "beta 10", "alpha"],
        "those that are unused for the longest time come first, and those that are not unused last"
    );
    let classes = "Array.from(document.querySelectorAll('#secrets > tbody'), it => it.className).slice(0, 3)";
    assert_eq!(page.value(classes), serde_json::json!(["unused", "unused", "unused"]));

    page.click("#by-name");
    page.tab.type_str("ALPHA").unwrap();
    page.until("document.getElementById('shown').textContent === '3 of 9 shown'");
    assert_eq!(page.names(), ["alpha"; 3]);
    let choose = "(() => { const it = document.getElementById('by-verdict'); it.value = 'in-use'; \
                  it.dispatchEvent(new Event('input', { bubbles: true })); })()";
    page.tab.evaluate(choose, false).unwrap();
    page.until("document.getElementById('shown').textContent === '1 of 9 shown'");

    let opened = "getComputedStyle(document.querySelector('#secrets > tbody:not([hidden]) .opened')).display";
    assert_eq!(page.value(opened), "none");
    page.click("#secrets > tbody:not([hidden]) summary");
    page.until(&format!("{opened} !== 'none'"));
    page.click("#filters button");
    page.until("document.getElementById('shown').textContent === '9 of 9 shown'");
    page.was_quiet();
}

#[test]
fn without_script_every_secret_and_dependent_is_there_and_rows_open() {
    let audit = some();
    let Some(page) = open(&audit, false) else { return };
    let count = |selector: &str| page.tab.find_elements(selector).map_or(0, |found| found.len());
    assert_eq!(count("#secrets > tbody"), audit.totals().secrets);
    assert_eq!(count("#secrets .opened tbody > tr"), audit.totals().dependents);
    assert_eq!(count("#secrets button"), 0, "no control that does nothing");
    assert_eq!(count("#filters[hidden]"), 1);
    // The driver clicks by script of its own. The page's did not run, and doesn't now.
    page.tab.call_method(Emulation::SetScriptExecutionDisabled { value: false }).unwrap();
    let opened = "getComputedStyle(document.querySelector('#secrets .opened')).display";
    assert_eq!(page.value(opened), "none");
    page.click("#secrets summary");
    page.until(&format!("{opened} !== 'none'"));
    assert_eq!(page.value("document.querySelectorAll('#secrets button').length"), 0);
    page.was_quiet();
}

#[test]
fn names_that_nobody_should_have_are_text_and_do_nothing() {
    let mut names = hostile::names();
    names.push("<img src=x onerror=alert(1)>\"'><svg onload=alert(1)>".to_owned());
    let audit = audited(inventory(&names), ',', "", 250);
    let Some(page) = open(&audit, true) else { return };
    page.until("document.getElementById('shown').textContent.endsWith(' shown')");
    assert_eq!(
        page.value(
            "document.querySelectorAll('img, iframe, object, embed, link, b, script + script').length"
        ),
        0
    );
    assert_eq!(page.value("document.scripts.length"), 1);
    page.was_quiet();
}

#[test]
fn to_a_screen_reader_the_tables_are_tables_however_they_are_laid_out() {
    let Some(page) = open(&some(), true) else { return };
    page.until("document.getElementById('shown').textContent === '9 of 9 shown'");
    let tree = page.tab.call_method(AccessibilityTree {}).unwrap();
    let nodes = tree["nodes"].as_array().unwrap();
    let count = |role: &str| nodes.iter().filter(|node| node["role"]["value"] == role).count();
    assert!(count("table") >= 4, "{}", count("table"));
    assert!(count("row") >= 20, "{}", count("row"));
    assert!(count("columnheader") >= 20, "{}", count("columnheader"));
    assert!(count("rowheader") >= 12, "{}", count("rowheader"));
    page.was_quiet();
}

#[test]
fn the_page_prints_on_a4_and_letter() {
    let Some(page) = open(&some(), true) else { return };
    for (width, height) in [(8.27, 11.69), (8.5, 11.0)] {
        let paper = PrintToPdfOptions {
            paper_width: Some(width),
            paper_height: Some(height),
            print_background: Some(true),
            ..PrintToPdfOptions::default()
        };
        let pdf = page.tab.print_to_pdf(Some(paper)).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
    }
    page.was_quiet();
}

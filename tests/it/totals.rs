//! The totals of all formats agree: each is parsed back, and counted where it has rows.

use std::collections::BTreeMap;

use scraper::{Html, Selector};
use serde_json::Value;
use simulator::{Secret, Simulator, World, demo};

use crate::{
    bundle::{Bundle, read_json},
    metrics::samples,
    places::{markdown, speech_engine, summary, world_of},
    support::{Outcome, Setup, serve},
};

/// Secrets, in use, unused, undetermined, dependents.
type Totals = [usize; 5];

const FIGURES: [&str; 5] = ["secrets", "in_use", "unused", "undetermined", "dependents"];

fn of_json(totals: &Value) -> Totals {
    FIGURES.map(|figure| usize::try_from(totals[figure].as_u64().unwrap()).unwrap())
}

fn of_csv(bundle: &Bundle, workspace: &str) -> Totals {
    let verdict = |verdict: &str| {
        bundle.secrets.iter().filter(|row| row["workspace"] == workspace && row["verdict"] == verdict).count()
    };
    let (in_use, unused, undetermined) = (verdict("in_use"), verdict("unused"), verdict("undetermined"));
    let is_dependent =
        |row: &&BTreeMap<String, String>| row["workspace"] == workspace && !row["dependent_type"].is_empty();
    let dependents = bundle.dependents.iter().filter(is_dependent).count();
    [in_use + unused + undetermined, in_use, unused, undetermined, dependents]
}

/// The row of a table that begins with this cell: `cells` are those of its lines.
fn of_table(lines: impl Iterator<Item = Vec<String>>, workspace: &str) -> Totals {
    let mut found = lines.filter(|cells| cells.len() == 6 && cells[0] == workspace);
    let row = found.next().unwrap_or_else(|| panic!("a row of {workspace}"));
    std::array::from_fn(|at| row[at + 1].parse().unwrap())
}

fn of_markdown(text: &str, workspace: &str) -> Totals {
    let cells = |line: &str| -> Vec<String> {
        let cells =
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches(['`', '*']).to_owned());
        cells.collect()
    };
    of_table(text.lines().map(cells), workspace)
}

fn of_summary(text: &str, workspace: &str) -> Totals {
    let plain = anstream::adapter::strip_str(text).to_string();
    of_table(plain.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()), workspace)
}

fn of_metrics(text: &str, workspace: &str) -> Totals {
    let samples = samples(text);
    // What is zero only because something was not read has no sample.
    let count = |name: &str| samples.get(name).map_or(0, |number| *number as usize);
    let of = |verdict: &str| count(&format!("secrets{{verdict={verdict},workspace={workspace}}}"));
    let (in_use, unused, undetermined) = (of("in_use"), of("unused"), of("undetermined"));
    let dependents = count(&format!("dependents{{workspace={workspace}}}"));
    [in_use + unused + undetermined, in_use, unused, undetermined, dependents]
}

/// Counted in the table of all secrets.
fn of_html(page: &Html, workspace: &str) -> Totals {
    let selector = |text: &str| Selector::parse(text).unwrap();
    let mut totals = [0; 5];
    for secret in page.select(&selector("#secrets tbody[data-w]")) {
        // Where there is only one workspace, no column names it.
        let named: Option<String> =
            secret.select(&selector("tr:first-child > td > bdi")).next().map(|name| name.text().collect());
        if named.is_some_and(|name| name != workspace) {
            continue;
        }
        let verdict: String = secret.select(&selector(".verdict")).flat_map(|word| word.text()).collect();
        let verdict = verdict.to_lowercase().replace(' ', "_");
        let dependents = secret.select(&selector("tr:first-child > td.n:not(.kind)")).last().unwrap();
        totals[0] += 1;
        totals[FIGURES.iter().position(|figure| *figure == verdict).unwrap()] += 1;
        totals[4] += dependents.attr("data-s").unwrap().parse::<usize>().unwrap();
    }
    totals
}

fn assert_agree(outcome: &Outcome) -> BTreeMap<String, Totals> {
    let directory = &outcome.result.as_ref().unwrap().bundle;
    let read = |file: &str| fs_err::read_to_string(directory.join(file)).unwrap();
    let (bundle, metrics, page) =
        (Bundle::read(directory), read("metrics.prom"), Html::parse_document(&read("report.html")));
    let mut all: Totals = [0; 5];
    let mut by_workspace = BTreeMap::new();
    for workspace in bundle.json["workspaces"].as_array().unwrap() {
        let name = workspace["name"].as_str().unwrap();
        let totals = of_json(&workspace["totals"]);
        assert_eq!(of_csv(&bundle, name), totals, "csv");
        assert_eq!(of_markdown(&markdown(outcome), name), totals, "markdown");
        assert_eq!(of_summary(&summary(outcome), name), totals, "summary");
        assert_eq!(of_metrics(&metrics, name), totals, "metrics");
        assert_eq!(of_html(&page, name), totals, "html");
        all = std::array::from_fn(|at| all[at] + totals[at]);
        by_workspace.insert(name.to_owned(), totals);
    }
    assert_eq!(of_json(&bundle.json["totals"]), all);
    assert_eq!(of_json(&read_json(&directory.join("manifest.json"))["totals"]), all);
    by_workspace
}

#[tokio::test]
async fn the_totals_of_all_formats_agree() {
    let demo = Simulator::start(World { api_key: World::empty().api_key, ..demo::world() }).await.unwrap();
    let small = serve(vec![Secret::new("a", "a").with_agents(130), Secret::new("b", "b")]).await;
    let unread = Simulator::start(World {
        speech_engines: vec![speech_engine("engine", "engine", "used")],
        missing_permissions: ["/v1/convai/mcp-servers".to_owned()].into(),
        ..world_of(&["used", "free"])
    })
    .await
    .unwrap();
    let setup = Setup::of(&demo).workspace("small", &small).workspace("unread", &unread);
    let totals = assert_agree(&setup.run().await);
    assert_eq!(totals["main"], [230, 223, 7, 0, 1255]);
    assert_eq!(totals["small"], [2, 1, 1, 0, 130]);
    assert_eq!(totals["unread"], [2, 1, 0, 1, 1]);
}

#[tokio::test]
async fn they_agree_of_nothing_too() {
    let simulator = serve(Vec::new()).await;
    assert_eq!(assert_agree(&Setup::of(&simulator).run().await)["main"], [0; 5]);
}

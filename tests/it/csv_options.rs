//! What the section `[report]` makes of the CSV files.

use crate::support::{Setup, serve};
use simulator::Secret;

/// `secrets.csv` of a secret with a name that a spreadsheet would run, under this section.
async fn secrets_csv(section: &str) -> String {
    let simulator = serve(vec![Secret::new("sec", "=1+1;2")]).await;
    let outcome = Setup::of(&simulator).section(section).run().await;
    let bundle = outcome.result.unwrap().bundle;
    fs_err::read_to_string(bundle.join("secrets.csv")).unwrap()
}

#[tokio::test]
async fn cells_are_separated_as_configured_and_quoted_where_they_hold_the_separator() {
    let text = secrets_csv("[report]\ncsv_delimiter = \";\"").await;
    assert!(text.starts_with("workspace;secret_id;secret_name;verdict;"), "{text}");
    assert!(text.contains("\r\nmain;sec;\"'=1+1;2\";unused;"), "{text}");
}

#[tokio::test]
async fn a_byte_order_mark_stands_first_where_it_is_asked_for() {
    assert!(secrets_csv("[report]\ncsv_byte_order_mark = true").await.starts_with("\u{feff}workspace,"));
    assert!(secrets_csv("").await.starts_with("workspace,"));
}

#[tokio::test]
async fn formulas_are_left_as_they_are_where_that_is_asked_for() {
    let text = secrets_csv("[report]\ncsv_formula_escaping = false").await;
    assert!(text.contains(",\"=1+1;2\","), "{text}");
}

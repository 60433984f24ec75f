//! What the documentation names exists.

use std::{collections::BTreeSet, path::Path};

/// The names in code type that look like tests: `file::name`, or `lib:module::name`.
fn named(markdown: &str) -> BTreeSet<&str> {
    let spans = markdown.split('`').skip(1).step_by(2);
    spans.filter(|span| span.contains("::") && !span.contains([' ', '\n'])).collect()
}

/// The source of the tests in a file of this binary, or of the unit tests below a module's path.
fn source(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &Path| fs_err::read_to_string(file).unwrap_or_default();
    let Some(module) = path.strip_prefix("lib:") else {
        return read(&root.join("tests/it").join(format!("{path}.rs")));
    };
    // Tests of a module stand in its file, or in a file of their own beside or below it.
    let below = root.join("src").join(module.replace("::", "/"));
    let beside = root.join("src").join(module.trim_end_matches("::tests").replace("::", "/"));
    [below.with_extension("rs"), beside.with_extension("rs"), beside.join("mod.rs")]
        .iter()
        .map(|file| read(file))
        .collect()
}

#[test]
fn every_test_that_the_page_on_reliability_names_exists() {
    let page =
        fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md")).unwrap();
    let named = named(&page);
    assert!(named.len() > 50, "the names are found: {named:?}");
    for name in named {
        let (place, test) = name.rsplit_once("::").unwrap();
        let source = source(place);
        let exists = if test.is_empty() {
            source.contains("#[test]") || source.contains("#[tokio::test]")
        } else {
            source.contains(&format!("fn {test}("))
        };
        assert!(exists, "{name}");
    }
}

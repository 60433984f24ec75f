//! What the documentation names exists: tests, pages, exit codes, messages.

use std::{collections::BTreeSet, path::Path};

use clap::CommandFactory;
use elevenlabs_secrets_audit::cli::Cli;

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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs_err::read_to_string(root().join(file)).unwrap()
}

/// Every page of documentation.
fn pages() -> Vec<String> {
    let mut pages =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md"].map(str::to_owned).to_vec();
    for entry in fs_err::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        pages.extend(name.ends_with(".md").then(|| format!("docs/{name}")));
    }
    pages
}

/// The name that a heading has in an address.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
    kept.map(|one| if one == ' ' { '-' } else { one }).collect()
}

#[test]
fn every_link_between_pages_leads_somewhere_and_every_page_is_found_from_the_first() {
    let mut linked = BTreeSet::new();
    for page in pages() {
        let text = read(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => root().join(&page),
                file => root().join(&page).parent().unwrap().join(file),
            };
            assert!(path.exists(), "{page}: {target}");
            if !heading.is_empty() {
                let there = fs_err::read_to_string(&path).unwrap();
                assert!(
                    there.lines().any(|line| line.starts_with('#') && anchor(line) == heading),
                    "{page}: {target}"
                );
            }
            if page == "README.md" {
                linked.insert(file.to_owned());
            }
        }
    }
    for page in pages().iter().filter(|page| !["README.md", "SECURITY.md"].contains(&page.as_str())) {
        assert!(linked.contains(page), "README.md does not lead to {page}");
    }
}

#[test]
fn the_page_on_exit_codes_has_those_of_the_help_with_their_meanings() {
    let help = Cli::command().get_after_help().unwrap().to_string();
    let codes = help.lines().skip(1).map(|line| line.trim().split_once(' ').unwrap());
    let codes: Vec<_> = codes.map(|(code, meaning)| (code.to_owned(), meaning.trim().to_owned())).collect();
    let page = read("docs/exit-codes.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let cells: Vec<_> =
        cells.map(|cells| (cells[0].trim_start_matches("| ").to_owned(), cells[1].to_owned())).collect();
    assert!(codes.len() > 10);
    assert_eq!(cells, codes);
}

/// Where messages to users are made.
fn sources() -> Vec<(String, String)> {
    let mut sources = Vec::new();
    for place in [
        "config", "api", "audit", "bundle", "check", "collect", "init", "publish", "report", "review",
        "terminal", "",
    ]
    .map(|place| format!("src/{place}"))
    {
        for entry in fs_err::read_dir(root().join(place)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs_err::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
                sources.push((path.display().to_string(), code));
            }
        }
    }
    sources
}

/// A string literal at the beginning of the code, as it is when it runs.
fn literal(code: &str) -> Option<String> {
    let code = code.trim_start();
    let code = code.strip_prefix("format!(").unwrap_or(code).trim_start().strip_prefix('"')?;
    let (mut text, mut characters) = (String::new(), code.chars());
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => match characters.next()? {
                // The line goes on where the next one begins.
                '\n' => characters = characters.as_str().trim_start().chars(),
                escaped => text.push(escaped),
            },
            character => text.push(character),
        }
    }
}

/// The pieces of a message that name nothing of the user's, long enough to be searched for.
fn pieces(message: &str) -> Vec<&str> {
    let outside = message.split('{').enumerate().map(|(place, part)| match place {
        0 => part,
        _ => part.split_once('}').map_or("", |(_, after)| after),
    });
    let pieces = outside
        .flat_map(|part| part.split("; "))
        .map(|piece| piece.trim_matches([' ', ':', ',', ';', '(', ')', '"']));
    pieces.filter(|piece| piece.len() >= 9).collect()
}

#[test]
fn every_message_has_a_line_in_the_page_on_troubleshooting() {
    let page = read("docs/troubleshooting.md");
    let mut found = 0;
    for (file, code) in sources() {
        for marker in ["#[error(", "ConfigError::new(", "refuse("] {
            for message in code.split(marker).skip(1).filter_map(literal) {
                // `run` turns these into what the signal was before anybody sees them.
                if ["interrupted", "a signal came"].contains(&message.as_str()) {
                    continue;
                }
                let pieces = pieces(&message);
                found += pieces.len().min(1);
                assert!(
                    pieces.is_empty() || pieces.iter().any(|piece| page.contains(piece)),
                    "{file}: {message}"
                );
            }
        }
    }
    assert!(found > 45, "messages are found: {found}");
}

#[test]
fn every_message_in_the_page_on_troubleshooting_is_one() {
    let code: String = sources().into_iter().map(|(_, code)| code).collect();
    let strings: Vec<String> =
        code.match_indices('"').filter_map(|(place, _)| literal(&code[place..])).collect();
    let page = read("docs/troubleshooting.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let shown = rows.flat_map(|row| row.split(" | ").next().unwrap().split('`').skip(1).step_by(2));
    let mut found = 0;
    for message in shown {
        // These stand for many: a status, a place in a file, a value.
        if ["status ", "FILE: ", "NAME "].iter().any(|begin| message.starts_with(begin)) {
            continue;
        }
        for piece in message.split('…').map(str::trim).filter(|piece| piece.len() >= 9) {
            assert!(strings.iter().any(|string| string.contains(piece)), "no message says {piece:?}");
            found += 1;
        }
    }
    assert!(found > 45, "{found}");
}

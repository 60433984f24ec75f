//! The key in answers with status 200, where somebody pasted it into a name, an id or a prompt: it is shown nowhere, and the
//! audit comes to what it would without.

use std::{collections::HashMap, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::json;
use simulator::{Reply, Request, Secret, Simulator, World, documents};

use crate::{
    bundle::Bundle,
    places::{by_itself, tool, variable},
    support::{SECRETS, Setup, code, finish, serve, text},
};

/// Random, so that nothing else holds a part of it.
const KEY: &str = "sk_7f3e9a51c0d2Bq8Zt64mWx";

/// The key of another workspace of the same run.
const OTHER_KEY: &str = "4be1c07a9d3f5268e0b7a1c49f3d6852";

/// The forms in which answers hold a key.
fn forms(key: &str) -> Vec<String> {
    vec![
        key.to_owned(),
        key.to_uppercase(),
        key.to_lowercase(),
        key.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        STANDARD.encode(key),
        STANDARD.encode(format!("u{key}")),
        STANDARD.encode(format!("us{key}")),
    ]
}

/// What no file and no line may hold, in small letters: parts of the keys, and of their forms.
fn canaries() -> Vec<String> {
    let parts = [KEY, OTHER_KEY].into_iter().flat_map(forms).flat_map(|form| {
        let secret = form.strip_prefix("sk_").or(form.strip_prefix("SK_")).unwrap_or(&form).to_lowercase();
        // The ends of what is Base64 hang on what is beside it.
        let middle = secret.len() / 2;
        [secret[middle - 8..middle + 4].to_owned(), secret[secret.len() - 14..secret.len() - 4].to_owned()]
    });
    parts.collect()
}

/// Asserts that this holds nothing of the keys.
fn assert_shows_none(what: &str, said: &str) {
    let said = said.to_lowercase();
    for canary in canaries() {
        assert!(!said.contains(&canary), "{what} holds {canary}: {said}");
    }
}

fn search(directory: &Path) {
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        assert_shows_none("a name", path.to_str().unwrap());
        if path.is_dir() && !path.is_symlink() {
            search(&path);
        } else if path.is_file() {
            assert_shows_none(
                path.to_str().unwrap(),
                &String::from_utf8_lossy(&fs_err::read(&path).unwrap()),
            );
        }
    }
}

/// A world in which a form of the key is in whatever has a name. What uses one of its secrets stands behind two pages.
fn world(form: &str) -> World {
    let secret =
        |id: &str, agents| Secret::new(&format!("{id}-{form}"), &format!("name {form}")).with_agents(agents);
    let used = format!("used-{form}");
    World {
        api_key: KEY.to_owned(),
        environment_variables: vec![variable(
            &format!("var-{form}"),
            &format!("label {form}"),
            &[(&format!("environment {form}"), &used)],
        )],
        tools: vec![tool(&format!("tool-{form}"), &format!("tool {form}"), &used)],
        agents: vec![documents::agent(
            &format!("agent-{form}"),
            &format!("agent {form}"),
            &json!({"prompt": form, form: {"headers": {form: documents::secret(&used)}}}),
        )],
        ..World::of(vec![secret("many", 150), secret("none", 0), secret("used", 0)])
    }
}

/// Turns `next_cursor` into one that holds this form, where `escaped` with escapes of JSON, and takes it back.
fn with_cursor(form: String, is_escaped: bool) -> impl Fn(&Request, Reply) -> Reply + Send + Sync {
    let cursor = format!("cursor-{form}");
    move |request, reply| {
        if decoded(&request.path) != format!("{SECRETS}/many-{form}/dependencies/agents") {
            return escaped(reply, &form, is_escaped);
        }
        let listed = |numbers: std::ops::Range<u32>, next: Option<&str>| {
            let dependents: Vec<_> = numbers
                .map(|number| {
                    json!({"type": "available", "id": format!("agent_{number:04}"),
                "name": form, "created_at_unix_secs": 1, "access_level": "admin"})
                })
                .collect();
            Reply::json(
                200,
                &json!({"dependencies": dependents, "next_cursor": next, "has_more": next.is_some()}),
            )
        };
        let reply = match request.query("cursor") {
            None => listed(1..101, Some(&cursor)),
            Some(asked) if asked == cursor => listed(101..151, None),
            Some(_) => Reply::error(400, "invalid", "invalid_cursor", "There is no such cursor."),
        };
        escaped(reply, &form, is_escaped)
    }
}

/// A reply whose body spells a form with escapes.
fn escaped(reply: Reply, form: &str, is_escaped: bool) -> Reply {
    let spelt: String = form.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    match reply {
        Reply::Answer { status, headers, body } if is_escaped => {
            let body = String::from_utf8(body).unwrap().replace(form, &spelt).into_bytes();
            let headers = headers.into_iter().filter(|(name, _)| name != "content-length").collect();
            Reply::Answer { status, headers, body }
        }
        reply => reply.with_header("request-id", form),
    }
}

fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8().unwrap().into_owned()
}

#[tokio::test]
async fn the_key_in_an_answer_is_shown_nowhere_and_the_audit_is_what_it_would_be_without() {
    let mut by_form = HashMap::new();
    for key in [KEY, OTHER_KEY] {
        for (number, form) in forms(key).into_iter().enumerate() {
            let is_escaped = number % 2 == 0;
            let simulator =
                Simulator::start_with(world(&form), with_cursor(form.clone(), is_escaped)).await.unwrap();
            let other = serve(vec![Secret::new("sec", "key")]).await;
            let setup = Setup::new()
                .workspace_with_key("main", &simulator, KEY)
                .workspace_with_key("other", &other, OTHER_KEY);
            // The second key is refused by its workspace: here it is only one that is in use.
            let mut audit = setup.audit();
            audit.args(["-vv", "--deep", "--log-format", if is_escaped { "json" } else { "text" }]);
            let output = finish(audit).await;
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert_eq!(code(&output), 3, "{said}");
            assert_shows_none("standard error or output", &said);
            search(&setup.out());
            assert!(said.contains("key-not-shown-") && said.contains("holds an API key"), "{said}");
            assert_eq!(said.matches("holds an API key").count(), 1, "once is enough");

            let asked: Vec<_> = simulator.requests();
            let asked_for = |path: &str| asked.iter().any(|request| decoded(&request.path) == path);
            assert!(asked_for(&by_itself(&format!("none-{form}"))), "by its own id: {form}");
            assert!(asked_for(&format!("/v1/convai/agents/agent-{form}")), "{form}");
            assert!(asked.iter().any(|one| one.query("cursor") == Some(&format!("cursor-{form}"))), "{form}");

            let bundle = Bundle::read(&setup.out().join("latest"));
            let report = &bundle.json;
            let secrets = report["workspaces"][0]["secrets"].as_array().unwrap();
            let verdicts: HashMap<_, _> = secrets
                .iter()
                .map(|secret| {
                    let id = secret["secret_id"].as_str().unwrap();
                    (id.split_once('-').unwrap().0, (secret["verdict"].as_str().unwrap(), id.to_owned()))
                })
                .collect();
            assert_eq!(verdicts["many"].0, "in_use");
            assert_eq!(verdicts["none"].0, "unused", "{form}");
            assert_eq!(verdicts["used"].0, "in_use");
            by_form.insert(form, verdicts["none"].1.clone());
        }
    }
    let mut ids: Vec<_> = by_form.values().collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), by_form.len(), "no two forms of an id are taken for one: {ids:?}");
}

#[tokio::test]
async fn no_form_and_no_part_of_the_key_is_in_an_error_or_a_log_line() {
    let part = &KEY[7..19];
    for (number, form) in forms(KEY).into_iter().chain([part.to_owned(), KEY[3..].to_owned()]).enumerate() {
        let holding = format!("half-{part}");
        let world = World {
            api_key: KEY.to_owned(),
            ..World::of(vec![Secret::new(&holding, "name").with_agents(150), Secret::new("sec", "other")])
        };
        let said = format!("bad {form}, {form}{form}");
        let refuse = move |request: &Request, reply: Reply| match request.path.ends_with("/agents") {
            true => Reply::error(403, "forbidden", &said, &said).with_header("request-id", &said),
            false => reply,
        };
        let simulator = Simulator::start_with(world, refuse).await.unwrap();
        let setup = Setup::new().workspace_with_key("main", &simulator, KEY);
        let mut audit = setup.audit();
        audit.args(["-vv", "--log-format", if number % 2 == 0 { "json" } else { "text" }]);
        let output = finish(audit).await;
        assert_eq!(code(&output), 3);
        let lines = text(&output.stderr);
        assert_shows_none("standard error", lines);
        for hidden in [&part.to_lowercase(), &part[..8].to_lowercase(), &part[4..].to_lowercase()] {
            assert!(!lines.to_lowercase().contains(hidden.as_str()), "{hidden}: {lines}");
        }
        // Before what is Base64 stand the letters of what all keys begin with.
        let is_masked = |text: &str| {
            let echo = text.split("bad ").nth(1).and_then(|echo| echo.split(',').next());
            echo.is_some_and(|echo| echo.contains("[the key]")) && text.contains("half-[the key]")
        };
        assert!(is_masked(lines), "{lines}");
        // The name of the secret is none of these: only a key as a whole is masked there.
        let bundle = Bundle::read(&setup.out().join("latest"));
        let gaps = bundle.gaps(&holding).concat();
        assert!(is_masked(&gaps), "{gaps}");
    }
}

//! Ids that go into a path: each is one segment of it, or is not asked for at all.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use simulator::{Agent, Reply, Secret, Simulator, World, documents};

use crate::support::{SECRETS, Setup, asked, serve};

/// Ids that would mean something else if they stood in a path as they are.
const AWKWARD: [&str; 14] = [
    "a/b",
    "../../v1/user",
    "/",
    "a?search=b",
    "a#b",
    "%2e%2e",
    "%2F",
    "%",
    "a b+c",
    "a\\..\\b",
    ";=&@:$,!*'()",
    "...",
    "ключ-🔑",
    "e\u{301}",
];

/// Ids that no encoding makes a segment of a path.
const UNUSABLE: [&str; 7] = [".", "..", "a\nb", "\0", "\u{7f}", "\u{9b}2J", "\r\nxi-api-key: other"];

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8().unwrap().into_owned()
}

#[tokio::test]
async fn an_id_is_one_segment_of_a_path_whatever_it_holds() {
    // Half of them have a list to page, the others have to be read once more before they may be called unused.
    let secrets = AWKWARD.iter().enumerate().map(|(place, id)| {
        Secret::new(id, &format!("key {place}")).with_agents(if place % 2 == 0 { 150 } else { 0 })
    });
    let simulator = serve(secrets.collect()).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    let (mut paged, mut confirmed) = (Vec::new(), Vec::new());
    for request in simulator.requests() {
        let segments: Vec<&str> = request.path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["v1", "convai", "secrets", id, "dependencies", "agents"] => paged.push(decoded(id)),
            ["v1", "convai", "secrets", id] => confirmed.push(decoded(id)),
            _ => assert!(!request.path.contains(['%', '.', '\\']), "{}", request.path),
        }
    }
    for (place, id) in AWKWARD.iter().enumerate() {
        let (expected, asked) = if place % 2 == 0 { ("150", &paged) } else { ("0", &confirmed) };
        assert_eq!(bundle.secret(id)["agents"], expected);
        assert!(asked.iter().any(|one| one == id), "{id}: {asked:?}");
    }
}

#[tokio::test]
async fn an_id_that_is_no_segment_is_not_asked_for_and_costs_only_its_own_secret() {
    for agents in [150, 0] {
        let secrets = UNUSABLE.iter().map(|id| Secret::new(id, "key").with_agents(agents));
        let simulator = serve(secrets.chain([Secret::new("sec", "key")]).collect()).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!(outcome.code(), 3);
        let bundle = outcome.bundle();
        let secrets = bundle.workspace()["secrets"].as_array().unwrap();
        for id in UNUSABLE {
            let secret = secrets.iter().find(|secret| secret["secret_id"] == id).unwrap();
            let verdict = if agents == 0 { "undetermined" } else { "in_use" };
            assert_eq!((&secret["verdict"], &secret["complete"]), (&json!(verdict), &json!(false)), "{id:?}");
            assert!(secret["gaps"][0]["why"].as_str().unwrap().contains("cannot be asked for"), "{secret}");
        }
        assert_eq!(bundle.verdict("sec"), "unused");
        let of_one = simulator
            .requests()
            .into_iter()
            .filter(|request| request.path.starts_with("/v1/convai/secrets/"));
        let of_one: Vec<String> = of_one.map(|request| request.path).collect();
        assert_eq!(of_one, [format!("{SECRETS}/sec")]);
    }
}

#[tokio::test]
async fn an_id_longer_than_any_address_costs_only_its_own_secret() {
    let id = "x".repeat(100_000);
    let secrets = vec![Secret::new(&id, "key").with_agents(150), Secret::new("sec", "key")];
    let simulator = serve(secrets).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert_eq!((bundle.verdict(&id), bundle.verdict("sec")), ("in_use", "unused"));
    let gap = bundle.gaps(&id).remove(0);
    assert!(gap.len() < 1000, "{gap}");
    assert_eq!(bundle.workspace()["figures"]["retries"], 0, "it gets no shorter: {gap}");
}

#[tokio::test]
async fn a_speech_engine_or_agent_whose_id_is_no_segment_is_not_asked_for_and_nothing_is_called_unused() {
    for id in ["", ".", "..", "a\nb"] {
        let headers = json!({"Authorization": documents::secret("sec")});
        let engine = |id: &str| documents::speech_engine(id, "Kiosk", "wss://kiosk.example", &headers);
        let agent = |id: &str| Agent { id: id.to_owned(), ..documents::agent(id, "Agent", &json!({})) };
        let world = World {
            speech_engines: vec![engine("good"), engine(id)],
            agents: vec![agent("good"), agent(id)],
            ..World::of(vec![Secret::new("sec", "key"), Secret::new("sec_1", "other")])
        };
        let simulator = Simulator::start(world).await.unwrap();
        let outcome = Setup::of(&simulator).section("[audit]\ndeep = \"always\"").run().await;
        assert_eq!(outcome.code(), 3, "{id:?}");
        let bundle = outcome.bundle();
        assert_eq!((bundle.verdict("sec"), bundle.verdict("sec_1")), ("in_use", "undetermined"));
        for (list, good) in
            [("/v1/speech-engine", "/v1/speech-engine/good"), ("/v1/convai/agents", "/v1/convai/agents/good")]
        {
            assert_eq!(asked(&simulator, good), 1);
            let beneath = |path: &str| path.starts_with(&format!("{list}/")) && !path.starts_with(good);
            let others: Vec<String> =
                simulator.requests().into_iter().map(|one| one.path).filter(|path| beneath(path)).collect();
            assert_eq!(others, Vec::<String>::new(), "{id:?}");
        }
    }
}

#[tokio::test]
async fn a_reference_to_an_id_that_is_no_segment_is_told_of_and_not_followed() {
    for id in ["..", ".", "a\u{1}"] {
        let values = json!({"production": documents::secret(id)});
        let world = World {
            environment_variables: vec![documents::environment_variable("v", "w", "L", "secret", &values)],
            ..World::of(vec![Secret::new("sec", "key")])
        };
        let simulator = Simulator::start(world).await.unwrap();
        let outcome = Setup::of(&simulator).run().await;
        let bundle = outcome.bundle();
        let workspace = bundle.workspace();
        let told: Vec<&Value> = ["dangling_references", "references_not_visible"]
            .iter()
            .flat_map(|list| workspace[list].as_array().unwrap())
            .collect();
        assert_eq!(told.len(), 1, "{id:?}: {workspace}");
        let of_one =
            simulator.requests().into_iter().filter(|one| one.path.starts_with("/v1/convai/secrets/"));
        assert!(of_one.map(|one| one.path).all(|path| path == format!("{SECRETS}/sec")), "{id:?}");
    }
}

#[tokio::test]
async fn a_secret_without_an_id_ends_the_walk_rather_than_being_lost() {
    let simulator = serve(vec![Secret::new("", "key"), Secret::new("sec", "key")]).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("secrets[0]: the field secret_id is missing or empty"));
    assert_eq!(asked(&simulator, SECRETS), 1);
}

#[tokio::test]
async fn an_answer_about_another_secret_is_none_about_this_one() {
    let simulator = crate::support::serve_with(vec![Secret::new("sec", "key")], |request, reply| {
        let mut body = reply.body_json().unwrap();
        if request.path != format!("{SECRETS}/sec") {
            return reply;
        }
        body["secret_id"] = json!("sec_1");
        Reply::json(200, &body)
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (3, "undetermined"));
}

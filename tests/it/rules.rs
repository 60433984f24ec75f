//! Rules of which each was turned round by hand while no test failed: these do. They say what a list, a page or a branch
//! that contradicts itself does to the verdict.

use serde_json::{Value, json};
use simulator::{Branch, Reply, Request, Secret, Simulator, World, documents, world};

use crate::{
    places::{AGENTS, SPEECH_ENGINES, by_itself, deep, prompt, source, speech_engine, variable, world_of},
    support::{Outcome, SECRETS, Setup, asked, dependencies, rewrite_used_by},
};

/// A first request for `SECRETS` asks with this limit, and one for what was cut with the other.
const LIMITS: (u32, u32) = (20, 100);

/// A deep audit of a world in which replies are changed.
async fn audit_with(
    world: World,
    intercept: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
) -> (Outcome, Simulator) {
    let simulator = Simulator::start_with(world, intercept).await.unwrap();
    let mut setup = deep(Setup::of(&simulator));
    setup.arguments.dependency_limit = Some(LIMITS.0);
    setup.arguments.max_dependency_limit = Some(LIMITS.1);
    (setup.run().await, simulator)
}

/// Whether this is a page of the list of secrets at the higher limit.
fn is_higher(request: &Request) -> bool {
    request.query("dependency_limit") == Some("100")
}

/// `used_by` of `sec` rewritten wherever it is shown, also by itself.
fn rewrite_everywhere(request: &Request, reply: Reply, rewrite: impl Fn(&mut Value)) -> Reply {
    match reply.body_json() {
        Some(mut body) if request.path == by_itself("sec") => {
            rewrite(&mut body["used_by"]);
            Reply::json(200, &body)
        }
        _ => rewrite_used_by(request, reply, "sec", rewrite),
    }
}

/// What an agents' source says where it was not read whole: then no secret is unused.
fn assert_agents_unread(outcome: &Outcome, word: &str) {
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (3, "undetermined"), "{word}");
    let row = source(&outcome.bundle(), "agents");
    assert!(row["why"].as_str().is_some_and(|why| why.contains(word)), "{word}: {row}");
}

#[tokio::test]
async fn a_list_that_ends_with_nothing_and_says_again_that_it_has_more_leaves_the_secret_undetermined() {
    for list in ["tools", "agents", "phone_numbers"] {
        let (outcome, _simulator) = audit_with(world_of(&["sec"]), move |request, reply| {
            rewrite_everywhere(request, reply, |used_by| used_by[format!("{list}_has_more")] = json!(true))
        })
        .await;
        let bundle = outcome.bundle();
        assert_eq!((outcome.code(), bundle.verdict("sec")), (3, "undetermined"), "{list}");
        let gaps = bundle.gaps("sec");
        assert!(gaps.iter().any(|gap| gap.starts_with(list) && gap.contains("still says")), "{gaps:?}");
    }
}

#[tokio::test]
async fn a_list_that_said_it_had_more_and_shows_no_more_at_the_higher_limit_is_paged() {
    let (outcome, simulator) = audit_with(world_of(&["sec"]), |request, reply| {
        if request.path == dependencies("sec", "agents") {
            return Reply::json(200, &json!({"dependencies": [world::unknown("agent_9")]}));
        }
        if is_higher(request) {
            return reply;
        }
        rewrite_used_by(request, reply, "sec", |used_by| used_by["agents_has_more"] = json!(true))
    })
    .await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (0, "in_use"));
    assert_eq!(outcome.bundle().ids("sec", "agent"), ["agent_9"]);
    assert_eq!(asked(&simulator, &dependencies("sec", "agents")), 1);
}

#[tokio::test]
async fn a_list_that_could_not_be_read_is_not_whole_because_another_showing_of_it_can() {
    let unread = |list: &'static str| {
        move |request: &Request, reply: Reply| {
            if request.path == dependencies("sec", "tools") {
                let both = [world::unknown("tool_1"), world::unknown("tool_2")];
                return Reply::json(200, &json!({"dependencies": both}));
            }
            let higher = is_higher(request);
            rewrite_used_by(request, reply, "sec", |used_by| {
                let shown = json!([world::unknown("tool_1")]);
                used_by[list] = if higher { shown } else { json!("oops") };
            })
        }
    };
    let (outcome, _simulator) = audit_with(world_of(&["sec"]), unread("tools")).await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(outcome.bundle().ids("sec", "tool"), ["tool_1", "tool_2"], "its own endpoint decides");
    // Nothing lists the MCP servers of one secret.
    let (outcome, _simulator) = audit_with(world_of(&["sec"]), unread("mcp_servers")).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (3, "in_use"));
    let gaps = outcome.bundle().gaps("sec");
    assert!(gaps.iter().any(|gap| gap.starts_with("mcp_servers")), "{gaps:?}");
}

#[tokio::test]
async fn what_only_the_second_showing_of_a_holder_refers_to_is_a_use() {
    let holding = |body: &mut Value, list: &str| {
        let mut again = body[list][0].clone();
        again["token"] = documents::secret("sec");
        body[list].as_array_mut().unwrap().push(again);
    };
    for (path, list, kind) in
        [(SPEECH_ENGINES, "speech_engines", "speech_engine"), (AGENTS, "agents", "agent")]
    {
        let world = World {
            speech_engines: vec![speech_engine("holder", "Kiosk", "other")],
            agents: vec![documents::agent("holder", "Desk", &json!({}))],
            ..world_of(&["sec", "other"])
        };
        let (outcome, _simulator) = audit_with(world, move |request, reply| match reply.body_json() {
            Some(mut body) if request.path == path && body[list][0].is_object() => {
                holding(&mut body, list);
                Reply::json(200, &body)
            }
            _ => reply,
        })
        .await;
        assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (0, "in_use"), "{list}");
        assert_eq!(outcome.bundle().ids("sec", kind), ["holder"], "{list}");
    }
}

/// An agent whose branch `trial` holds `sec`.
fn branched() -> World {
    let config = documents::agent("a1", "Desk", &prompt("sec")).config;
    let mut agent = documents::agent("a1", "Desk", &json!({}));
    agent.branches = vec![Branch { id: "trial".to_owned(), config, ..Branch::default() }];
    World { agents: vec![agent], ..world_of(&["sec"]) }
}

#[tokio::test]
async fn what_stands_beside_a_list_of_branches_is_searched_too() {
    let world = World { agents: vec![documents::agent("a1", "Desk", &json!({}))], ..world_of(&["sec"]) };
    let (outcome, _simulator) = audit_with(world, |request, reply| match reply.body_json() {
        Some(mut body) if request.path == format!("{AGENTS}/a1/branches") => {
            body["meta"]["default"] = json!({"secret_id": "sec"});
            Reply::json(200, &body)
        }
        _ => reply,
    })
    .await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (0, "in_use"));
}

#[tokio::test]
async fn an_answer_for_another_branch_than_the_one_asked_for_is_not_that_branch() {
    let (outcome, _simulator) = audit_with(branched(), |request, reply| match reply.body_json() {
        Some(mut body) if request.query("branch_id") == Some("trial") => {
            body["conversation_config"] = json!({});
            body["branch_id"] = json!("main");
            Reply::json(200, &body)
        }
        _ => reply,
    })
    .await;
    assert_agents_unread(&outcome, "another branch");
}

#[tokio::test]
async fn a_main_branch_that_the_list_of_branches_lacks_is_read_too() {
    let (outcome, _simulator) = audit_with(branched(), |request, reply| match reply.body_json() {
        Some(mut body) if request.path == format!("{AGENTS}/a1") && request.query("branch_id").is_none() => {
            body["branch_id"] = json!("draft");
            body["main_branch_id"] = json!("trial");
            Reply::json(200, &body)
        }
        Some(mut body) if request.path == format!("{AGENTS}/a1/branches") => {
            body["results"] = json!([]);
            body["meta"]["total"] = json!(0);
            Reply::json(200, &body)
        }
        Some(mut body) if request.query("branch_id") == Some("trial") => {
            body["branch_id"] = json!("trial");
            Reply::json(200, &body)
        }
        _ => reply,
    })
    .await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (0, "in_use"));
}

#[tokio::test]
async fn an_answer_that_does_not_say_which_branch_it_shows_is_none_where_others_say_it() {
    for others_say_it in [true, false] {
        let (outcome, _simulator) = audit_with(branched(), move |request, reply| match reply.body_json() {
            Some(mut body) if request.query("branch_id") == Some("trial") => {
                body["branch_id"] = json!(null);
                Reply::json(200, &body)
            }
            Some(mut body) if request.path == format!("{AGENTS}/a1") && others_say_it => {
                body["branch_id"] = json!("main");
                Reply::json(200, &body)
            }
            _ => reply,
        })
        .await;
        match others_say_it {
            true => assert_agents_unread(&outcome, "another branch"),
            false => assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (0, "in_use")),
        }
    }
}

#[tokio::test]
async fn a_branch_that_cannot_be_read_in_the_list_of_branches_makes_agents_not_whole() {
    let deep = (0..200).fold("{}".to_owned(), |inner, _| format!("{{\"a\": {inner}}}"));
    let body = format!("{{\"results\": [{{\"id\": \"trial\", \"settings\": {deep}}}]}}").into_bytes();
    let (outcome, _simulator) = audit_with(branched(), move |request, mut reply| {
        if request.path == format!("{AGENTS}/a1/branches") {
            return Reply::Answer { status: 200, headers: Vec::new(), body: body.clone() };
        }
        // The branch itself can be read, and holds nothing: it is the list that is in doubt.
        if let Some(mut body) = reply.body_json()
            && request.query("branch_id").is_some()
        {
            body["conversation_config"] = json!({});
            reply = Reply::json(200, &body);
        }
        reply
    })
    .await;
    assert_agents_unread(&outcome, "branches");
}

#[tokio::test]
async fn a_first_page_that_is_refused_at_the_higher_limit_is_a_gap_and_no_cursor_that_went_stale() {
    for status in [400, 410, 422] {
        let secrets = vec![Secret::new("sec", "sec"), Secret::new("busy", "busy").with_agents(30)];
        let (outcome, _simulator) = audit_with(World::of(secrets), move |request, reply| {
            if is_higher(request) { Reply::error(status, "invalid_request", "y", "z") } else { reply }
        })
        .await;
        let bundle = outcome.bundle();
        assert_eq!((outcome.code(), bundle.verdict("sec")), (3, "undetermined"), "{status}");
        let gaps = bundle.workspace()["gaps"].to_string();
        assert!(gaps.contains("page 1 of the secrets with dependency_limit=100"), "{gaps}");
        assert_eq!(bundle.secret("busy")["agents"], "30", "its lists are paged all the same");
    }
}

#[tokio::test]
async fn a_first_page_of_secrets_that_is_refused_is_asked_for_once() {
    for status in [400, 410, 422] {
        let (outcome, simulator) = audit_with(world_of(&["sec"]), move |request, reply| {
            if request.path == SECRETS { Reply::error(status, "invalid_request", "y", "z") } else { reply }
        })
        .await;
        assert!(outcome.result.is_err(), "{status}");
        assert_eq!(asked(&simulator, SECRETS), 1, "{status}");
    }
}

/// A secret that is asked for by itself has no limit that could be stated; what is as long as the smallest default among
/// the lists of its kind may have been cut.
#[tokio::test]
async fn a_list_without_a_flag_as_long_as_the_smallest_default_may_have_been_cut() {
    for (shown, listed) in [(19, 19), (20, 21), (21, 21)] {
        let lost = Secret::new("sec", "sec").with_tools(21);
        let world = World {
            unlisted_secrets: vec![lost],
            environment_variables: vec![variable("var_1", "LEDGER", &[("production", "sec")])],
            // So that dependents which are shown by their id only are no sign of more.
            seat_type: "workspace_admin".to_owned(),
            ..world_of(&["other"])
        };
        let (outcome, _simulator) = audit_with(world, move |request, reply| {
            rewrite_everywhere(request, reply, |used_by| {
                let tools = (1..=shown).map(|number| world::unknown(&format!("tool_{number:04}")));
                used_by["tools"] = tools.collect();
                used_by.as_object_mut().unwrap().remove("tools_has_more");
            })
        })
        .await;
        assert_eq!(outcome.code(), 0);
        assert_eq!(outcome.bundle().ids("sec", "tool").len(), listed, "{shown} shown");
    }
    // Of MCP servers that the key may not see, no other list tells.
    for (shown, code) in [(19, 0), (20, 3)] {
        let world = World {
            unlisted_secrets: vec![Secret::new("sec", "sec")],
            environment_variables: vec![variable("var_1", "LEDGER", &[("production", "sec")])],
            // So that dependents which are shown by their id only are no sign of more.
            seat_type: "workspace_admin".to_owned(),
            ..world_of(&["other"])
        };
        let (outcome, _simulator) = audit_with(world, move |request, reply| {
            rewrite_everywhere(request, reply, |used_by| {
                let servers = (1..=shown).map(|number| world::unknown(&format!("mcp_{number:04}")));
                used_by["mcp_servers"] = servers.collect();
            })
        })
        .await;
        assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (code, "in_use"), "{shown} shown");
    }
}

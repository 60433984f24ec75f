//! What an audit takes, counted by hand.

use serde_json::json;

use crate::simulator::{
    Agent, Asking, Branch, Needed, Secret, World,
    documents::{environment_variable, secret, speech_engine},
};

#[test]
fn an_empty_workspace_takes_a_page_of_each_list() {
    let needed = Needed::for_world(&World::empty(), Asking::default());
    // Secrets; environment variables, speech engines, MCP servers, settings.
    assert_eq!(needed, Needed { pages: 1, scans: 4, longest_chain: 1, ..Needed::default() });
    assert_eq!(needed.requests(), 5);
}

#[test]
fn lists_take_what_their_lengths_say() {
    let of = |secrets| Needed::for_world(&World::of(secrets), Asking::default());
    let one = |secret| {
        let Needed { raised_pages, dependency_pages, longest_chain, .. } = of(vec![secret]);
        [raised_pages, dependency_pages, longest_chain]
    };
    let new = || Secret::new("sec", "key");
    assert_eq!(one(new().with_tools(20)), [0, 0, 1]);
    assert_eq!(one(new().with_tools(21)), [1, 0, 2]);
    assert_eq!(one(new().with_tools(100)), [1, 0, 2]);
    assert_eq!(one(new().with_tools(101)), [1, 2, 4]);
    assert_eq!(one(new().with_agents(350).with_phone_numbers(101)), [1, 4 + 2, 2 + 4]);
    // They don't say whether they were cut, and there is no endpoint that pages them.
    assert_eq!(one(new().with_mcp_servers(19)), [0, 0, 1]);
    assert_eq!(one(new().with_mcp_servers(20)), [1, 0, 2]);
    assert_eq!(one(new().with_mcp_servers(200)), [1, 0, 2]);

    // Three pages. The last one is raised and has a list of three pages.
    let mut secrets: Vec<Secret> = (0..201).map(|number| Secret::new(&number.to_string(), "key")).collect();
    secrets[200] = new().with_agents(201);
    let needed = of(secrets);
    let expected = [3, 1, 3, 200, 3 + 1 + 3];
    let Needed { pages, raised_pages, dependency_pages, confirmations, longest_chain, .. } = needed;
    assert_eq!([pages, raised_pages, dependency_pages, confirmations, longest_chain], expected);
    assert_eq!((needed.requests(), needed.before_confirmations()), (3 + 1 + 3 + 4 + 200, 3 + 1 + 3 + 4));
}

#[test]
fn without_a_higher_limit_lists_are_paged_at_once() {
    let world = World::of(vec![Secret::new("sec", "key").with_tools(60)]);
    let asking = Asking { max_dependency_limit: 50, dependency_limit: 50, ..Asking::default() };
    let needed = Needed::for_world(&world, asking);
    assert_eq!((needed.raised_pages, needed.dependency_pages, needed.longest_chain), (0, 1, 2));
}

#[test]
fn documents_are_read_and_what_they_refer_to_is_no_candidate_or_looked_up() {
    let variable = |number: usize, id: &str| {
        let values = json!({"production": secret(id)});
        environment_variable(&format!("var_{number}"), "ws", "LABEL", "secret", &values)
    };
    let mut world = World::of(vec![Secret::new("sec_held", "key"), Secret::new("sec_unused", "key")]);
    world.environment_variables = (0..101).map(|number| variable(number, "sec_held")).collect();
    world.environment_variables.push(variable(101, "sec_elsewhere"));
    world.unlisted_secrets = vec![Secret::new("sec_elsewhere", "key").with_agents(130)];
    let headers = json!({"Authorization": secret("sec_gone")});
    world.speech_engines = vec![speech_engine("engine", "Engine", "wss://engine.example", &headers)];
    let needed = Needed::for_world(&world, Asking::default());
    let expected = Needed {
        pages: 1,
        raised_pages: 0,
        dependency_pages: 2,
        scans: 2 + 1 + 1 + 2,
        lookups: 2,
        confirmations: 1,
        longest_chain: 2 + 1 + 2,
    };
    assert_eq!(needed, expected);
}

#[test]
fn a_deep_audit_reads_tools_agents_and_branches_too() {
    let agent = |id: &str, archived, branches: usize| Agent {
        id: id.to_owned(),
        archived,
        branches: (0..branches)
            .map(|number| Branch { id: number.to_string(), ..Branch::default() })
            .collect(),
        ..Agent::default()
    };
    let agents = vec![agent("one", false, 0), agent("two", false, 3), agent("three", true, 0)];
    let world = World { agents, ..World::empty() };
    let needed = |deep| Needed::for_world(&world, Asking { deep, ..Asking::default() });
    // Each agent and its branches' list; three branches; a page of tools, and of either kind of agents.
    assert_eq!((needed(false).scans, needed(true).scans), (4, 4 + 3 * 2 + 3 + 1 + 2));
    assert_eq!((needed(false).longest_chain, needed(true).longest_chain), (1, 3));
}

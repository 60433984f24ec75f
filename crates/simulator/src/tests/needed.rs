//! What an audit takes, counted by hand.

use serde_json::{Value, json};

use crate::{
    Agent, Archived, Asking, Branch, Inspecting, Needed, Secret, World,
    documents::{Form, code_tool, environment_variable, secret, speech_engine},
};

const NEVER: Asking = Asking {
    page_size: 100,
    dependency_limit: 20,
    max_dependency_limit: 100,
    inspecting: Inspecting::Never,
    archived_branches: Archived::Auto,
};

#[test]
fn an_empty_workspace_takes_a_page_of_each_list() {
    let needed = Needed::for_world(&World::empty(), Asking::default());
    // Secrets; environment variables, speech engines, MCP servers, settings.
    // Whose key it is, and a page of secrets; what stands elsewhere follows from that page.
    assert_eq!(needed, Needed { user: 1, pages: 1, scans: 4, longest_chain: 2, ..Needed::default() });
    assert_eq!(needed.requests(), 6);
}

#[test]
fn lists_take_what_their_lengths_say() {
    let of = |secrets| Needed::for_world(&World::of(secrets), NEVER);
    let one = |secret| {
        let Needed { raised_pages, dependency_pages, longest_chain, .. } = of(vec![secret]);
        [raised_pages, dependency_pages, longest_chain]
    };
    let new = || Secret::new("sec", "key");
    assert_eq!(one(new().with_tools(20)), [0, 0, 2]);
    assert_eq!(one(new().with_tools(21)), [1, 0, 2]);
    assert_eq!(one(new().with_tools(100)), [1, 0, 2]);
    assert_eq!(one(new().with_tools(101)), [1, 2, 4]);
    assert_eq!(one(new().with_agents(350).with_phone_numbers(101)), [1, 4 + 2, 2 + 4]);
    // They don't say whether they were cut, and there is no endpoint that pages them.
    assert_eq!(one(new().with_mcp_servers(19)), [0, 0, 2]);
    assert_eq!(one(new().with_mcp_servers(20)), [1, 0, 2]);
    assert_eq!(one(new().with_mcp_servers(200)), [1, 0, 2]);

    // Three pages. The last one is raised and has a list of three pages.
    let mut secrets: Vec<Secret> = (0..201).map(|number| Secret::new(&number.to_string(), "key")).collect();
    secrets[200] = new().with_agents(201);
    let needed = of(secrets);
    let expected = [3, 1, 3, 200, 3 + 1 + 3 + 3];
    let Needed { pages, raised_pages, dependency_pages, confirmations, longest_chain, .. } = needed;
    assert_eq!([pages, raised_pages, dependency_pages, confirmations, longest_chain], expected);
    // Whose key it is; the four other places; the list of secrets once more.
    let before = 1 + 3 + 1 + 3 + 4 + 3;
    assert_eq!((needed.requests(), needed.before_confirmations()), (before + 200, before));
}

#[test]
fn without_a_higher_limit_lists_are_paged_at_once() {
    let world = World::of(vec![Secret::new("sec", "key").with_tools(60)]);
    let asking = Asking { max_dependency_limit: 50, dependency_limit: 50, ..NEVER };
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
    let needed = Needed::for_world(&world, NEVER);
    let expected = Needed {
        user: 1,
        pages: 1,
        dependency_pages: 2,
        scans: 2 + 1 + 1 + 2,
        lookups: 2,
        repeated: 2,
        confirmations: 1,
        // The page of secrets, two of variables, what one of these holds, two pages of its agents; the variables again.
        longest_chain: 1 + 2 + 1 + 2 + 2,
        ..Needed::default()
    };
    assert_eq!(needed, expected);
}

#[test]
fn an_id_is_a_reference_in_any_form_and_only_a_locator_leads_elsewhere() {
    let of = |config: Value| {
        let mut world = World::of(vec![Secret::new("sec_1", "key")]);
        world.tools = vec![json!({"id": "tool", "tool_config": config})];
        let needed = Needed::for_world(&world, Asking::default());
        (needed.confirmations, needed.lookups)
    };
    for form in Form::ALL {
        assert_eq!(of(code_tool("tool", "Tool", form, "sec_1")), (0, 0), "{form:?}");
        assert_eq!(of(code_tool("tool", "Tool", form, "sec_2")), (1, 0), "{form:?}");
    }
    for word in ["(sec_1)", "a/sec_1?b", "sec_1,", "ü sec_1ü"] {
        assert_eq!(of(json!({"note": word})), (0, 0), "{word}");
    }
    for other in ["sec_12", "sec_1-old", "-sec_1", "xsec_1", "sec_1_"] {
        assert_eq!(of(json!({"note": other})), (1, 0), "{other}");
    }
    assert_eq!(of(json!({"request_headers": {"A": secret("sec_2")}})), (1, 1));
    // A header of this name holds what it says, and refers to nothing.
    assert_eq!(of(json!({"request_headers": {"secret_id": "role"}})), (1, 0));
    assert_eq!(of(json!({"request_headers": {"secret_id": "sec_1"}})), (0, 0));
}

/// An agent with so many branches that are live, and so many that are archived.
fn branched(id: &str, live: usize, archived: usize) -> Agent {
    let branch = |number: usize| Branch {
        id: format!("{id}_{number}"),
        archived: number >= live,
        ..Branch::default()
    };
    let config = json!({"main_branch_id": "main", "branch_id": "main"});
    Agent {
        id: id.to_owned(),
        config,
        branches: (0..live + archived).map(branch).collect(),
        ..Agent::default()
    }
}

#[test]
fn tools_agents_and_branches_are_read_where_a_secret_would_be_unused() {
    let old = Agent { archived: true, ..branched("three", 0, 0) };
    let mut world =
        World { agents: vec![branched("one", 0, 0), branched("two", 3, 2), old], ..World::empty() };
    let needed = |world: &World, inspecting| Needed::for_world(world, Asking { inspecting, ..NEVER });
    // A page of tools, and of either kind of agents; each agent and its branches' list; five branches.
    let all = 1 + 2 + 3 * 2 + 5;
    let chain = 1 + 4;
    let figures = |needed: Needed| (needed.inspection, needed.longest_chain, needed.confirmations);
    assert_eq!(figures(needed(&world, Inspecting::Never)), (0, 2, 0));
    assert_eq!(figures(needed(&world, Inspecting::Auto)), (0, 2, 0));
    assert_eq!(figures(needed(&world, Inspecting::Always)), (all, 1 + chain, 0));

    world.secrets.push(Secret::new("sec_used", "key").with_tools(1));
    assert_eq!(figures(needed(&world, Inspecting::Auto)), (0, 2, 0));
    world.secrets.push(Secret::new("sec_free", "key"));
    assert_eq!(figures(needed(&world, Inspecting::Never)), (0, 2, 1));
    // Before it is called unused, the active agents are listed once more.
    assert_eq!(figures(needed(&world, Inspecting::Auto)), (all, 2 + chain + 1, 1));
    assert_eq!(needed(&world, Inspecting::Auto).repeated, 1);
    world.agents[1].branches[4].config = json!({"note": "sec_free"});
    assert_eq!(figures(needed(&world, Inspecting::Auto)), (all, 2 + chain, 0));

    world.accepts_generated_workflow = false;
    assert_eq!(figures(needed(&world, Inspecting::Auto)), (all + 1, 2 + chain + 1, 0));
}

#[test]
fn archived_branches_are_read_where_the_service_shows_them() {
    let of = |live, archived, shows_archived_branches, archived_branches| {
        let agents = vec![branched("one", live, archived), branched("two", 0, 1)];
        let world = World { agents, shows_archived_branches, ..World::of(vec![Secret::new("sec", "key")]) };
        let needed = Needed::for_world(&world, Asking { archived_branches, ..Asking::default() });
        // Beyond the three lists, and a document and a list of branches for each agent.
        (needed.inspection - 3 - 4, needed.confirmations)
    };
    assert_eq!(of(2, 5, true, Archived::Auto), (8, 1));
    assert_eq!(of(2, 5, false, Archived::Auto), (2 + 1, 1));
    assert_eq!(of(2, 5, true, Archived::Read), (8, 1));
    assert_eq!(of(2, 5, false, Archived::Read), (8, 0), "each that is refused is missing");
    assert_eq!(of(2, 5, false, Archived::Skip), (2, 1));
    // A hundred in all with the main branch.
    assert_eq!(of(2, 97, true, Archived::Auto), (100, 1));
    // More, of which a hundred are shown; then the list without the archived ones.
    assert_eq!(of(2, 98, true, Archived::Auto), (100 + 1, 0));
    assert_eq!(of(2, 98, false, Archived::Auto), (2 + 1 + 1, 1));
    assert_eq!(of(2, 98, true, Archived::Skip), (2, 1));
    // Live ones are missing.
    assert_eq!(of(100, 0, true, Archived::Skip), (99, 0));
    assert_eq!(of(100, 0, true, Archived::Auto), (99 + 1 + 1, 0));
}

#[test]
fn lists_of_several_pages_are_walked_twice_before_anything_is_called_unused() {
    let agent = |number: usize| Agent { archived: number < 101, ..branched(&number.to_string(), 0, 0) };
    let mut world = World::of(vec![Secret::new("sec", "key")]);
    world.tools = (0..250).map(|number| json!({"id": number.to_string()})).collect();
    world.agents = (0..301).map(agent).collect();
    let repeated = |world: &World, inspecting, page_size| {
        let needed = Needed::for_world(world, Asking { inspecting, page_size, ..NEVER });
        (needed.repeated, needed.longest_chain)
    };
    let auto = |world: &World| repeated(world, Inspecting::Auto, 100);
    // Three pages of tools, two of the active agents and two of the archived ones; two chains before these.
    assert_eq!(auto(&world), (3 + 2 + 2, 2 + (2 + 2) + 3));
    assert_eq!(repeated(&world, Inspecting::Never, 100), (0, 2));
    world.secrets.push(Secret::new("sec_used", "key").with_tools(1));
    assert_eq!(repeated(&world, Inspecting::Never, 1), (2, 2 + 2));
    world.settings = json!({"note": "sec"});
    assert_eq!(auto(&world), (0, 2));
    assert_eq!(repeated(&world, Inspecting::Always, 1), (0, 1 + (2 + 2)));
}

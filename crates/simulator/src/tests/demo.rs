//! The demo agrees with itself, and shows what it is to show.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Asking, Dependent, Inspecting, Needed, Secret, World, demo};

/// Ids of holders by secret, for one kind of holder.
type Holders = BTreeMap<String, BTreeSet<String>>;

/// Every `{"secret_id": …}` below, wherever it stands.
fn references(document: &Value, found: &mut Vec<String>) {
    match document {
        Value::Object(fields) => {
            found.extend(fields.get("secret_id").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn holders<'a>(documents: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Holders {
    let mut holders = Holders::new();
    for (id, document) in documents {
        let mut found = Vec::new();
        references(document, &mut found);
        for secret in found {
            holders.entry(secret).or_default().insert(id.to_owned());
        }
    }
    holders
}

/// What `used_by` says of a list: the ids of the dependents that have a document with the secret in it.
fn told(world: &World, list: fn(&Secret) -> &Vec<Dependent>) -> Holders {
    let mut told = Holders::new();
    for secret in &world.secrets {
        for dependent in shown(list(secret)) {
            let via = dependent["referenced_resource_ids"].as_array().is_some_and(|via| !via.is_empty());
            if dependent["type"] == "available" && !via {
                let id = dependent["id"].as_str().unwrap().to_owned();
                assert!(told.entry(secret.id.clone()).or_default().insert(id), "told twice");
            }
        }
    }
    told
}

fn shown(list: &[Dependent]) -> Vec<Value> {
    list.iter().map(Dependent::json).collect()
}

fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field].as_str().unwrap()
}

#[test]
fn documents_hold_just_what_used_by_tells() {
    for world in [demo::world(), demo::earlier_world()] {
        agrees_with_itself(&world);
    }
}

fn agrees_with_itself(world: &World) {
    let tools = holders(world.tools.iter().map(|tool| (text(tool, "id"), tool)));
    assert_eq!(tools, told(world, |secret| &secret.used_by.tools));
    let servers = holders(world.mcp_servers.iter().map(|server| (text(server, "id"), server)));
    assert_eq!(servers, told(world, |secret| &secret.used_by.mcp_servers));

    let agents = || world.agents.iter();
    let main = holders(agents().map(|agent| (agent.id.as_str(), &agent.config)));
    assert_eq!(main, told(world, |secret| &secret.used_by.agents));
    let branches =
        agents().flat_map(|agent| agent.branches.iter().map(|branch| (agent.id.as_str(), &branch.config)));
    let more = holders(branches)
        .into_iter()
        .filter(|(secret, agents)| main.get(secret).is_none_or(|known| !agents.is_subset(known)));
    let named = |id: &String| world.secrets.iter().find(|secret| secret.id == *id).unwrap().name.clone();
    let more: BTreeSet<String> = more.map(|(secret, _)| named(&secret)).collect();
    assert_eq!(more, ["crm-spring-campaign", "easter-promotion-voucher-key"].map(str::to_owned).into());

    let settings = holders([("settings", &world.settings)]);
    let webhooks: BTreeSet<&String> = world
        .secrets
        .iter()
        .filter(|secret| !secret.used_by.others.is_empty())
        .map(|secret| &secret.id)
        .collect();
    assert_eq!(settings.keys().collect::<BTreeSet<_>>(), webhooks);
    assert_eq!(webhooks.len(), 1);
}

#[test]
fn transitive_agents_use_the_tools_that_they_are_said_to_use() {
    let world = demo::world();
    let agents: BTreeMap<&str, &Value> =
        world.agents.iter().map(|agent| (agent.id.as_str(), &agent.config)).collect();
    let mut told = BTreeSet::new();
    for secret in &world.secrets {
        let tools = shown(&secret.used_by.tools);
        let tools: BTreeSet<&str> = tools.iter().map(|tool| text(tool, "id")).collect();
        for agent in shown(&secret.used_by.agents) {
            let via = agent["referenced_resource_ids"].as_array().cloned().unwrap_or_default();
            for tool in &via {
                assert!(tools.contains(tool.as_str().unwrap()));
                if agent["type"] == "available" {
                    told.insert((text(&agent, "id").to_owned(), tool.as_str().unwrap().to_owned()));
                }
            }
        }
    }
    let held = agents.iter().flat_map(|(id, config)| {
        let tools = config["conversation_config"]["agent"]["prompt"]["tool_ids"].as_array().unwrap();
        tools.iter().map(move |tool| ((*id).to_owned(), tool.as_str().unwrap().to_owned()))
    });
    assert_eq!(held.collect::<BTreeSet<_>>(), told);
}

#[test]
fn what_used_by_has_no_place_for_is_as_the_story_goes() {
    let world = demo::world();
    let by_id: BTreeMap<&str, &Secret> =
        world.secrets.iter().map(|secret| (secret.id.as_str(), secret)).collect();
    let mut free: BTreeSet<&str> = BTreeSet::new();
    for secret in &world.secrets {
        let used_by = &secret.used_by;
        let lists =
            [&used_by.tools, &used_by.agents, &used_by.phone_numbers, &used_by.mcp_servers, &used_by.others];
        if lists.iter().all(|list| list.is_empty()) {
            free.insert(secret.name.as_str());
        }
    }
    assert_eq!(free.len(), 12);

    let variables = holders(world.environment_variables.iter().map(|one| (text(one, "label"), one)));
    let engines = holders(world.speech_engines.iter().map(|one| (text(one, "name"), one)));
    let dangling: Vec<&String> = variables.keys().filter(|id| !by_id.contains_key(id.as_str())).collect();
    assert_eq!(dangling.len(), 1);
    assert_eq!(variables[dangling[0]], BTreeSet::from(["LEGACY_CRM_TOKEN".to_owned()]));
    assert!(engines.keys().all(|id| by_id.contains_key(id.as_str())));

    let saved = |holders: &Holders| -> Vec<String> {
        let names = holders.keys().filter_map(|id| by_id.get(id.as_str())).map(|secret| secret.name.clone());
        names.filter(|name| free.contains(name.as_str())).collect()
    };
    assert_eq!(saved(&variables), ["ledger-export-token"]);
    assert_eq!(saved(&engines), ["voice-gateway-bearer"]);
    assert!(world.environment_variables.iter().all(|one| text(one, "workspace_id") == world.workspace_id));
}

#[test]
fn a_look_into_tools_and_branches_finds_three_that_would_be_unused() {
    let world = demo::world();
    let candidates = |world: &World, inspecting| {
        Needed::for_world(world, Asking { inspecting, ..Asking::default() }).confirmations
    };
    assert_eq!(candidates(&world, Inspecting::Never), 10);
    assert_eq!(candidates(&world, Inspecting::Auto), 7);

    let id = |name: &str| &world.secrets.iter().find(|secret| secret.name == name).unwrap().id;
    let holding = |name: &str| {
        let branches = world.agents.iter().flat_map(|agent| {
            agent.branches.iter().map(|branch| (agent.name.as_str(), branch.name.as_str(), branch))
        });
        let found = branches.filter(|(.., branch)| branch.config.to_string().contains(id(name)));
        found.map(|(agent, name, branch)| (agent, name, branch.archived)).collect::<Vec<_>>()
    };
    let spring = ("Sales Qualification UK", "spring-campaign", false);
    assert_eq!(holding("crm-spring-campaign"), [spring]);
    let easter = ("Order Status UK", "easter-promotion", true);
    assert_eq!(holding("easter-promotion-voucher-key"), [easter]);
    let licence = id("vat-validation-licence-key");
    let tools = world.tools.iter().filter(|tool| tool.to_string().contains(licence));
    let tools: Vec<&Value> = tools.map(|tool| &tool["tool_config"]).collect();
    assert_eq!(tools.len(), 1);
    assert_eq!((text(tools[0], "type"), text(tools[0], "name")), ("code", "validate_vat_number"));
    assert_eq!(
        (world.seat_type.as_str(), world.access_source.as_deref()),
        ("workspace_admin", Some("workspace_admin"))
    );
}

#[test]
fn it_is_big_and_crooked_enough() {
    let world = demo::world();
    let all = || world.secrets.iter().map(|secret| &secret.used_by);
    assert_eq!(world.secrets.len(), 230);
    let dependents: usize = all()
        .map(|used| {
            used.tools.len()
                + used.agents.len()
                + used.phone_numbers.len()
                + used.mcp_servers.len()
                + used.others.len()
        })
        .sum();
    assert!((900..=1300).contains(&dependents), "{dependents}");

    assert_eq!(all().map(|used| used.agents.len()).filter(|length| *length > 100).collect::<Vec<_>>(), [137]);
    let cut = |list: fn(&Secret) -> usize| {
        world.secrets.iter().map(list).filter(|length| (21..=100).contains(length)).count()
    };
    assert_eq!(cut(|secret| secret.used_by.tools.len()), 4);
    assert_eq!(cut(|secret| secret.used_by.agents.len()), 4);
    assert_eq!(cut(|secret| secret.used_by.phone_numbers.len()), 2);
    assert_eq!(cut(|secret| secret.used_by.mcp_servers.len()), 1);
    for page in world.secrets.chunks(100).take(2) {
        assert!(page.iter().any(|secret| secret.used_by.tools.len().max(secret.used_by.agents.len()) > 20));
    }

    let hidden = |list: &Vec<Dependent>| list.iter().any(|one| one.json()["type"] == "unknown");
    assert!(all().any(|used| hidden(&used.tools)));
    assert!(all().any(|used| hidden(&used.agents)));
    assert!(all().any(|used| hidden(&used.mcp_servers)));
    let numbers = all().flat_map(|used| shown(&used.phone_numbers));
    let providers: BTreeSet<String> = numbers.map(|number| text(&number, "provider").to_owned()).collect();
    assert_eq!(providers, ["exotel", "sip_trunk", "twilio"].map(str::to_owned).into());
    assert!(world.agents.iter().any(|agent| agent.archived));
    assert!(world.agents.iter().any(|agent| !agent.branches.is_empty()));
}

#[test]
fn names_and_ids_are_told_apart() {
    let world = demo::world();
    let distinct = |items: Vec<&str>| {
        let count = items.len();
        assert_eq!(items.into_iter().collect::<BTreeSet<_>>().len(), count);
    };
    distinct(world.secrets.iter().map(|secret| secret.name.as_str()).collect());
    distinct(world.agents.iter().map(|agent| agent.name.as_str()).collect());
    distinct(world.tools.iter().map(|tool| text(&tool["tool_config"], "name")).collect());
    distinct(world.mcp_servers.iter().map(|server| text(&server["config"], "name")).collect());
    let numbers: Vec<Value> =
        world.secrets.iter().flat_map(|secret| shown(&secret.used_by.phone_numbers)).collect();
    distinct(numbers.iter().map(|number| text(number, "phone_number")).collect());
    for number in &numbers {
        let number = text(number, "phone_number");
        let fictional = number.starts_with("+442079460") && number.len() == 13
            || number.starts_with("+1") && number.get(5..10) == Some("55501") && number.len() == 12;
        assert!(fictional, "{number}");
    }
    let mut ids: Vec<&str> = world.secrets.iter().map(|secret| secret.id.as_str()).collect();
    ids.extend(world.agents.iter().map(|agent| agent.id.as_str()));
    ids.extend(world.tools.iter().map(|tool| text(tool, "id")));
    ids.extend(world.mcp_servers.iter().map(|server| text(server, "id")));
    ids.extend(numbers.iter().map(|number| text(number, "phone_number_id")));
    assert!(ids.iter().all(|id| id.len() >= 26 && id.is_ascii()));
    distinct(ids);
}

#[test]
fn it_is_the_same_every_time() {
    let summary = format!("{:?}", demo::world());
    assert_eq!(summary, format!("{:?}", demo::world()));
    // Fixed in the published sample: a change here changes the sample.
    assert_eq!(demo::world().workspace_id, "ws_01jqxws8janq3q87hejhnd10hz");
}

#[test]
fn the_degraded_one_lacks_one_permission_and_nothing_else() {
    let degraded = demo::degraded_world();
    assert_eq!(degraded.missing_permissions, BTreeSet::from(["/v1/speech-engine".to_owned()]));
    let whole = World { missing_permissions: BTreeSet::new(), ..degraded };
    assert_eq!(format!("{whole:?}"), format!("{:?}", demo::world()));
}

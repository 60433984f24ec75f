//! Made-up workspaces with each secret in some place and form, or in none: never a false "unused", and "unused" where
//! nothing refers to a secret and everything can be seen.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use simulator::{Agent, Branch, Secret, Simulator, World, documents, world};

use crate::{
    places::{agent, prompt, settings, speech_engine, tool, variable},
    support::Setup,
};

/// Where a secret is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    UsedBy,
    Variable,
    VariableAsText,
    SpeechEngine,
    McpServerToken,
    McpServerMeta,
    Settings,
    Tool,
    CodeTool(documents::Form),
    Agent,
    AgentInWords,
    Generated,
    Branch,
    ArchivedBranch,
    Mentioned(Holder, documents::Form),
    HiddenTool,
    HiddenAgent,
    HiddenMcpServer,
}

/// What can mention a secret in any form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Variable,
    SpeechEngine,
    McpServer,
    Agent,
    Branch,
}

const HOLDERS: [Holder; 5] =
    [Holder::Variable, Holder::SpeechEngine, Holder::McpServer, Holder::Agent, Holder::Branch];

const PLACES: [Place; 22] = [
    Place::Nowhere,
    Place::UsedBy,
    Place::Variable,
    Place::VariableAsText,
    Place::SpeechEngine,
    Place::McpServerToken,
    Place::McpServerMeta,
    Place::Settings,
    Place::Tool,
    Place::CodeTool(documents::Form::OtherKey),
    Place::CodeTool(documents::Form::MapValue),
    Place::CodeTool(documents::Form::List),
    Place::CodeTool(documents::Form::Key),
    Place::CodeTool(documents::Form::Word),
    Place::Agent,
    Place::AgentInWords,
    Place::Generated,
    Place::Branch,
    Place::ArchivedBranch,
    Place::HiddenTool,
    Place::HiddenAgent,
    Place::HiddenMcpServer,
];

fn place() -> impl Strategy<Value = Place> {
    let mentioned = (select(HOLDERS.to_vec()), select(documents::Form::ALL.to_vec()));
    let mentioned = mentioned.prop_map(|(holder, form)| Place::Mentioned(holder, form));
    prop_oneof![3 => select(PLACES.to_vec()), 1 => mentioned]
}

/// A secret's id as something that this program has never heard of may hold it.
fn in_form(form: documents::Form, secret: &str) -> Value {
    match form {
        documents::Form::OtherKey => json!({"credential": secret}),
        documents::Form::MapValue => json!({"tokens": {"TOKEN": secret}}),
        documents::Form::List => json!([0, secret]),
        documents::Form::Key => json!({secret: null}),
        documents::Form::Word => json!(format!("Bearer {{{{{secret}}}}}")),
    }
}

/// How the workspace and its key are.
#[derive(Clone, Copy, Debug)]
struct Manner {
    is_admin: bool,
    shows_archived_branches: bool,
    accepts_generated_workflow: bool,
    archived_agents: bool,
    /// Whether variables and tools take more than one page.
    has_long_lists: bool,
    page_size: u32,
    deep: &'static str,
}

prop_compose! {
    fn manner()(
        (is_admin, shows_archived_branches) in any::<(bool, bool)>(),
        (accepts_generated_workflow, archived_agents) in any::<(bool, bool)>(),
        has_long_lists in prop::bool::weighted(0.1),
        page_size in select(vec![1, 2, 100]),
        deep in select(vec!["auto", "always"]),
    ) -> Manner {
        Manner {
            is_admin,
            shows_archived_branches,
            accepts_generated_workflow,
            archived_agents,
            has_long_lists,
            page_size,
            deep,
        }
    }
}

fn id(number: usize) -> String {
    // Some have another form than the first.
    if number % 4 == 3 { format!("legacy.{number}") } else { format!("sec_01a{number:03}") }
}

fn with_branch(number: usize, archived: bool, prompt: &Value) -> Agent {
    let name = format!("agent_{number:03}");
    let mut agent = documents::agent(&name, &name, &json!({}));
    let mut config = documents::agent(&name, &name, prompt).config;
    config["branch_id"] = json!("other");
    agent.branches = vec![Branch { id: "other".to_owned(), archived, config, ..Branch::default() }];
    agent
}

fn made_up(places: &[Place], manner: Manner) -> World {
    let mut world = World {
        seat_type: if manner.is_admin { "workspace_admin" } else { "workspace_member" }.to_owned(),
        shows_archived_branches: manner.shows_archived_branches,
        accepts_generated_workflow: manner.accepts_generated_workflow,
        ..World::empty()
    };
    for (number, place) in places.iter().enumerate() {
        let (secret, tool_id, agent_id) =
            (id(number), format!("tool_{number:03}"), format!("agent_{number:03}"));
        let mut listed = Secret::new(&secret, &format!("name {number}"));
        let text = |value: Value| {
            documents::environment_variable(&format!("var_{number}"), "ws", "L", "secret", &value)
        };
        let server = |token: &Value| {
            documents::mcp_server(
                &format!("mcp_{number:03}"),
                "M",
                &json!("https://m.example"),
                token,
                &json!({}),
            )
        };
        match place {
            Place::Nowhere => {}
            Place::UsedBy => listed = listed.with_phone_numbers(1),
            Place::Variable => {
                world.environment_variables.push(variable(&format!("var_{number}"), "L", &[("p", &secret)]));
            }
            Place::VariableAsText => {
                world.environment_variables.push(text(json!({"p": format!("see {secret}!")})))
            }
            Place::SpeechEngine => {
                world.speech_engines.push(speech_engine(&format!("seng_{number}"), "E", &secret))
            }
            Place::McpServerToken => world.mcp_servers.push(server(&documents::secret(&secret))),
            Place::McpServerMeta => {
                let mut server = server(&Value::Null);
                server["config"]["request_meta"] = json!({"k": [secret]});
                world.mcp_servers.push(server);
            }
            // There is but one place for it.
            Place::Settings => world.settings = settings(&secret),
            Place::Tool => world.tools.push(tool(&tool_id, "T", &secret)),
            Place::CodeTool(form) => world.tools.push(documents::code_tool(&tool_id, "C", *form, &secret)),
            Place::Agent => {
                let held = Agent { archived: manner.archived_agents, ..agent(&agent_id, "A", &secret) };
                world.agents.push(held);
            }
            Place::AgentInWords => {
                let said = json!({"prompt": format!("The key is {secret}, use it.")});
                world.agents.push(documents::agent(&agent_id, "A", &said));
            }
            Place::Generated => {
                let mut agent = documents::agent(&agent_id, "A", &json!({}));
                agent
                    .generated_nodes
                    .insert("n".to_owned(), json!({"custom_llm": prompt(&secret)["custom_llm"]}));
                world.agents.push(agent);
            }
            Place::Branch => world.agents.push(with_branch(number, false, &prompt(&secret))),
            Place::ArchivedBranch => world.agents.push(with_branch(number, true, &prompt(&secret))),
            Place::Mentioned(holder, form) => {
                let held = in_form(*form, &secret);
                match holder {
                    Holder::Variable => {
                        let mut variable = text(json!({}));
                        variable["notes"] = held;
                        world.environment_variables.push(variable);
                    }
                    Holder::SpeechEngine => {
                        let mut engine = documents::speech_engine(
                            &format!("seng_{number}"),
                            "E",
                            "wss://e.example",
                            &json!({}),
                        );
                        engine["speech_engine"]["auth"] = held;
                        world.speech_engines.push(engine);
                    }
                    Holder::McpServer => {
                        let mut server = server(&Value::Null);
                        server["config"]["auth"] = held;
                        world.mcp_servers.push(server);
                    }
                    Holder::Agent => {
                        world.agents.push(documents::agent(&agent_id, "A", &json!({"auth": held})));
                    }
                    Holder::Branch => {
                        world.agents.push(with_branch(number, false, &json!({"auth": held})));
                    }
                }
            }
            Place::HiddenMcpServer => {
                listed.used_by.mcp_servers.push(world::available(
                    &format!("mcp_{number:03}"),
                    "M",
                    1,
                    "viewer",
                ));
                world.mcp_servers.push(server(&documents::secret(&secret)));
                world.hidden.insert(format!("mcp_{number:03}"));
            }
            Place::HiddenTool => {
                listed.used_by.tools.push(world::available(&tool_id, "T", 1, "viewer"));
                world.tools.push(tool(&tool_id, "T", &secret));
                world.hidden.insert(tool_id);
            }
            Place::HiddenAgent => {
                listed.used_by.agents.push(world::available(&agent_id, "A", 1, "viewer"));
                world.agents.push(agent(&agent_id, "A", &secret));
                world.hidden.insert(agent_id);
            }
        }
        world.secrets.push(listed);
    }
    if manner.has_long_lists {
        // Ahead of the others, which then stand on the second page.
        let others = (0..100).map(|number| variable(&format!("other_{number}"), "L", &[]));
        world.environment_variables.splice(0..0, others);
        let others = (0..100).map(|number| documents::tool(&format!("other_{number}"), "T", "u", &json!({})));
        world.tools.splice(0..0, others);
    }
    world
}

/// The verdict on each secret.
fn verdicts(world: World, manner: Manner) -> Vec<String> {
    let ids: Vec<String> = world.secrets.iter().map(|secret| secret.id.clone()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let simulator = Simulator::start(world).await.unwrap();
        let Manner { page_size, deep, .. } = manner;
        let setup =
            Setup::of(&simulator).section(&format!("[audit]\npage_size = {page_size}\ndeep = {deep:?}"));
        let bundle = setup.run().await.bundle();
        ids.iter().map(|id| bundle.verdict(id).to_owned()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_is_used_is_never_called_unused_and_what_is_not_is(
        places in vec(place(), 1..7),
        manner in manner(),
    ) {
        // The webhook of the settings holds one secret only.
        let settings = places.iter().filter(|place| **place == Place::Settings).count();
        prop_assume!(settings <= 1);
        let is_hidden =
            |place: &Place| matches!(place, Place::HiddenTool | Place::HiddenAgent | Place::HiddenMcpServer);
        let sees_all = manner.is_admin || !places.iter().any(is_hidden);
        let found = verdicts(made_up(&places, manner), manner);
        for (place, verdict) in places.iter().zip(&found) {
            let is_found = match place {
                Place::Nowhere => false,
                // Where the API does not show it, nothing can.
                Place::ArchivedBranch => manner.shows_archived_branches,
                Place::Generated => manner.accepts_generated_workflow,
                _ => true,
            };
            let expected = match (is_found, sees_all) {
                (true, _) => "in_use",
                (false, true) => "unused",
                (false, false) => "undetermined",
            };
            prop_assert_eq!(verdict, expected, "{:?} of {:?}: {:?}", place, places, found);
        }
    }
}

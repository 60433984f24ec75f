//! Whole workspaces made from the schemas of the vendor's document: what these allow is read, all of it, and every
//! reference and every dependent in it is a row. A test draws from a tape of numbers; where the tape has ended, the
//! least is made: no optional field, the first of several forms, an empty list.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};
use simulator::{Reply, Simulator, World};

use crate::{
    bundle::Bundle,
    places::{
        AGENTS, ENVIRONMENT_VARIABLES, MCP_SERVERS, SETTINGS, SPEECH_ENGINES, TOOLS, by_itself, deep,
        not_found,
    },
    support::{SECRETS, Setup},
};

const EXCERPT: &str = include_str!("fixtures/openapi-excerpt.json");

/// Stands for half a surrogate pair, which JSON can hold as an escape and a string can't hold at all.
const HALF: char = '\u{e000}';
const TEXTS: [&str; 7] =
    ["", "plain", "Zoë \u{1f511}", "a\u{e000}b", "\u{202e}x\u{0}\n\"\\", "=1+1", "{{x}}"];
/// Keys of maps whose keys are free: names of headers, environments and the like.
const KEYS: [&str; 6] = ["Authorization", "secret_id", "production", "values", "Schlüssel", ""];
const IDS: [&str; 4] = ["sec_one", "sec_two", "sec_three", "sec_four"];

/// A secret, the type of what uses it, and its id where that is one of its own.
type Use = (String, String, Option<String>);

struct Maker<'a> {
    document: &'a Value,
    tape: &'a [u8],
    made: usize,
    /// What the answers that are being made now belong to.
    holder: (&'static str, Option<String>),
    uses: BTreeSet<Use>,
}

impl Maker<'_> {
    fn draw(&mut self, below: usize) -> usize {
        let Some((first, rest)) = self.tape.split_first() else { return 0 };
        self.tape = rest;
        usize::from(*first) % below
    }

    fn new_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }

    fn of(&mut self, name: &str) -> Value {
        self.make(&json!({"$ref": format!("#/components/schemas/{name}")}), "")
    }

    /// What a path answers, by its schema or that of what stands at `within` in it.
    fn answer(&mut self, path: &str, within: &str) -> Value {
        let responses = &self.document["paths"][path]["get"]["responses"]["200"];
        let schema = responses["content"]["application/json"]["schema"].clone();
        let schema = schema.pointer(within).unwrap_or_else(|| panic!("{path}{within}")).clone();
        self.make(&schema, "")
    }

    fn make(&mut self, schema: &Value, field: &str) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = self.document.pointer(&reference[1..]).unwrap().clone();
            let is_locator = ["ConvAISecretLocator", "EnvironmentVariableSecretValue"]
                .contains(&reference.rsplit('/').next().unwrap());
            if is_locator {
                let secret = IDS[self.draw(IDS.len())];
                self.uses.insert((secret.to_owned(), self.holder.0.to_owned(), self.holder.1.clone()));
                return json!({"secret_id": secret});
            }
            return self.make(&schema, field);
        }
        if field == "next_cursor" {
            return Value::Null;
        }
        if field.ends_with("has_more") {
            return json!(false);
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(forms) = schema[choice].as_array() {
                let form = forms[self.draw(forms.len())].clone();
                return self.make(&form, field);
            }
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(words) = schema["enum"].as_array() {
            let drawn = self.draw(words.len() + 1);
            return words.get(drawn).cloned().unwrap_or_else(|| json!("a_word_of_tomorrow"));
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, field),
            Some("array") => (0..self.draw(4)).map(|_| self.make(&schema["items"], field)).collect(),
            Some("string") if field == "id" || field.ends_with("_id") || field.ends_with("_ids") => {
                json!(self.new_id("id"))
            }
            Some("string") => json!(TEXTS[self.draw(TEXTS.len())]),
            Some("integer") => json!(1 + self.draw(30)),
            Some("number") => json!([0.0, 12.5, 1e300][self.draw(3)]),
            Some("boolean") => json!(self.draw(2) == 1),
            Some("null") => Value::Null,
            other => panic!("{field}: {other:?}"),
        }
    }

    fn object(&mut self, schema: &Value, field: &str) -> Value {
        let mut object = Map::new();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&name.as_str()) || self.draw(3) != 0 {
                object.insert(name.clone(), self.make(schema, name));
            }
        }
        if let Some(schema) = schema.get("additionalProperties") {
            for _ in 0..self.draw(4) {
                let key = KEYS[self.draw(KEYS.len())].to_owned();
                // A key that is drawn twice has been given a value already.
                if !object.contains_key(&key) {
                    object.insert(key, self.make(schema, "value"));
                }
            }
        } else if schema.get("properties").is_none() {
            return self.free(field);
        }
        Value::Object(object)
    }

    /// An object of which the excerpt says no more than that it is one.
    fn free(&mut self, field: &str) -> Value {
        match field {
            "access_info" => self.of("ResourceAccessInfo"),
            "usage_stats" => self.of("ToolUsageStatsResponseModel"),
            "metadata" => self.of("MCPServerMetadataResponseModel"),
            "request_meta" => {
                let scalars = [json!("a value"), json!(7), json!(true), Value::Null, json!(0.5)];
                (0..self.draw(3))
                    .map(|_| (KEYS[self.draw(KEYS.len())].to_owned(), scalars[self.draw(5)].clone()))
                    .collect::<Map<_, _>>()
                    .into()
            }
            _ => {
                [json!({}), json!({"new": [1, {"deep": null}]}), json!({"nodes": {"n": {"label": TEXTS[3]}}})]
                    [self.draw(3)]
                .clone()
            }
        }
    }

    fn held_by(&mut self, kind: &'static str, id: Option<&str>) {
        self.holder = (kind, id.map(str::to_owned));
    }
}

/// What a workspace answers: by path, and where that decides, by a parameter.
type Answers = BTreeMap<String, Value>;

fn list(name: &str, elements: Vec<Value>) -> Value {
    json!({name: elements, "next_cursor": null, "has_more": false})
}

/// The uses that a secret's own lists show.
fn listed(secret: &Value, uses: &mut BTreeSet<Use>) {
    for (list, kind, id) in [
        ("tools", "tool", "id"),
        ("agents", "agent", "id"),
        ("mcp_servers", "mcp_server", "id"),
        ("phone_numbers", "phone_number", "phone_number_id"),
        ("others", "other", ""),
    ] {
        for dependent in secret["used_by"][list].as_array().into_iter().flatten() {
            let id = dependent.as_str().or(dependent[id].as_str()).unwrap();
            let secret = secret["secret_id"].as_str().unwrap();
            uses.insert((secret.to_owned(), kind.to_owned(), Some(id.to_owned())));
        }
    }
}

fn workspace(document: &Value, tape: &[u8]) -> (Answers, BTreeSet<Use>) {
    let mut maker = Maker { document, tape, made: 0, holder: ("", None), uses: BTreeSet::new() };
    let mut answers = Answers::new();
    let mut secrets = Vec::new();
    for id in IDS {
        let mut secret = maker.of("ConvAIWorkspaceStoredSecretConfig");
        secret["secret_id"] = json!(id);
        listed(&secret, &mut maker.uses);
        answers.insert(by_itself(id), secret.clone());
        secrets.push(secret);
    }
    answers.insert(SECRETS.to_owned(), json!({"secrets": secrets, "next_cursor": null}));
    answers.insert("/v1/user".to_owned(), json!({"user_id": "u", "seat_type": "workspace_admin"}));
    answers.insert("/v1/convai/phone-numbers".to_owned(), json!([]));

    let variables = (0..maker.draw(4)).map(|_| {
        let id = maker.new_id("envvar");
        maker.held_by("environment_variable", Some(&id));
        let mut variable = maker.of("EnvironmentVariableResponse");
        let values = json!({"additionalProperties": {
            "$ref": "#/components/schemas/EnvironmentVariableSecretValue"
        }, "type": "object"});
        // Of variables of other types, which are not asked for, nothing was placed.
        maker.uses.retain(|(_, _, holder)| holder.as_deref() != Some(&id));
        variable["values"] = maker.make(&values, "values");
        (variable["type"], variable["id"], variable["workspace_id"]) =
            (json!("secret"), json!(id), json!("ws"));
        variable
    });
    let variables = list("environment_variables", variables.collect());
    answers.insert(ENVIRONMENT_VARIABLES.to_owned(), variables);

    let mut engines = Vec::new();
    for _ in 0..maker.draw(3) {
        let id = maker.new_id("seng");
        maker.held_by("speech_engine", Some(&id));
        let mut engine = maker.answer("/v1/speech-engine/{speech_engine_id}", "");
        let mut summary = maker.of("SpeechEngineSummaryResponse");
        (engine["speech_engine_id"], summary["speech_engine_id"]) = (json!(id), json!(id));
        answers.insert(format!("{SPEECH_ENGINES}/{id}"), engine);
        engines.push(summary);
    }
    answers.insert(SPEECH_ENGINES.to_owned(), list("speech_engines", engines));

    for (path, name, kind) in [(MCP_SERVERS, "mcp_servers", "mcp_server"), (TOOLS, "tools", "tool")] {
        let mut elements = Vec::new();
        for _ in 0..maker.draw(4) {
            let id = maker.new_id(kind);
            maker.held_by(kind, Some(&id));
            let mut element = maker.answer(path, &format!("/properties/{name}/items"));
            element["id"] = json!(id);
            elements.push(element);
        }
        answers.insert(path.to_owned(), list(name, elements));
    }

    maker.held_by("setting", None);
    let settings = maker.of("GetConvAISettingsResponseModel");
    answers.insert(SETTINGS.to_owned(), settings);

    for archived in ["false", "true"] {
        let mut agents = Vec::new();
        for _ in 0..maker.draw(3) {
            let id = maker.new_id("agent");
            maker.held_by("agent", Some(&id));
            let mut summary = maker.answer(AGENTS, "/properties/agents/items");
            summary["agent_id"] = json!(id);
            agents.push(summary);
            let path = format!("{AGENTS}/{id}");
            let mut agent = maker.answer("/v1/convai/agents/{agent_id}", "");
            agent["agent_id"] = json!(id);
            let main = agent["branch_id"].as_str().map(str::to_owned);
            // Where it is said, it is the branch that is shown, or one that can be asked for.
            if agent["main_branch_id"].is_string() {
                agent["main_branch_id"] = agent["branch_id"].clone();
            }
            answers.insert(path.clone(), agent);
            let mut branches = Vec::new();
            let others: Vec<String> = (0..maker.draw(3)).map(|_| maker.new_id("branch")).collect();
            for branch in main.iter().chain(&others) {
                let mut summary = maker.of("AgentBranchSummary");
                (summary["id"], summary["agent_id"]) = (json!(branch), json!(id));
                branches.push(summary);
            }
            for branch in others {
                let mut document = maker.answer("/v1/convai/agents/{agent_id}", "");
                (document["agent_id"], document["branch_id"]) = (json!(id), json!(branch));
                answers.insert(format!("{path}?branch_id={branch}"), document);
            }
            let total = [Value::Null, json!(branches.len())][maker.draw(2)].clone();
            let whole = json!({"results": branches, "meta": {"total": total}});
            answers.insert(format!("{path}/branches"), whole);
        }
        answers.insert(format!("{AGENTS}?archived={archived}"), list("agents", agents));
    }
    (answers, maker.uses)
}

async fn audit(answers: Answers) -> (u8, Bundle) {
    let simulator = Simulator::start_with(World::empty(), move |request, _| {
        let mut key = request.path.clone();
        if key == AGENTS {
            key = format!("{AGENTS}?archived={}", request.query("archived").unwrap_or("false"));
        } else if let Some(branch) = request.query("branch_id") {
            let of_branch = format!("{key}?branch_id={branch}");
            // The main branch is the agent.
            key = if answers.contains_key(&of_branch) { of_branch } else { key };
        }
        let Some(answer) = answers.get(&key) else { return not_found() };
        let body = answer.to_string().replace(HALF, "\\ud83d").into_bytes();
        Reply::Answer { status: 200, headers: Vec::new(), body }
    });
    let simulator = simulator.await.unwrap();
    let outcome = deep(Setup::of(&simulator)).run().await;
    (outcome.code(), outcome.bundle())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_the_schema_allows_is_read_and_every_reference_in_it_is_a_row(tape in vec(any::<u8>(), 0..3000)) {
        let document: Value = serde_json::from_str(EXCERPT).unwrap();
        let (answers, uses) = workspace(&document, &tape);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (code, bundle) = runtime.block_on(audit(answers));
        let sources = bundle.workspace()["sources"].as_array().unwrap();
        for source in sources {
            prop_assert_ne!(&source["status"], "not read whole", "{}", source);
        }
        let gaps: Vec<String> = IDS.iter().flat_map(|id| bundle.gaps(id)).collect();
        prop_assert!(gaps.is_empty(), "{:?}", gaps);
        prop_assert_eq!(code, 0, "{}", bundle.workspace()["gaps"]);
        for (secret, kind, id) in uses {
            let ids = bundle.ids(&secret, &kind);
            let found = id.as_deref().map_or(!ids.is_empty(), |id| ids.contains(&id));
            prop_assert!(found, "{secret} {kind} {id:?} among {ids:?}");
            prop_assert_eq!(bundle.verdict(&secret), "in_use");
        }
    }
}

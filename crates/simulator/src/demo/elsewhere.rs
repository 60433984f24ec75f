//! What only a look into tools and branches finds: three secrets of which `used_by` says nothing.

use serde_json::{Value, json};

use super::{
    ids,
    intentions::{IN_CODE, ON_A_BRANCH, ON_AN_ARCHIVED_BRANCH},
    plan::Plan,
};
use crate::{
    documents::{self, Form, secret},
    world::{Agent, Branch},
};

pub(super) fn tool(plan: &Plan) -> Option<Value> {
    let held = plan.secret_id(IN_CODE)?;
    Some(documents::code_tool(&ids::id("tool", 9_002), "validate_vat_number", Form::MapValue, held))
}

/// Adds the branches to the agents that have them.
pub(super) fn add_branches(plan: &Plan, agents: &mut [Agent]) {
    for (name, agent, branch, archived) in [
        (ON_A_BRANCH, "Sales Qualification UK", "spring-campaign", false),
        (ON_AN_ARCHIVED_BRANCH, "Order Status UK", "easter-promotion", true),
    ] {
        let mut agents = agents.iter_mut().enumerate();
        let found = agents.find(|(_, known)| known.name == agent);
        let (Some((number, agent)), Some(held)) = (found, plan.secret_id(name)) else { continue };
        let id = ids::id("agtbrch", 2_000 + number);
        let mut config = agent.config.clone();
        config["branch_id"] = json!(id);
        config["branch_name"] = json!(branch);
        let tool = json!({
            "type": "webhook",
            "name": format!("{}_offer", branch.replace('-', "_")),
            "api_schema": {
                "url": format!("https://hooks.larkfield.example/{branch}"),
                "request_headers": {"Authorization": secret(held)},
            },
        });
        let tools = &mut config["conversation_config"]["agent"]["prompt"]["tools"];
        tools.as_array_mut().into_iter().for_each(|tools| tools.push(tool.clone()));
        agent.branches.push(Branch { id, name: branch.to_owned(), archived, config, ..Branch::default() });
    }
}

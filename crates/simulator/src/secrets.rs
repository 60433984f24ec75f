//! The endpoints of the secrets themselves.

use std::borrow::Borrow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    dependent::Dependent,
    exchange::{Reply, Request},
    paging::{Page, limit, not_one_of, page},
    workspace::{Workspace, not_seen},
    world::{Secret, UsedBy},
};

/// Where lists are cut when no limit is given. The OpenAPI document names no default; the default of the
/// dependencies endpoint is taken for this one too, as nothing promises more.
const DEFAULT_DEPENDENCY_LIMIT: usize = 20;
/// The OpenAPI document's default.
const DEFAULT_PAGE_OF_DEPENDENCIES: usize = 20;
/// `SecretDependencyResourceType` of the OpenAPI document.
const RESOURCE_TYPES: [&str; 3] = ["tools", "agents", "phone_numbers"];

/// `GET /v1/convai/secrets`
pub(super) fn list(workspace: &Workspace, request: &Request) -> Result<Reply, Reply> {
    let size = limit(request, "page_size")?;
    let dependency_limit = limit(request, "dependency_limit")?.unwrap_or(DEFAULT_DEPENDENCY_LIMIT);
    let prefix = request.query("search").unwrap_or_default();
    let all = &workspace.world.secrets;
    // Neither limit is part of the scope: the same page may be asked for again with a higher one.
    let scope = ["secrets", prefix];
    if prefix.is_empty() {
        return Ok(listed(&page(request, all, size, &scope)?, dependency_limit));
    }
    let found: Vec<&Secret> = all.iter().filter(|secret| secret.name.starts_with(prefix)).collect();
    Ok(listed(&page(request, &found, size, &scope)?, dependency_limit))
}

fn listed(page: &Page<'_, impl Borrow<Secret>>, dependency_limit: usize) -> Reply {
    let secrets = page.items.iter().map(|secret| SecretAnswer::new(secret.borrow(), dependency_limit));
    Reply::of(200, &ListAnswer { secrets: secrets.collect(), next_cursor: page.next_cursor.as_deref() })
}

/// `GET /v1/convai/secrets/{secret_id}`
pub(super) fn one(workspace: &Workspace, id: &str) -> Result<Reply, Reply> {
    let secret = find(workspace, id)?;
    Ok(Reply::of(200, &SecretAnswer::new(secret, DEFAULT_DEPENDENCY_LIMIT)))
}

/// `GET /v1/convai/secrets/{secret_id}/dependencies/{resource_type}`
pub(super) fn dependencies(
    workspace: &Workspace,
    request: &Request,
    id: &str,
    resource_type: &str,
) -> Result<Reply, Reply> {
    if !RESOURCE_TYPES.contains(&resource_type) {
        return Err(not_one_of("path", "resource_type", &RESOURCE_TYPES));
    }
    let size = limit(request, "page_size")?.unwrap_or(DEFAULT_PAGE_OF_DEPENDENCIES);
    let used_by = &find(workspace, id)?.used_by;
    let list = match resource_type {
        "tools" => &used_by.tools,
        "agents" => &used_by.agents,
        _ => &used_by.phone_numbers,
    };
    let page = page(request, list, Some(size), &["dependencies", id, resource_type])?;
    Ok(Reply::of(200, &DependenciesAnswer { dependencies: page.items, next_cursor: page.next_cursor }))
}

fn find<'a>(workspace: &'a Workspace, id: &str) -> Result<&'a Secret, Reply> {
    workspace.secret(id).ok_or_else(|| {
        let message = "No secret of this workspace has the id that was asked for.";
        not_seen(workspace, id, "secret_not_found", message)
    })
}

/// `GetWorkspaceSecretsResponseModel`. The cursor is null at the end.
#[derive(Serialize)]
struct ListAnswer<'a> {
    secrets: Vec<SecretAnswer<'a>>,
    next_cursor: Option<&'a str>,
}

/// `GetSecretDependenciesResponseModel`. The cursor is left out at the end: clients must take either form.
#[derive(Serialize)]
struct DependenciesAnswer<'a> {
    dependencies: &'a [Dependent],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `ConvAIWorkspaceStoredSecretConfig`
#[derive(Serialize)]
struct SecretAnswer<'a> {
    r#type: &'static str,
    secret_id: &'a str,
    name: &'a str,
    used_by: UsedByAnswer<'a>,
}

/// `ConvAIStoredSecretDependencies`. Three lists say that they were cut; the other two are cut and say
/// nothing (FACTS.md, "What bites").
#[derive(Serialize)]
struct UsedByAnswer<'a> {
    tools: &'a [Dependent],
    tools_has_more: bool,
    agents: &'a [Dependent],
    agents_has_more: bool,
    phone_numbers: &'a [Dependent],
    phone_numbers_has_more: bool,
    mcp_servers: &'a [Dependent],
    others: &'a [Dependent],
    #[serde(flatten)]
    further: &'a Map<String, Value>,
}

impl<'a> SecretAnswer<'a> {
    fn new(secret: &'a Secret, dependency_limit: usize) -> SecretAnswer<'a> {
        let used_by = UsedByAnswer::new(&secret.used_by, dependency_limit);
        SecretAnswer { r#type: "stored", secret_id: &secret.id, name: &secret.name, used_by }
    }
}

impl<'a> UsedByAnswer<'a> {
    fn new(used_by: &'a UsedBy, limit: usize) -> UsedByAnswer<'a> {
        let cut = |list: &'a Vec<Dependent>| (list.get(..limit).unwrap_or(list), list.len() > limit);
        let (tools, tools_has_more) = cut(&used_by.tools);
        let (agents, agents_has_more) = cut(&used_by.agents);
        let (phone_numbers, phone_numbers_has_more) = cut(&used_by.phone_numbers);
        let (mcp_servers, _) = cut(&used_by.mcp_servers);
        let (others, _) = cut(&used_by.others);
        UsedByAnswer {
            tools,
            tools_has_more,
            agents,
            agents_has_more,
            phone_numbers,
            phone_numbers_has_more,
            mcp_servers,
            others,
            further: &used_by.further,
        }
    }
}

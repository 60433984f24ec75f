//! Lists of what can hold a secret's id, and single documents.

use serde_json::value::RawValue;

use super::{
    HasMore,
    found::FoundReferences,
    json::{BODY, Object, each, text_of},
    search::{REFERENCES_KEPT, search, search_unknown},
    shape::{self, Field},
    sought::Sought,
};
use crate::{
    api::error::Malformed,
    memory::text,
    text::{NAME_LENGTH, cut},
};

/// One thing that a list shows, with the references in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its id; empty where there is none that can be read.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The id of the workspace that it says it is in.
    pub workspace_id: Option<String>,
    /// Through what the key's user may see it (`access_info.access_source`).
    pub access_source: Option<String>,
    /// Agents that use it, of which only the id is shown.
    pub(crate) unknown_agents: Vec<String>,
    /// Of a branch, whether it is archived.
    pub(crate) is_archived: bool,
    /// Of a branch, whether the key's user has a draft of it.
    pub(crate) has_draft: bool,
    /// What was found in it.
    pub(crate) found: FoundReferences,
}

impl Holder {
    /// What it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let others = [&self.name, &self.workspace_id, &self.access_source].into_iter().flatten();
        let texts = others.chain([&self.id]).chain(&self.unknown_agents);
        size_of::<Self>() + texts.map(|one| text(one)).sum::<usize>() + self.found.bytes()
    }
}

/// A page of things.
#[derive(Debug)]
pub(crate) struct HolderPage {
    /// The things on it.
    pub holders: Vec<Holder>,
    /// Where the next page is.
    pub next_cursor: Option<String>,
    /// Whether the server says that there is one.
    pub has_more: HasMore,
    /// `meta.total`: how many things there are, all told.
    pub total: Option<f64>,
    /// What was found in fields beside the list, which the document doesn't know.
    pub beside: FoundReferences,
    /// What of the page could not be read; the rest of it could.
    pub problem: Option<Malformed>,
}

/// A list of things that can hold secrets: where it is asked for, and where in an answer it, and in its elements the id and
/// the name, stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListShape {
    pub(in crate::api) endpoint: &'static str,
    pub(in crate::api) parameters: &'static [(&'static str, &'static str)],
    list: &'static str,
    id: &'static str,
    name: &'static [&'static str],
    /// Where references stand in each element.
    fields: &'static [Field],
    /// Whether it has pages, and the document requires `has_more`.
    pub(in crate::api) is_paged: bool,
}

pub(crate) const ENVIRONMENT_VARIABLES: ListShape = ListShape {
    endpoint: "/v1/convai/environment-variables",
    parameters: &[("type", "secret")],
    list: "environment_variables",
    id: "id",
    name: &["label"],
    fields: shape::ENVIRONMENT_VARIABLE,
    is_paged: true,
};
pub(crate) const SPEECH_ENGINES: ListShape = ListShape {
    endpoint: "/v1/speech-engine",
    parameters: &[],
    list: "speech_engines",
    id: "speech_engine_id",
    name: &["name"],
    fields: shape::SUMMARY,
    is_paged: true,
};
pub(crate) const MCP_SERVERS: ListShape = ListShape {
    endpoint: "/v1/convai/mcp-servers",
    parameters: &[],
    list: "mcp_servers",
    id: "id",
    name: &["config", "name"],
    fields: shape::MCP_SERVER,
    is_paged: false,
};
pub(crate) const TOOLS: ListShape = ListShape {
    endpoint: "/v1/convai/tools",
    parameters: &[],
    list: "tools",
    id: "id",
    name: &["tool_config", "name"],
    fields: shape::TOOL,
    is_paged: true,
};
pub(crate) const AGENTS: ListShape = ListShape {
    endpoint: "/v1/convai/agents",
    parameters: &[("archived", "false")],
    list: "agents",
    id: "agent_id",
    name: &["name"],
    fields: shape::SUMMARY,
    is_paged: true,
};
pub(crate) const ARCHIVED_AGENTS: ListShape = ListShape { parameters: &[("archived", "true")], ..AGENTS };
pub(crate) const BRANCHES: ListShape = ListShape {
    endpoint: "/v1/convai/agents/{agent_id}/branches",
    parameters: &[],
    list: "results",
    id: "id",
    name: &["name"],
    fields: shape::SUMMARY,
    is_paged: false,
};

/// The most things on one page that are read.
const MOST_HOLDERS: usize = 100_000;
/// How many words of one page are kept that are no known id yet.
const UNKNOWN_KEPT: usize = 20_000;

impl HolderPage {
    pub(crate) fn parse(body: &[u8], shape: ListShape, sought: &Sought) -> Result<Self, Malformed> {
        let page = Object::from_body(body)?;
        let meta = field(&page, "meta");
        let has_more = match meta.as_ref().map_or(HasMore::Absent, |meta| meta.flag("has_more")) {
            HasMore::Yes => HasMore::Yes,
            _ => page.flag("has_more"),
        };
        let mut problem = (shape.is_paged && has_more == HasMore::Absent)
            .then(|| Malformed("the field has_more is missing".to_owned()));
        let (mut holders, mut references, mut unknown, mut is_cut) = (Vec::new(), 0, 0, false);
        let shown = each(page.require(shape.list)?, &format!("the field {}", shape.list), |element| {
            if holders.len() == MOST_HOLDERS || references > REFERENCES_KEPT {
                is_cut = true;
                return;
            }
            let (mut holder, doubt) = holder(element, shape, sought);
            if problem.is_none() {
                problem = doubt.map(|doubt| Malformed(format!("{}[{}]: {doubt}", shape.list, holders.len())));
            }
            unknown += holder.found.keep_unknown(UNKNOWN_KEPT.saturating_sub(unknown), sought);
            references += holder.found.references.len();
            holders.push(holder);
        })?;
        if is_cut && problem.is_none() {
            problem = Some(Malformed(format!(
                "{} shows more than can be read: {shown} elements, with {references} references to secrets in the first {}",
                shape.list,
                holders.len()
            )));
        }
        let next_cursor = page.text("next_cursor")?.map(|cursor| cursor.into_owned());
        let total = meta.and_then(|meta| meta.get("total").ok()??.get().parse().ok());
        let known = [shape.list, "next_cursor", "has_more"];
        let mut beside = search_unknown(page.fields().filter(|(name, _)| !known.contains(name)), sought);
        let problem = problem.or(beside.problem.take());
        Ok(Self { holders, next_cursor, has_more, total, beside, problem })
    }
}

/// What can be read of an element, and what can't.
fn holder(element: &RawValue, shape: ListShape, sought: &Sought) -> (Holder, Option<Malformed>) {
    let mut found = search(element.get(), shape.fields, sought);
    let problem = found.problem.take();
    let object = match Object::parse(element.get(), "the element") {
        Ok(object) => object,
        Err(doubt) => return (Holder { found, ..Holder::default() }, Some(doubt)),
    };
    let (id, doubt) = match object.text(shape.id) {
        Ok(Some(id)) if id.len() > NAME_LENGTH => {
            let doubt = format!("the field {} is longer than {NAME_LENGTH} bytes", shape.id);
            (String::new(), Some(Malformed(doubt)))
        }
        Ok(id) => (id.unwrap_or_default().into_owned(), None),
        Err(doubt) => (String::new(), Some(doubt)),
    };
    let says = |name: &str| object.all(name).any(|value| value.get() == "true");
    let (is_archived, has_draft) = (says("is_archived"), says("draft_exists"));
    let workspace_id = object.text("workspace_id").ok().flatten();
    let workspace_id = workspace_id.filter(|id| id.len() <= NAME_LENGTH).map(|id| id.into_owned());
    let access_source = access_source(&object);
    let unknown_agents = unknown_agents(&object);
    let name = name(object, shape.name);
    let holder =
        Holder { id, name, workspace_id, access_source, unknown_agents, is_archived, has_draft, found };
    (holder, problem.or(doubt))
}

/// `ResourceAccessInfo.access_source`
pub(super) fn access_source(object: &Object<'_>) -> Option<String> {
    Some(cut(field(object, "access_info")?.text("access_source").ok()??, NAME_LENGTH).into_owned())
}

/// `MCPServerResponseModel.dependent_agents`: those of the type `unknown`.
fn unknown_agents(object: &Object<'_>) -> Vec<String> {
    let mut unknown = Vec::new();
    let Ok(Some(agents)) = object.get("dependent_agents") else { return unknown };
    let id = |agent: &RawValue| {
        let agent = Object::parse(agent.get(), "").ok()?;
        let is_unknown = agent.text("type").ok().flatten().as_deref() == Some("unknown");
        let id = agent.text("id").ok()?.filter(|_| is_unknown)?;
        Some(cut(id, NAME_LENGTH).into_owned())
    };
    // What is no list names none. One of them tells as much of what the key sees as all of them.
    let _ = each(agents, "", |agent| {
        if unknown.len() < MOST_HOLDERS {
            unknown.extend(id(agent));
        }
    });
    unknown
}

fn field<'a>(object: &Object<'a>, name: &str) -> Option<Object<'a>> {
    Object::parse(object.get(name).ok()??.get(), "").ok()
}

fn name(mut object: Object<'_>, path: &[&str]) -> Option<String> {
    let (last, parents) = path.split_last()?;
    for parent in parents {
        object = field(&object, parent)?;
    }
    Some(cut(object.text(last).ok()??, NAME_LENGTH).into_owned())
}

/// Every reference in a whole body, which must be an object with these fields. What is something else than was asked for
/// holds no reference either, and that says nothing: with `id`, that field must say what it is.
pub(crate) fn references_in_body(
    body: &[u8],
    fields: &'static [Field],
    id: Option<(&str, &str)>,
    sought: &Sought,
) -> Result<FoundReferences, Malformed> {
    let text = text_of(body)?;
    let object = Object::parse(text, BODY)?;
    let is_known = |(name, _): (&str, &RawValue)| fields.iter().any(|field| field.name == name);
    if object.all("detail").next().is_some() && !object.fields().any(is_known) {
        // The form of the API's errors, which have another status.
        return Err(Malformed("it is an error and not what was asked for".to_owned()));
    }
    if let Some((field, expected)) = id
        && object.text(field)?.as_deref() != Some(expected)
    {
        return Err(Malformed(format!("its {field} is not the one that was asked for")));
    }
    Ok(search(text, fields, sought))
}

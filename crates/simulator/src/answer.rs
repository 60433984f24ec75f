//! From a request to the reply that the world gives: who may ask, what is asked for, and which endpoint tells.

use percent_encoding::percent_decode_str;

use super::{
    exchange::{Reply, Request},
    resources, secrets,
    workspace::{Workspace, not_found},
    world::World,
};

impl Workspace {
    /// What the world answers. `together` is how many requests are in flight, this one included.
    pub(super) fn reply(&self, request: &Request, together: usize) -> Reply {
        let reply = self.admit(request, together).and_then(|()| self.route(request));
        let reply = reply.unwrap_or_else(|refusal| refusal);
        match self.world.concurrency_limit {
            // FACTS.md: responses may carry these.
            Some(limit) => reply
                .with_header("current-concurrent-requests", &together.to_string())
                .with_header("maximum-concurrent-requests", &limit.to_string()),
            None => reply,
        }
    }

    fn admit(&self, request: &Request, together: usize) -> Result<(), Reply> {
        if request.method != "GET" {
            let message = "This simulator only answers GET.";
            return Err(Reply::error(405, "invalid_request", "method_not_allowed", message)
                .with_header("allow", "GET"));
        }
        if !request.api_key.as_deref().is_some_and(|key| is_key_of(&self.world, key)) {
            return Err(Reply::error(401, "authentication_error", "invalid_api_key", "Invalid API key."));
        }
        if self.world.concurrency_limit.is_some_and(|limit| together > limit) {
            let message = "Too many concurrent requests.";
            return Err(Reply::error(429, "rate_limit_error", "concurrent_limit_exceeded", message));
        }
        self.permit(&request.path)
    }

    fn permit(&self, path: &str) -> Result<(), Reply> {
        let needed = if path == "/v1/user" { "user_read" } else { "convai_read" };
        let message = if self.world.missing_permissions.contains(needed) {
            format!("The API key you used is missing the permission {needed} to execute this operation.")
        } else if self.world.missing_permissions.iter().any(|beginning| leads_to(beginning, path)) {
            // The permission that this endpoint needs is not documented, so none is named.
            "The API key you used is missing the permissions to execute this operation.".to_owned()
        } else {
            return Ok(());
        };
        Err(Reply::error(401, "authentication_error", "missing_permissions", &message))
    }

    fn route(&self, request: &Request) -> Result<Reply, Reply> {
        // Split first, decode then: an encoded slash is part of an id.
        let segments: Vec<String> = request
            .path
            .split('/')
            .skip(1)
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["v1", "user"] => Ok(resources::user(self)),
            ["v1", "speech-engine"] => resources::speech_engines(self, request),
            ["v1", "speech-engine", id] => resources::speech_engine(self, id),
            ["v1", "convai", rest @ ..] => match rest {
                ["secrets"] => secrets::list(self, request),
                ["secrets", id] => secrets::one(self, id),
                ["secrets", id, "dependencies", kind] => secrets::dependencies(self, request, id, kind),
                ["environment-variables"] => resources::environment_variables(self, request),
                ["mcp-servers"] => Ok(resources::mcp_servers(self)),
                ["settings"] => Ok(Reply::json(200, &self.world.settings)),
                ["tools"] => resources::tools(self, request),
                ["agents"] => resources::agents(self, request),
                ["agents", id] => resources::agent(self, request, id),
                ["agents", id, "branches"] => resources::branches(self, request, id),
                _ => Err(not_found("not_found", "There is nothing at this address.")),
            },
            _ => Err(not_found("not_found", "There is nothing at this address.")),
        }
    }
}

/// Whether `path` is `beginning` or lies under it, by whole segments. Names of permissions lead nowhere.
fn leads_to(beginning: &str, path: &str) -> bool {
    beginning.starts_with('/')
        && path
            .strip_prefix(beginning.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether this is a key of that workspace: a workspace has as many as people make.
fn is_key_of(world: &World, key: &str) -> bool {
    let rest = key.strip_prefix(world.api_key.as_str());
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|n| n.parse::<u32>().is_ok())
    })
}

//! One method for each endpoint that this program asks, named by the public OpenAPI document. GET only.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Answer, Client, ResourceType,
    error::{ApiError, Fault},
    mask::Mask,
};

/// What may stand in a path segment as it is: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest id that is asked for, in bytes. Servers refuse an address of a few thousand, and messages name it.
const ID_LENGTH: usize = 1024;

/// The most that any endpoint shows at once (`page_size` in the document).
const LARGEST_PAGE: &str = "100";

/// Which page of secrets to ask for.
#[derive(Clone, Copy, Debug)]
pub struct SecretsQuery<'a> {
    /// Secrets per page, 1–100.
    pub page_size: u32,
    /// Dependents per list, 1–100.
    pub dependency_limit: u32,
    /// Only secrets whose name starts so; empty for all.
    pub search: &'a str,
}

/// Every method fails where there is no answer with status 200 within the attempts and times allowed, or an id cannot
/// stand in a path.
#[expect(clippy::missing_errors_doc, reason = "the same for all, and said above")]
impl Client {
    /// `GET /v1/convai/secrets`: a page of the secrets that the key may see, with what uses each.
    pub async fn secrets(&self, query: SecretsQuery<'_>, cursor: Option<&str>) -> Result<Answer, ApiError> {
        let (page_size, limit) = (query.page_size.to_string(), query.dependency_limit.to_string());
        let search = Some(("search", query.search)).filter(|(_, search)| !search.is_empty());
        let parameters = [("page_size", page_size.as_str()), ("dependency_limit", &limit)];
        let parameters: Vec<_> = parameters.into_iter().chain(search).chain(at(cursor)).collect();
        self.get(self.target("/v1/convai/secrets", &[])?, &parameters).await
    }

    /// `GET /v1/convai/secrets/{secret_id}`: one secret, with what uses it.
    pub async fn secret(&self, secret_id: &str) -> Result<Answer, ApiError> {
        self.get(self.target("/v1/convai/secrets/{secret_id}", &[secret_id])?, &[]).await
    }

    /// `GET /v1/convai/secrets/{secret_id}/dependencies/{resource_type}`: a page of a secret's dependents.
    pub async fn dependencies(
        &self,
        secret_id: &str,
        resource_type: ResourceType,
        cursor: Option<&str>,
    ) -> Result<Answer, ApiError> {
        let endpoint = "/v1/convai/secrets/{secret_id}/dependencies/{resource_type}";
        self.page(self.target(endpoint, &[secret_id, resource_type.as_str()])?, &[], cursor).await
    }

    /// `GET /v1/convai/environment-variables?type=secret`: a page of the variables that hold secrets.
    pub async fn environment_variables(&self, cursor: Option<&str>) -> Result<Answer, ApiError> {
        self.page(self.target("/v1/convai/environment-variables", &[])?, &[("type", "secret")], cursor).await
    }

    /// `GET /v1/speech-engine`: a page of the speech engines, without what they hold.
    pub async fn speech_engines(&self, cursor: Option<&str>) -> Result<Answer, ApiError> {
        self.page(self.target("/v1/speech-engine", &[])?, &[], cursor).await
    }

    /// `GET /v1/speech-engine/{speech_engine_id}`: one speech engine.
    pub async fn speech_engine(&self, id: &str) -> Result<Answer, ApiError> {
        self.get(self.target("/v1/speech-engine/{speech_engine_id}", &[id])?, &[]).await
    }

    /// `GET /v1/convai/mcp-servers`: all MCP servers.
    pub async fn mcp_servers(&self) -> Result<Answer, ApiError> {
        self.get(self.target("/v1/convai/mcp-servers", &[])?, &[]).await
    }

    /// `GET /v1/convai/settings`: the workspace's settings.
    pub async fn settings(&self) -> Result<Answer, ApiError> {
        self.get(self.target("/v1/convai/settings", &[])?, &[]).await
    }

    /// `GET /v1/convai/tools`: a page of the tools.
    pub async fn tools(&self, cursor: Option<&str>) -> Result<Answer, ApiError> {
        self.page(self.target("/v1/convai/tools", &[])?, &[], cursor).await
    }

    /// `GET /v1/convai/agents`: a page of the agents, without what they hold; either the archived ones or the others.
    pub async fn agents(&self, archived: bool, cursor: Option<&str>) -> Result<Answer, ApiError> {
        let archived = if archived { "true" } else { "false" };
        self.page(self.target("/v1/convai/agents", &[])?, &[("archived", archived)], cursor).await
    }

    /// `GET /v1/convai/agents/{agent_id}`: one agent, as it is on one of its branches or on its main one; with what
    /// procedures make of its workflow, where `with_generated`.
    pub async fn agent(
        &self,
        id: &str,
        branch_id: Option<&str>,
        with_generated: bool,
    ) -> Result<Answer, ApiError> {
        let branch = branch_id.map(|branch| ("branch_id", branch));
        let generated = with_generated.then_some(("include_procedure_generated_workflow_elements", "true"));
        let parameters: Vec<_> = branch.into_iter().chain(generated).collect();
        self.get(self.target("/v1/convai/agents/{agent_id}", &[id])?, &parameters).await
    }

    /// `GET /v1/convai/agents/{agent_id}/branches`: the branches of one agent, as many as it shows at once.
    pub async fn branches(&self, agent_id: &str, include_archived: bool) -> Result<Answer, ApiError> {
        let archived = include_archived.then_some(("include_archived", "true"));
        let parameters: Vec<_> = archived.into_iter().chain([("limit", LARGEST_PAGE)]).collect();
        self.get(self.target("/v1/convai/agents/{agent_id}/branches", &[agent_id])?, &parameters).await
    }

    /// `GET /v1/user`: whose key this is.
    pub async fn user(&self) -> Result<Answer, ApiError> {
        self.get(self.target("/v1/user", &[])?, &[]).await
    }

    fn target(&self, endpoint: &'static str, parameters: &[&str]) -> Result<Target, ApiError> {
        Target::of(endpoint, parameters, self.mask())
    }

    async fn page(
        &self,
        target: Target,
        parameters: &[(&str, &str)],
        cursor: Option<&str>,
    ) -> Result<Answer, ApiError> {
        let page_size = Some(("page_size", LARGEST_PAGE));
        let parameters: Vec<_> = parameters.iter().copied().chain(page_size).chain(at(cursor)).collect();
        self.get(target, &parameters).await
    }
}

/// What one request asks for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The path in the public OpenAPI document, its parameters left open.
    pub(super) endpoint: &'static str,
    /// The path itself, as it is shown.
    pub(super) path: String,
    /// The path as it is sent: an id may be one that is not shown as it is.
    pub(super) sent: Unshown,
}

/// What may hold a key, and is for a request alone.
#[derive(Clone)]
pub(super) struct Unshown(pub(super) String);

impl std::fmt::Debug for Unshown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[not shown]")
    }
}

impl Target {
    fn of(endpoint: &'static str, parameters: &[&str], mask: &Mask) -> Result<Self, ApiError> {
        let mut parameters = parameters.iter();
        let (mut path, mut sent) = (Vec::new(), Vec::new());
        for part in endpoint.split('/') {
            if part.starts_with('{') {
                let id = parameters.next().copied().unwrap_or_default();
                path.push(segment(id, mask)?);
                let id = mask.reveal(id, str::to_owned).ok_or_else(|| unusable(id, mask))?;
                sent.push(escaped(&id));
            } else {
                path.push(part.to_owned());
                sent.push(part.to_owned());
            }
        }
        let path = mask.hide(&path.join("/")).into_owned();
        Ok(Self { endpoint, path, sent: Unshown(sent.join("/")) })
    }
}

fn at(cursor: Option<&str>) -> Option<(&'static str, &str)> {
    cursor.map(|cursor| ("cursor", cursor))
}

/// An id as exactly one segment of a path.
fn segment(id: &str, mask: &Mask) -> Result<String, ApiError> {
    if matches!(id, "" | "." | "..") || id.len() > ID_LENGTH || id.chars().any(char::is_control) {
        return Err(unusable(id, mask));
    }
    Ok(escaped(id))
}

fn escaped(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

fn unusable(id: &str, mask: &Mask) -> ApiError {
    ApiError::new("/v1/…", Fault::UnusableId(mask.printable(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(id: &str) -> Result<String, ApiError> {
        super::segment(id, &Mask::new([]).unwrap())
    }

    #[test]
    fn an_id_is_one_segment_whatever_it_holds() {
        assert_eq!(segment("sec_01-a.b~c").unwrap(), "sec_01-a.b~c");
        assert_eq!(segment("../a?b#c%2f").unwrap(), "..%2Fa%3Fb%23c%252f");
    }

    #[test]
    fn an_id_that_is_no_segment_is_refused() {
        for id in ["", ".", "..", "a\nb", "a\u{9b}b", &"x".repeat(ID_LENGTH + 1)] {
            assert!(segment(id).is_err(), "{id:?}");
        }
        assert!(segment(&"x".repeat(ID_LENGTH)).is_ok());
        let message = segment("a\n\"b").unwrap_err().to_string();
        assert!(message.contains(r#"the id "a\u{a}"b" cannot"#), "shown once, not escaped twice: {message}");
    }
}

//! One method for each endpoint that this program asks, named by the public OpenAPI document. GET only.

use super::{ListShape, ResourceType, Response, client::Client, error::ApiError, target::Target};

/// The most that any endpoint shows at once (`page_size` in the document).
const LARGEST_PAGE: &str = "100";

/// Which page of secrets to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecretsQuery<'a> {
    /// Secrets per page, 1–100.
    pub page_size: u32,
    /// Dependents per list, 1–100.
    pub dependency_limit: u32,
    /// Only secrets whose name starts so; empty for all.
    pub search: &'a str,
}

/// Every method fails where there is no answer with status 200 within the attempts and times allowed, or an id cannot
/// stand in a path.
impl Client {
    /// `GET /v1/convai/secrets`: a page of the secrets that the key may see, with what uses each.
    pub(crate) async fn secrets(
        &self,
        query: SecretsQuery<'_>,
        cursor: Option<&str>,
    ) -> Result<Response, ApiError> {
        let (page_size, limit) = (query.page_size.to_string(), query.dependency_limit.to_string());
        let search = Some(("search", query.search)).filter(|(_, search)| !search.is_empty());
        let parameters = [("page_size", page_size.as_str()), ("dependency_limit", &limit)];
        let parameters: Vec<_> = parameters.into_iter().chain(search).chain(at(cursor)).collect();
        self.get(self.target("/v1/convai/secrets", &[])?, &parameters).await
    }

    /// `GET /v1/convai/secrets/{secret_id}`: one secret, with what uses it.
    pub(crate) async fn secret(&self, secret_id: &str) -> Result<Response, ApiError> {
        self.get(self.target("/v1/convai/secrets/{secret_id}", &[secret_id])?, &[]).await
    }

    /// `GET /v1/convai/secrets/{secret_id}/dependencies/{resource_type}`: a page of a secret's dependents.
    pub(crate) async fn dependencies(
        &self,
        secret_id: &str,
        resource_type: ResourceType,
        cursor: Option<&str>,
    ) -> Result<Response, ApiError> {
        let endpoint = "/v1/convai/secrets/{secret_id}/dependencies/{resource_type}";
        self.page(self.target(endpoint, &[secret_id, resource_type.as_str()])?, &[], cursor).await
    }

    /// A page of a list of things that can hold secrets, or all of it where it has no pages.
    pub(crate) async fn list(&self, list: &ListShape, cursor: Option<&str>) -> Result<Response, ApiError> {
        let target = self.target(list.endpoint, &[])?;
        match list.is_paged {
            true => self.page(target, list.parameters, cursor).await,
            false => self.get(target, list.parameters).await,
        }
    }

    /// `GET /v1/speech-engine/{speech_engine_id}`: one speech engine.
    pub(crate) async fn speech_engine(&self, id: &str) -> Result<Response, ApiError> {
        self.get(self.target("/v1/speech-engine/{speech_engine_id}", &[id])?, &[]).await
    }

    /// `GET /v1/convai/settings`: the workspace's settings.
    pub(crate) async fn settings(&self) -> Result<Response, ApiError> {
        self.get(self.target("/v1/convai/settings", &[])?, &[]).await
    }

    /// `GET /v1/convai/agents/{agent_id}`: one agent, as it is on one of its branches or on its main one; with what
    /// procedures make of its workflow, where `with_generated`.
    pub(crate) async fn agent(
        &self,
        id: &str,
        branch_id: Option<&str>,
        with_generated: bool,
    ) -> Result<Response, ApiError> {
        let branch = branch_id.map(|branch| ("branch_id", branch));
        let generated = with_generated.then_some(("include_procedure_generated_workflow_elements", "true"));
        let parameters: Vec<_> = branch.into_iter().chain(generated).collect();
        self.get(self.target("/v1/convai/agents/{agent_id}", &[id])?, &parameters).await
    }

    /// `GET /v1/convai/agents/{agent_id}/branches`: the branches of one agent, as many as it shows at once.
    pub(crate) async fn branches(
        &self,
        agent_id: &str,
        include_archived: bool,
    ) -> Result<Response, ApiError> {
        let archived = include_archived.then_some(("include_archived", "true"));
        let parameters: Vec<_> = archived.into_iter().chain([("limit", LARGEST_PAGE)]).collect();
        self.get(self.target("/v1/convai/agents/{agent_id}/branches", &[agent_id])?, &parameters).await
    }

    /// `GET /v1/user`: whose key this is.
    pub(crate) async fn user(&self) -> Result<Response, ApiError> {
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
    ) -> Result<Response, ApiError> {
        let page_size = Some(("page_size", LARGEST_PAGE));
        let parameters: Vec<_> = parameters.iter().copied().chain(page_size).chain(at(cursor)).collect();
        self.get(target, &parameters).await
    }
}

fn at(cursor: Option<&str>) -> Option<(&'static str, &str)> {
    cursor.map(|cursor| ("cursor", cursor))
}

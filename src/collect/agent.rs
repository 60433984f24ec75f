//! All that one agent may hold a secret in: its configuration, and that of each of its branches.

use super::references::Document;
use crate::api::{Answer, ApiError, Client, Fault, Next};

/// The agent's documents; those that could not be read have an error in their place.
pub(super) async fn documents(client: &Client, id: &str) -> Vec<Document> {
    let main = client.agent(id, None).await;
    let shown = main.as_ref().ok().and_then(Answer::branch_id);
    let mut documents = vec![document(main, id).await];
    let branches = match branches(client, id).await {
        Ok(branches) => branches,
        Err(error) => {
            documents.push(Document::failed(error));
            return documents;
        }
    };
    for branch in branches {
        if shown.as_ref() != Some(&branch) {
            documents.push(document_of_branch(client, id, branch).await);
        }
    }
    documents
}

async fn document_of_branch(client: &Client, id: &str, branch: String) -> Document {
    let answer = client.agent(id, Some(&branch)).await.and_then(|answer| match answer.branch_id() {
        Some(shown) if shown != branch => {
            let problem = "it is another branch than the one that was asked for";
            Err(ApiError::new(answer.path(), Fault::Paging(problem.to_owned())))
        }
        _ => Ok(answer),
    });
    Document { branch: Some(branch), ..document(answer, id).await }
}

async fn document(answer: Result<Answer, ApiError>, id: &str) -> Document {
    let id = id.to_owned();
    Document::read(answer, move |answer| answer.agent(&id)).await
}

/// The ids of the branches. No paging is documented for them, so a list that says it has more is not whole.
async fn branches(client: &Client, id: &str) -> Result<Vec<String>, ApiError> {
    let answer = client.branches(id).await?;
    let page = answer.branches()?;
    if let Some(problem) = page.problem {
        return Err(answer.error(problem));
    }
    let next = Next {
        cursor: page.next_cursor.as_deref(),
        has_more: page.has_more,
        is_empty: page.holders.is_empty(),
    };
    let lost = |problem: &str| Err(ApiError::new(answer.path(), Fault::Paging(problem.to_owned())));
    if client.walk().advance(answer.path(), next)? {
        return lost("there are more branches than the answer shows");
    }
    if page.holders.iter().any(|branch| branch.id.is_empty()) {
        return lost("a branch has no id");
    }
    Ok(page.holders.into_iter().map(|branch| branch.id).collect())
}

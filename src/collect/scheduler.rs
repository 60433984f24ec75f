//! Asks: makes requests of jobs, as many side by side as may be in flight and a few more.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{
    agent::{AgentReader, ApiBehavior},
    document::Document,
    job::{Answered, Job, Purpose},
    offload::done,
    options::CollectOptions,
};
use crate::api::{Client, ResourceType, Response, Sought};

/// How many more jobs are begun than requests may be in flight, so that the network is busy while an answer is taken in.
/// What was answered and not taken in takes memory, so there are no more of them.
const AHEAD: usize = 4;

pub(super) struct Scheduler {
    client: Client,
    options: Arc<CollectOptions>,
    jobs: JoinSet<Answered>,
}

impl Scheduler {
    pub(super) fn new(client: Client, options: Arc<CollectOptions>) -> Self {
        Self { client, options, jobs: JoinSet::new() }
    }

    pub(super) fn has_room(&self) -> bool {
        self.jobs.len() < self.client.concurrency() + AHEAD
    }

    pub(super) fn start(&mut self, job: Job) {
        let client = self.client.with_priority(job.priority());
        self.jobs.spawn(ask(client, Arc::clone(&self.options), job));
    }

    /// The next answer. `None`: nothing was asked that is not answered.
    pub(super) async fn answered(&mut self) -> Option<Answered> {
        Some(done(self.jobs.join_next().await?).await)
    }
}

async fn ask(client: Client, options: Arc<CollectOptions>, job: Job) -> Answered {
    let reader = |client: Client, behavior: Arc<ApiBehavior>, sought: Arc<Sought>| AgentReader {
        client,
        sought,
        archived: options.archived_branches,
        behavior,
    };
    match job {
        Job::Page { walk } => {
            let response = client.secrets(options.query(options.dependency_limit), walk.cursor()).await;
            Answered::Page { walk, response }
        }
        Job::HigherLimit { page, cursor, open } => {
            let response =
                client.secrets(options.query(options.max_dependency_limit), cursor.as_deref()).await;
            Answered::HigherLimit { page, open, response }
        }
        Job::Dependents { list, walk } => {
            let response = client.dependencies(&list.secret_id, list.resource_type, walk.cursor()).await;
            Answered::Dependents { list, walk, response }
        }
        Job::Secret { id, purpose } => {
            let response = match purpose {
                Purpose::SecondOpinion(_) => client.dependencies(&id, ResourceType::Tools, None).await,
                _ => client.secret(&id).await,
            };
            Answered::Secret { purpose, response }
        }
        Job::User => Answered::User { response: client.user().await },
        Job::List { listing, walk, sought } => {
            let page = listing.page(&client, walk.cursor(), sought).await;
            Answered::List { listing, walk, page }
        }
        Job::Settings { sought } => {
            let response = client.settings().await;
            let document =
                Document::read(client.share(), response, move |response| response.settings(&sought));
            Answered::Settings { document: document.await }
        }
        Job::SpeechEngine { engine, sought } => {
            let response = client.speech_engine(&engine.id).await;
            let id = engine.id.clone();
            let read = move |response: &Response| response.speech_engine(&id, &sought);
            Answered::SpeechEngine { document: Document::read(client.share(), response, read).await, engine }
        }
        Job::Agent { agent, behavior, sought } => {
            Answered::Agent { agent: Box::new(reader(client, behavior, sought).agent(agent).await) }
        }
        Job::ArchivedBranch { branch, behavior, sought } => {
            let (agent, document) = reader(client, behavior, sought).archived_branch(branch).await;
            Answered::ArchivedBranch { agent, document }
        }
    }
}

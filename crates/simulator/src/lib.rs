//! A made-up workspace behind a real HTTP server on loopback: what `--demo` and the integration tests talk to.
//!
//! It answers the endpoints that the audit reads, as the public OpenAPI document describes them, and
//! wherever the document leaves room it takes the less convenient way: lists are cut where they may be cut,
//! cursors serve only the query that they came from, a limit that is not given is the smallest one.
//!
//! What never lives here: anything of the client. This crate knows nothing of how the audit asks or what it
//! concludes, so that both can't share one mistake. Nor does it hold a real key or the value of any secret.
//!
//! | file | subject |
//! |---|---|
//! | `world` | the made-up workspace, and short ways to build one |
//! | `dependent` | one entry of a list of dependents |
//! | `documents` | the documents of tools, agents and other holders of secrets |
//! | `exchange` | a request as it came in, and what is sent back for it |
//! | `seen` | what the key sees of the world |
//! | `server`, `body`, `log` | sockets, the ways to answer badly, and what has been asked |
//! | `workspace` | a world in which things are found fast |
//! | `hash` | request ids, cursors and ids of the demo, the same in every build |
//! | `answer`, `secrets`, `resources`, `paging` | the endpoints |
//! | `demo` | the workspace of `--demo` (feature `demo`) |
//! | `scaled` | a workspace of any size (feature `scale`) |
//! | `needed` | how many requests an audit of a world takes, counted in the world (feature `scale`) |

mod answer;
mod body;
#[cfg(feature = "demo")]
pub mod demo;
mod dependent;
pub mod documents;
mod exchange;
mod hash;
mod log;
#[cfg(feature = "scale")]
mod needed;
mod paging;
mod resources;
#[cfg(feature = "scale")]
pub mod scaled;
mod secrets;
mod seen;
mod server;
mod workspace;
pub mod world;

#[cfg(test)]
mod tests;

use std::{io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use self::server::Shared;

#[cfg(feature = "scale")]
pub use self::needed::{Archived, Asking, Inspecting, Needed};
pub use self::{
    dependent::Dependent,
    exchange::{Reply, Request},
    log::Counts,
    world::{Agent, Branch, Secret, UsedBy, World},
};

/// A running server over a [`World`]. Dropping it stops the server and closes every connection.
#[derive(Debug)]
pub struct Simulator {
    base_url: Url,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Simulator {
    /// Serves `world` on a free port of 127.0.0.1, from the runtime of the caller.
    pub async fn start(world: World) -> io::Result<Simulator> {
        Simulator::start_with(world, |_, reply| reply).await
    }

    /// The same, where `intercept` sees every request with the reply that the world would give, and may
    /// return another.
    pub async fn start_with(
        world: World,
        intercept: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Simulator> {
        Simulator::serve(Shared::new(world, Box::new(intercept))).await
    }

    /// Serves several workspaces at one address, told apart by their keys as the service does, for benchmarks:
    /// each answer is held back until `latency` after its request came, and requests are counted and not kept.
    /// Without any world every connection is closed.
    pub async fn start_counting(worlds: Vec<World>, latency: Duration) -> io::Result<Simulator> {
        Simulator::serve(Shared::counting(worlds, latency)).await
    }

    async fn serve(shared: Shared) -> io::Result<Simulator> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base_url =
            Url::parse(&format!("http://{}/", listener.local_addr()?)).map_err(io::Error::other)?;
        let shared = Arc::new(shared);
        let server = tokio::spawn(server::accept(listener, Arc::clone(&shared)));
        Ok(Simulator { base_url, shared, server })
    }

    /// Where the server listens: `http://127.0.0.1:PORT/`.
    pub fn base_url(&self) -> Url {
        self.base_url.clone()
    }

    /// All requests so far, in the order of their arrival, refused ones included. None where they are only counted.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().requests.clone()
    }

    /// The most requests that were being answered at the same moment.
    pub fn peak_in_flight(&self) -> usize {
        self.shared.log.lock().counts.peak_in_flight
    }

    /// How much was asked since the start or the last time that this was called.
    pub fn take_counts(&self) -> Counts {
        self.shared.log.lock().take_counts()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

//! Over real sockets, with the HTTP client that the audit uses.

mod branches;
mod connections;
mod demo;
mod endpoints;
mod needed;
mod required_fields;
mod resources;
mod scaled;
mod seen;

use reqwest::{Client, Response};
use serde_json::Value;

use super::{Simulator, World};

const KEY: &str = "sk_simulated_key";

async fn ask(simulator: &Simulator, target: &str) -> Response {
    try_ask(simulator, target).await.unwrap()
}

async fn try_ask(simulator: &Simulator, target: &str) -> reqwest::Result<Response> {
    let address = simulator.base_url().join(target).unwrap();
    client().get(address).header("xi-api-key", KEY).send().await
}

/// The proxy of the machine on which the tests run is none of their business.
fn client() -> Client {
    // Of the whole process. That there is one already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

async fn tell(simulator: &Simulator, target: &str) -> Value {
    let response = ask(simulator, target).await;
    let (status, body) = (response.status(), response.bytes().await.unwrap());
    assert_eq!(status, 200, "{target}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

async fn start(world: World) -> Simulator {
    Simulator::start(world).await.unwrap()
}

fn ids<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
}

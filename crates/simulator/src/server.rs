//! The sockets: accepts connections, keeps them alive, and sends each reply in the manner that it asks for.

use std::{collections::HashMap, fmt, future, io, sync::Arc, time::Duration};

use hyper::{
    StatusCode,
    body::Incoming,
    header::{CONTENT_LENGTH, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};

use super::{
    body::{self, Body},
    exchange::{Reply, Request},
    hash,
    log::{InFlight, SharedLog},
    workspace::Workspace,
    world::World,
};

/// Out of file descriptors, most likely: a pause lets other connections end.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(5);

type Intercept = dyn Fn(&Request, Reply) -> Reply + Send + Sync;

/// What all connections have in common.
pub(super) struct Shared {
    workspaces: Vec<Workspace>,
    by_key: HashMap<String, usize>,
    intercept: Box<Intercept>,
    /// How long after a request its answer is held back.
    latency: Duration,
    pub(super) log: SharedLog,
}

impl Shared {
    /// Keeps every request, and answers at once.
    pub(super) fn new(world: World, intercept: Box<Intercept>) -> Shared {
        Shared::of(vec![world], intercept, false, Duration::ZERO)
    }

    /// Only counts requests.
    pub(super) fn counting(worlds: Vec<World>, latency: Duration) -> Shared {
        Shared::of(worlds, Box::new(|_, reply| reply), true, latency)
    }

    fn of(worlds: Vec<World>, intercept: Box<Intercept>, only_counts: bool, latency: Duration) -> Shared {
        let by_key = worlds.iter().enumerate().map(|(place, world)| (world.api_key.clone(), place)).collect();
        let workspaces = worlds.into_iter().map(Workspace::new).collect();
        Shared { workspaces, by_key, intercept, latency, log: SharedLog::new(only_counts) }
    }

    /// The position of the workspace that a key belongs to. Any will do for a key that belongs to none: it refuses.
    fn place(&self, api_key: Option<&str>) -> usize {
        api_key.and_then(|key| self.by_key.get(key)).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Serves until it is aborted. The connections are its own, so they end with it.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
                Err(_) => tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> Result<(), hyper::Error> {
    // Without this the last segment of an answer may wait for the client's acknowledgement; if it can't be
    // set, answers are slower and nothing else.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |incoming| answer(Arc::clone(&shared), incoming));
    // The runs that ask have clocks of their own, which no real time agrees with.
    let mut server = http1::Builder::new();
    server.auto_date_header(false).serve_connection(TokioIo::new(stream), service).await
}

async fn answer(
    shared: Arc<Shared>,
    incoming: hyper::Request<Incoming>,
) -> io::Result<hyper::Response<Body>> {
    let target = incoming.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let held_back_until = Instant::now() + shared.latency;
    let request = read(&incoming);
    let place = shared.place(request.api_key.as_deref());
    let (request, in_flight) = shared.log.arrive(place, request, &target);
    let workspace = shared.workspaces.get(place).ok_or(io::ErrorKind::NotFound)?;
    let reply = workspace.reply(&request, in_flight.together);
    let mut reply = (shared.intercept)(&request, reply);
    // From what was asked alone, and not from when: what is published stays the same when requests overtake
    // each other.
    let number = request.number.to_string();
    reply.identify(&format!("{:016x}", hash::of([request.method.as_str(), &target, &number])));
    if !shared.latency.is_zero() {
        tokio::time::sleep_until(held_back_until).await;
    }
    send(reply, in_flight).await
}

fn read(incoming: &hyper::Request<Incoming>) -> Request {
    let headers: Vec<(String, String)> = incoming
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    Request {
        method: incoming.method().as_str().to_owned(),
        path: incoming.uri().path().to_owned(),
        query: url::form_urlencoded::parse(incoming.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        api_key: headers.iter().find(|(name, _)| name == "xi-api-key").map(|(_, value)| value.clone()),
        headers,
        number: 0,
    }
}

async fn send(mut reply: Reply, in_flight: InFlight) -> io::Result<hyper::Response<Body>> {
    while let Reply::Delayed { after, reply: later } = reply {
        tokio::time::sleep(after).await;
        reply = *later;
    }
    match reply {
        Reply::Answer { status, headers, body } => {
            in_flight.sends(body.len());
            respond(status, &headers, body.len(), body::whole(body))
        }
        Reply::Cut { status, headers, body, keep } => {
            in_flight.sends(keep.min(body.len()));
            respond(status, &headers, body.len(), body::cut(body, keep, in_flight))
        }
        Reply::Drip { status, headers, body, every } => {
            in_flight.sends(body.len());
            respond(status, &headers, body.len(), body::dripping(body, every, in_flight))
        }
        // hyper closes the connection, without a word, when the service fails.
        Reply::Close => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
        // The delays are over by now.
        Reply::Hang | Reply::Delayed { .. } => future::pending().await,
    }
}

fn respond(
    status: u16,
    headers: &[(String, String)],
    length: usize,
    body: Body,
) -> io::Result<hyper::Response<Body>> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?;
        let value = HeaderValue::from_str(value).map_err(io::Error::other)?;
        response.headers_mut().append(name, value);
    }
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

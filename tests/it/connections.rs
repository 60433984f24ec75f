//! Connections: few, used again and again, and of HTTP/2 where a server offers it.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http_body_util::StreamBody;
use hyper::{
    Version,
    body::{Bytes, Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use simulator::{Secret, Simulator};
use tokio::{io::copy_bidirectional, net::TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    raw::RawServer,
    support::{SECRETS, Setup, asked, code, finish, serve, text},
    tls::{Authority, acceptor},
};

/// What [`secrets`] take: a page, the same at the higher limit, and forty times two pages; four places; whose key it is.
const REQUESTS: usize = 2 + 40 * 2 + 4 + 1;

/// Forty secrets, each with a list that has to be paged.
fn secrets() -> Vec<Secret> {
    (0..40).map(|number| Secret::new(&format!("sec_{number}"), "key").with_agents(150)).collect()
}

#[tokio::test]
async fn connections_are_used_again() {
    let simulator = serve(secrets()).await;
    let behind = simulator.base_url().socket_addrs(|| None).unwrap()[0];
    let server = RawServer::start(move |mut stream| async move {
        let mut simulator = TcpStream::connect(behind).await?;
        copy_bidirectional(&mut stream, &mut simulator).await.map(drop)
    })
    .await;
    let setup = Setup::new().workspace_at("main", &server.address(), "sk_simulated_key");
    let outcome = setup.http("concurrency = 4").run().await;
    assert_eq!((outcome.code(), simulator.requests().len()), (0, REQUESTS));
    // One may still be about to be idle when the next request wants one: a few more than four are none too many.
    let connections = server.connections();
    assert!((1..=8).contains(&connections), "{connections} connections");
}

/// The pieces of a body, of which the last may be a reset of the stream.
type Pieces = StreamBody<BoxStream<'static, Result<Frame<Bytes>, h2::Error>>>;

/// Leaves the connection time to send what came before each piece, which a reset would take back.
fn in_pieces(pieces: Vec<Result<Frame<Bytes>, h2::Error>>) -> Pieces {
    let sent = stream::iter(pieces).then(async |piece| {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        piece
    });
    Pieces::new(Box::pin(sent))
}

/// How a server of HTTP/2 ends the first answer to the list of secrets in its middle.
#[derive(Clone, Copy, Debug)]
struct Cut {
    reason: h2::Reason,
    /// Whether the length of the whole was announced.
    is_announced: bool,
    /// Whether nothing of the body comes at all.
    is_empty: bool,
}

/// Hands requests of HTTP/2 on to the simulator. It notes in which version each came.
async fn hand_on(
    stream: TlsStream<TcpStream>,
    simulator: reqwest::Url,
    seen: Arc<Mutex<Vec<Version>>>,
    cut: Option<Cut>,
) -> io::Result<()> {
    let client =
        reqwest::Client::builder().no_proxy().tls_certs_only([]).build().map_err(io::Error::other)?;
    let simulator_asked = AtomicUsize::new(0);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        seen.lock().unwrap().push(request.version());
        let is_first = || simulator_asked.fetch_add(1, Relaxed) == 0;
        let cut = cut.filter(|_| request.uri().path() == SECRETS && is_first());
        let address = simulator.join(request.uri().path_and_query().unwrap().as_str()).unwrap();
        let asking = client.get(address).header("xi-api-key", &request.headers()["xi-api-key"]);
        async move {
            let answer = asking.send().await.unwrap();
            let status = answer.status();
            let body = answer.bytes().await.unwrap();
            let length = body.len();
            let pieces = match cut {
                None => vec![Ok(Frame::data(body))],
                Some(Cut { reason, is_empty: true, .. }) => vec![Err(reason.into())],
                Some(Cut { reason, .. }) => {
                    vec![Ok(Frame::data(body.slice(..length / 2))), Err(reason.into())]
                }
            };
            let mut response = hyper::Response::new(in_pieces(pieces));
            *response.status_mut() = status;
            if cut.is_some_and(|cut| cut.is_announced) {
                response.headers_mut().insert("content-length", length.into());
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    connection.serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

/// A server behind TLS that offers these protocols, in order of its preference.
async fn offering(
    protocols: &[&str],
    simulator: &Simulator,
    authority: &Authority,
    seen: &Arc<Mutex<Vec<Version>>>,
    cut: Option<Cut>,
) -> RawServer {
    let acceptor: TlsAcceptor = acceptor(authority.identity(&["127.0.0.1"], false), protocols);
    let (base_url, seen) = (simulator.base_url(), Arc::clone(seen));
    RawServer::start(move |stream| {
        let (acceptor, base_url, seen) = (acceptor.clone(), base_url.clone(), Arc::clone(&seen));
        async move {
            let mut stream = acceptor.accept(stream).await?;
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                return hand_on(stream, base_url, seen, cut).await;
            }
            let behind = base_url.socket_addrs(|| None)?[0];
            copy_bidirectional(&mut stream, &mut TcpStream::connect(behind).await?).await.map(drop)
        }
    })
    .await
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered() {
    for (protocols, of_http_2) in [(&["h2", "http/1.1"][..], REQUESTS), (&["http/1.1"], 0)] {
        let simulator = serve(secrets()).await;
        let (authority, seen) = (Authority::new(), Arc::default());
        let server = offering(protocols, &simulator, &authority, &seen, None).await;
        let address = format!("https://127.0.0.1:{}", server.port());
        let setup = Setup::new().workspace_at("main", &address, "sk_simulated_key");
        let setup = setup.http("concurrency = 4");
        let mut binary = setup.audit();
        binary.env("SSL_CERT_FILE", authority.write_to(&setup));
        let output = finish(binary).await;
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert_eq!(simulator.requests().len(), REQUESTS, "{protocols:?}");
        let versions = seen.lock().unwrap().clone();
        assert!(versions.iter().all(|version| *version == Version::HTTP_2));
        assert_eq!(versions.len(), of_http_2, "{protocols:?}");
        // Until the first is open nobody knows that one is enough.
        let connections = server.connections();
        let most = if of_http_2 > 0 { 4 } else { 8 };
        assert!((1..=most).contains(&connections), "{connections} connections with {protocols:?}");
    }
}

#[tokio::test]
async fn an_answer_that_http_2_cuts_short_in_whatever_way_is_asked_for_again() {
    let ways = [
        (h2::Reason::NO_ERROR, false, false),
        (h2::Reason::NO_ERROR, true, false),
        (h2::Reason::NO_ERROR, false, true),
        (h2::Reason::NO_ERROR, true, true),
        (h2::Reason::CANCEL, false, false),
        (h2::Reason::INTERNAL_ERROR, true, false),
    ];
    for (reason, is_announced, is_empty) in ways {
        let cut = Cut { reason, is_announced, is_empty };
        let simulator = serve(vec![Secret::new("sec", "key").with_agents(3)]).await;
        let (authority, seen) = (Authority::new(), Arc::default());
        let server = offering(&["h2"], &simulator, &authority, &seen, Some(cut)).await;
        let address = format!("https://127.0.0.1:{}", server.port());
        let setup = Setup::new().workspace_at("main", &address, "sk_simulated_key");
        let mut binary = setup.audit();
        binary.env("SSL_CERT_FILE", authority.write_to(&setup));
        let output = finish(binary).await;
        assert_eq!(code(&output), 0, "{cut:?}: {}", text(&output.stderr));
        assert_eq!(asked(&simulator, SECRETS), 2, "{cut:?}: once for the half of it, once for the whole");
    }
}

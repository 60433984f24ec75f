//! Servers with worse manners than the simulator: each connection is a stream of bytes that a test writes itself.

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// A listener on a free port of loopback, until it is dropped.
pub(crate) struct RawServer {
    port: u16,
    connections: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl RawServer {
    /// Gives each connection to `serve`.
    pub(crate) async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> RawServer
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let server = tokio::spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Relaxed);
                served.spawn(serve(stream));
            }
        });
        RawServer { port, connections, server }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its address, without TLS.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Reads a request, or whatever comes before an empty line.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// As good as endless: a test whose client takes all of it fails, and does not go on for ever.
const ENDLESS: usize = 256 * 1024 * 1024;

/// A server that answers every request with this status and a body as good as endless. It counts what it could send.
pub(crate) async fn endless(status: u16) -> (RawServer, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let server = RawServer::start(move |mut stream| {
        let sent = Arc::clone(&counted);
        async move {
            read_head(&mut stream).await?;
            let head = format!("HTTP/1.1 {status} Whatever\r\ntransfer-encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
            for _ in 0..ENDLESS / chunk.len() {
                stream.write_all(chunk.as_bytes()).await?;
                sent.fetch_add(chunk.len(), Relaxed);
            }
            Ok(())
        }
    })
    .await;
    (server, sent)
}

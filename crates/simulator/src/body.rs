//! Bodies: sent whole, cut short, or in drops.

use std::{convert::Infallible, io, time::Duration};

use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Frame};

use super::log::InFlight;

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

pub(super) fn whole(body: Vec<u8>) -> Body {
    Full::new(Bytes::from(body)).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// The first `keep` bytes, then a failure, at which hyper closes the connection.
pub(super) fn cut(mut body: Vec<u8>, keep: usize, in_flight: InFlight) -> Body {
    body.truncate(keep);
    let kept = stream::iter([Ok(Frame::data(Bytes::from(body)))]);
    let end = stream::once(async move {
        // hyper writes out what it has when a body makes it wait, but not when a body fails.
        tokio::task::yield_now().await;
        drop(in_flight);
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    StreamBody::new(kept.chain(end)).boxed_unsync()
}

/// One byte at a time.
pub(super) fn dripping(body: Vec<u8>, every: Duration, in_flight: InFlight) -> Body {
    let drops =
        stream::unfold((body.into_iter(), Some(in_flight)), move |(mut rest, in_flight)| async move {
            let byte = rest.next()?;
            tokio::time::sleep(every).await;
            // The client has its answer with the last byte, so the request must not count beyond it.
            let in_flight = in_flight.filter(|_| rest.len() > 0);
            Some((Ok(Frame::data(Bytes::from(vec![byte]))), (rest, in_flight)))
        });
    StreamBody::new(drops).boxed_unsync()
}

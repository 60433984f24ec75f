//! One attempt at a request: what is sent, how much of the answer is read, and what went wrong where there is none. Whether
//! it is worth another is decided in `retry`.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{StatusCode, header};
use url::Url;

use crate::memory::{Held, Kept};

use super::{
    body::{self, Body},
    error::{ErrorKind, chain},
    error_body::ErrorBody,
    retry::retry_after,
    shared::Shared,
    wire,
};

/// The header that carries the key (the vendor's convention).
const KEY_HEADER: &str = "xi-api-key";

/// What the HTTP client says where a proxy answers with 407.
const WRONG_PROXY_PASSWORD: &str = "proxy authorization required";

/// How much of what is compressed is read at once, in bytes. It can become a thousand times as much.
const PIECE: usize = 4096;

/// How much of an error body is read, in bytes.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

impl Shared {
    /// Sends a request once. The body of its answer, and the id that the API gave it.
    pub(super) async fn attempt(
        &self,
        url: &Url,
        parameters: &[(&str, Cow<'_, str>)],
        is_retry: bool,
    ) -> Result<(Vec<u8>, Held, Option<String>), Failed> {
        let _in_flight = self.progress.request(is_retry);
        let mask = &self.run.mask;
        let request = self.http.get(url.clone()).query(parameters).header(KEY_HEADER, self.key.clone());
        let request = request.header(header::ACCEPT_ENCODING, body::ACCEPTED);
        let sent_at = (self.clock.now)();
        let mut response = request.send().await.map_err(|error| Failed::from(self.transport(&error)))?;
        let answered_at = (self.clock.now)();
        let status = response.status();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(|value| mask.printable(value))
        };
        let date = header("date").and_then(|date| httpdate::parse_http_date(&date).ok());
        let date = date.map(DateTime::<Utc>::from);
        // One with an age comes from a cache, and was made when nobody here had asked.
        if let Some(date) = date.filter(|_| header("age").is_none()) {
            self.clock_comparison.told(date, sent_at, answered_at);
        }
        let request_id = header("request-id").or_else(|| header("x-request-id"));
        // Whoever names a moment means it by the clock that the answer shows.
        let told_at = date.unwrap_or(answered_at);
        let retry_after = header("retry-after").and_then(|value| retry_after(&value, told_at));
        let location = header("location");
        if let Some(most) = header("maximum-concurrent-requests").and_then(|value| value.trim().parse().ok())
        {
            self.throttle.announce(most);
        }

        if status == StatusCode::OK {
            return match self.read_body(&mut response).await {
                Ok((body, held)) => Ok((body, held, request_id)),
                Err(kind) => Err(Failed { kind, request_id, retry_after: None }),
            };
        }
        if status.is_redirection() {
            let location = location.unwrap_or_else(|| "nowhere".to_owned());
            return Err(Failed {
                kind: ErrorKind::Redirect { status, location },
                request_id,
                retry_after: None,
            });
        }
        if let Some(proxy_check) = &self.proxy_check
            && status == StatusCode::PROXY_AUTHENTICATION_REQUIRED
        {
            return Err(Failed::from(proxy_check.refused(status.as_u16())));
        }
        let mut body = read_error_body(&mut response).await;
        wire::replace_lone_surrogates(&mut body);
        let ErrorBody { code, message, request_id: id_in_body } = ErrorBody::parse(&body, mask);
        let kind = ErrorKind::Status { status, code, message };
        Err(Failed { kind, request_id: id_in_body.or(request_id), retry_after })
    }

    /// The body, which counts while it comes, and as long as what it is handed back with is there.
    async fn read_body(&self, response: &mut reqwest::Response) -> Result<(Vec<u8>, Held), ErrorKind> {
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        let limit = self.options.max_body;
        let mut body = Body::new(response.headers(), limit, announced.unwrap_or_default()).map_err(
            |kind| match kind {
                ErrorKind::Encoding(coding) => ErrorKind::Encoding(self.run.mask.printable(&coding)),
                kind => kind,
            },
        )?;
        let (mut received, mut held, mut counted) = (0, Held::none(&self.share, Kept::Answers), 0);
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(&error))? {
            received += chunk.len();
            for piece in chunk.chunks(PIECE) {
                body.take(piece)?;
                if !held.allows(body.len().saturating_sub(counted)) {
                    return Err(ErrorKind::Memory(self.share.over().unwrap_or_default()));
                }
                counted = body.len();
                if body.is_compressed() {
                    // Other requests go on, and time is heeded, however much comes of little.
                    tokio::task::yield_now().await;
                }
            }
        }
        // A stream of HTTP/2 that is reset without an error counts as ended, however much is missing. Of what is compressed
        // the decoder tells.
        let (is_compressed, body) = (body.is_compressed(), body.finish()?);
        if !held.allows(body.len().saturating_sub(counted)) {
            return Err(ErrorKind::Memory(self.share.over().unwrap_or_default()));
        }
        let is_short =
            announced.map_or_else(|| !is_compressed && is_cut(&body), |announced| received < announced);
        if is_short {
            let what = "the connection broke: the answer ended in its middle";
            return Err(ErrorKind::Connection(what.to_owned()));
        }
        Ok((body, held))
    }

    /// What went wrong below HTTP. reqwest's own text would show the whole address; its causes don't.
    fn transport(&self, error: &reqwest::Error) -> ErrorKind {
        let causes = self.run.mask.printable(&chain(error));
        if error.is_timeout() {
            ErrorKind::Timeout(if error.is_connect() {
                "connecting".to_owned()
            } else {
                "reading".to_owned()
            })
        } else if let Some(proxy_check) = &self.proxy_check
            && causes.ends_with(WRONG_PROXY_PASSWORD)
        {
            // By way of TLS to the proxy, or later than the gate was asked.
            proxy_check.refused(407)
        } else if causes.contains("certificate") {
            ErrorKind::Certificate(causes)
        } else if error.is_connect() {
            ErrorKind::Connection(format!("could not connect: {causes}"))
        } else {
            ErrorKind::Connection(format!("the connection broke: {causes}"))
        }
    }
}

/// Whether JSON ends before it is whole.
fn is_cut(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err_and(|error| error.is_eof())
}

/// An error body says why and is not needed: whatever of it comes in time is enough.
async fn read_error_body(response: &mut reqwest::Response) -> Vec<u8> {
    let Ok(mut body) = Body::new(response.headers(), ERROR_BODY_LIMIT, 0) else { return Vec::new() };
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.take(&chunk).is_err() {
            break;
        }
    }
    body.into_bytes()
}

/// One attempt that gave no answer.
pub(super) struct Failed {
    pub(super) kind: ErrorKind,
    pub(super) request_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl From<ErrorKind> for Failed {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, request_id: None, retry_after: None }
    }
}

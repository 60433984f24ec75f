//! What can go wrong between a request and its answer.
//!
//! Every text from the server is clipped and its control characters are escaped here, where it enters; the key
//! is taken out of it (by `mask`). Nothing else may put a piece of a body into a message.

use std::fmt;

use reqwest::StatusCode;

/// How much of a server's message is kept, in characters.
pub(super) const MESSAGE_LENGTH: usize = 300;

/// Why an endpoint gave no usable answer.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    /// The path that was asked, without its query.
    pub path: String,
    /// What went wrong.
    pub kind: ErrorKind,
    /// The id under which the vendor's support finds the request, where the answer had one.
    pub request_id: Option<String>,
    /// How many times it was asked, the first time included.
    pub attempts: u32,
    /// Which page of a walk it was, from 1.
    pub page: Option<u32>,
    /// Why it was not asked again, where that was not for its own sake.
    pub note: Option<String>,
}

/// What went wrong with a request.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ErrorKind {
    /// An answer came, and it isn't 200.
    #[error("{}", describe_status(*.status, .code.as_deref(), .message))]
    Status {
        /// The status.
        status: StatusCode,
        /// The API's own word for the error, where its body had one.
        code: Option<String>,
        /// The API's message, made fit to print.
        message: String,
    },
    /// The answer points elsewhere. Following it could hand the key to another host.
    #[error(
        "status {status}, a redirect to {location}; redirects are never followed, so check the address (base_url or region)"
    )]
    Redirect {
        /// The status.
        status: StatusCode,
        /// Where it pointed, made fit to print.
        location: String,
    },
    /// The certificate of the server is not one to trust.
    #[error("{0}; check the address, this machine's clock, the system's CA certificates and SSL_CERT_FILE")]
    Certificate(String),
    /// The connection failed, broke or gave no whole body.
    #[error("{0}")]
    Connection(String),
    /// The proxy lets nothing through.
    #[error("the proxy {proxy} refuses to pass this on, with status {status}")]
    Proxy {
        /// Where it is, without a password.
        proxy: String,
        /// 407 where it wants another user or password, 403 where it allows no one.
        status: u16,
    },
    /// Nothing, or not enough, came in time.
    #[error("no whole answer within the time allowed ({0})")]
    Timeout(String),
    /// The whole run has to end.
    #[error(
        "the run has lasted as long as [http] run_timeout_seconds allows; raise it, or [http] concurrency"
    )]
    Deadline,
    /// Of all that was read more would have to be kept than allowed.
    #[error("{0}")]
    Memory(String),
    /// The body is larger than allowed.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes after decompression.
        limit: usize,
    },
    /// The body is encoded in a way that was not asked for.
    #[error("the answer is encoded as {0:?}, and nothing but gzip was asked for")]
    Encoding(String),
    /// The body is not what the API's document says.
    #[error("unexpected answer: {0}")]
    Malformed(#[from] Malformed),
    /// What came is not what was asked for, or the pages lead nowhere.
    #[error("{0}")]
    Paging(String),
    /// The id cannot stand in a path.
    #[error(
        "the id \"{0}\" cannot be asked for: it is empty, too long, a dot or two, or holds control characters, or a key that \
         is not in use"
    )]
    UnusableId(String),
}

/// What is wrong with a body, without quoting it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(super) String);

impl ErrorKind {
    /// Whether the same request may well succeed when it is sent again: busy or broken for a moment, rather than
    /// wrong. 501 and 505 say that it never will.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                matches!(*status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
                    || status.is_server_error()
                        && !matches!(
                            *status,
                            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED
                        )
            }
            Self::Connection(_) | Self::Timeout(_) => true,
            Self::Redirect { .. }
            | Self::Certificate(_)
            | Self::Proxy { .. }
            | Self::Deadline
            | Self::Encoding(_)
            | Self::Memory(_)
            | Self::TooLarge { .. }
            | Self::Malformed(_)
            | Self::Paging(_)
            | Self::UnusableId(_) => false,
        }
    }
}

impl ApiError {
    /// A fault of what was asked for at `path`.
    pub(crate) fn new(path: impl Into<String>, kind: impl Into<ErrorKind>) -> Self {
        Self { path: path.into(), kind: kind.into(), request_id: None, attempts: 0, page: None, note: None }
    }

    /// The same error, of this page of a walk.
    pub(crate) fn on_page(self, page: u32) -> Self {
        Self { page: Some(page), ..self }
    }

    fn status_and_code(&self) -> Option<(StatusCode, Option<&str>)> {
        match &self.kind {
            ErrorKind::Status { status, code, .. } => Some((*status, code.as_deref())),
            _ => None,
        }
    }

    /// Whether the API said that this is no valid key: nothing else that is asked with it can succeed.
    pub(crate) fn key_is_invalid(&self) -> bool {
        matches!(self.status_and_code(), Some((StatusCode::UNAUTHORIZED, Some("invalid_api_key"))))
    }

    /// Whether nothing else that is asked of the workspace can be of use: the key is invalid, or what is kept is too much.
    pub(crate) fn ends_the_workspace(&self) -> bool {
        self.key_is_invalid() || matches!(self.kind, ErrorKind::Memory(_))
    }

    /// Whether the API said that a cursor which it had given is good no more.
    pub(crate) fn refuses_cursor(&self) -> bool {
        let refusals = [StatusCode::BAD_REQUEST, StatusCode::GONE, StatusCode::UNPROCESSABLE_ENTITY];
        self.status_and_code().is_some_and(|(status, _)| refusals.contains(&status))
    }

    /// Whether the API said that it doesn't take what was asked for in this way.
    pub(crate) fn refuses_parameters(&self) -> bool {
        let refusals = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY];
        self.status_and_code().is_some_and(|(status, _)| refusals.contains(&status))
    }

    /// Whether the API said that there is such a thing, and that this key may not see it.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self.status_and_code(), Some((StatusCode::FORBIDDEN, _)))
    }

    /// Whether the API said that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self.status_and_code(), Some((StatusCode::NOT_FOUND, _)))
    }

    /// Whether an answer came, of whatever kind.
    pub(crate) fn is_an_answer(&self) -> bool {
        !matches!(
            self.kind,
            ErrorKind::Certificate(_)
                | ErrorKind::Connection(_)
                | ErrorKind::Proxy { .. }
                | ErrorKind::Timeout(_)
                | ErrorKind::Deadline
                | ErrorKind::UnusableId(_)
        )
    }

    /// Whether nothing was asked, because no path can hold the id.
    pub(crate) fn is_about_unusable_id(&self) -> bool {
        matches!(self.kind, ErrorKind::UnusableId(_))
    }

    /// The error with what to do about it.
    pub(crate) fn advice(&self) -> String {
        let remedy = match &self.kind {
            ErrorKind::Status { .. } if self.key_is_invalid() => {
                "check the key: it may be mistyped, revoked or of another region"
            }
            ErrorKind::Status { .. } if self.key_is_refused() => {
                // The vendor's documentation names the permission of the first; of the others it says nothing.
                match self.path.as_str() {
                    path if path.starts_with("/v1/convai/") => {
                        "give the key the permission convai_read, and access to this"
                    }
                    path if path.starts_with("/v1/speech-engine") => {
                        "give the key read access to speech engines"
                    }
                    _ => "give the key access to this",
                }
            }
            kind @ ErrorKind::Status { .. } if kind.is_transient() => {
                "the service is busy or broken: run again later"
            }
            ErrorKind::Status { .. } | ErrorKind::Paging(_) => {
                "check the address; if it lasts, report it to the vendor with the request id"
            }
            ErrorKind::Connection(_) => "check the address, the network and the proxy",
            ErrorKind::Proxy { status: 407, .. } => {
                "check the user and the password in HTTPS_PROXY (or whichever variable names the proxy)"
            }
            ErrorKind::Proxy { .. } => {
                "have the address allowed there, or except it with NO_PROXY if it can be reached without the proxy"
            }
            ErrorKind::Timeout(_) => "check the network, or raise the time-outs under [http]",
            ErrorKind::Encoding(_) => {
                "something between changes answers: let the proxy or gateway leave Accept-Encoding as it is"
            }
            ErrorKind::Memory(_) => {
                "if the workspace is as large as that, raise [audit] max_memory_mib, and what the job may take to at least \
                 twice as much; if not, report it to the vendor"
            }
            ErrorKind::TooLarge { .. } => "if that is right, raise [http] max_body_bytes",
            ErrorKind::Malformed(_) => {
                "check the address; if it is right, the API has changed: look for a newer version of this program"
            }
            // These say so themselves.
            ErrorKind::Redirect { .. }
            | ErrorKind::Certificate(_)
            | ErrorKind::Deadline
            | ErrorKind::UnusableId(_) => "",
        };
        if remedy.is_empty() { self.to_string() } else { format!("{self}; {remedy}") }
    }

    /// Whether the API refused the key, for all or for this.
    pub(crate) fn key_is_refused(&self) -> bool {
        matches!(self.status_and_code(), Some((StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _)))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "GET {}", self.path)?;
        if let Some(page) = self.page {
            write!(formatter, ", page {page}")?;
        }
        write!(formatter, ": {}", self.kind)?;
        if let Some(note) = &self.note {
            write!(formatter, "; {note}")?;
        }
        match (&self.request_id, self.attempts) {
            (None, 0 | 1) => Ok(()),
            (None, attempts) => write!(formatter, " ({attempts} attempts)"),
            (Some(id), 0 | 1) => write!(formatter, " (request id {id})"),
            (Some(id), attempts) => write!(formatter, " (request id {id}, {attempts} attempts)"),
        }
    }
}

impl std::error::Error for ApiError {}

fn describe_status(status: StatusCode, code: Option<&str>, message: &str) -> String {
    let mut text = format!("status {}", status.as_u16());
    if let Some(code) = code {
        text.push(' ');
        text.push_str(code);
    }
    if !message.is_empty() {
        text.push_str(": ");
        text.push_str(message);
    }
    text
}

/// Text from the server made fit for a log line, a report and a terminal: short and on one line. Keys are not taken out
/// of it here.
pub(in crate::api) fn clipped(text: &str) -> String {
    let mut clipped: String = text.chars().take(MESSAGE_LENGTH).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    crate::text::show_hidden(&clipped, &[]).into_owned()
}

/// The causes of an error, outermost first, without the outermost itself (which repeats the address).
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes: Vec<String> =
        std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect();
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}

//! One request as it came in, and what is sent back for it, down to the ways in which a connection fails.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

/// A request as it reached the simulator.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// The path, as sent: percent-encoded where the client encoded it.
    pub path: String,
    /// The parameters, decoded, in the order sent.
    pub query: Vec<(String, String)>,
    /// What the header `xi-api-key` held.
    pub api_key: Option<String>,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// How many times this method, path and query has been asked, this one included: 1 for the first.
    pub number: usize,
}

impl Request {
    /// The value of a parameter. Where it was sent several times the last one counts.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// What the simulator sends, or does instead of sending.
///
/// `content-length` always follows from the body; one among the headers is ignored. Every answer gets a
/// `request-id` unless it names one, and a `date` only where it names one. A status or header that can't be sent at all closes the connection.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A plain, whole answer.
    Answer {
        /// The status code.
        status: u16,
        /// Headers besides those that every answer has.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Headers with the length of the whole body, the first bytes of it, then the connection is closed.
    Cut {
        /// The status code.
        status: u16,
        /// Headers besides those that every answer has.
        headers: Vec<(String, String)>,
        /// The body as promised.
        body: Vec<u8>,
        /// How many bytes of it are sent.
        keep: usize,
    },
    /// The connection is closed with no answer at all.
    Close,
    /// Never answers, until the client gives up or the simulator is dropped.
    Hang,
    /// One byte of the body at a time, so slow that a timeout for idle connections never fires.
    Drip {
        /// The status code.
        status: u16,
        /// Headers besides those that every answer has.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
        /// The pause before each byte.
        every: Duration,
    },
    /// Another reply, later.
    Delayed {
        /// How long the request stays in flight before it is answered.
        after: Duration,
        /// What is sent then.
        reply: Box<Reply>,
    },
}

impl Reply {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply::of(status, body)
    }

    /// An error in the form that the service uses today (FACTS.md, "Errors"):
    /// `{"detail": {"type", "code", "message", "status", "request_id", "param"}}`.
    ///
    /// The request id is filled in as the reply is sent.
    pub fn error(status: u16, kind: &str, code: &str, message: &str) -> Reply {
        Reply::json(
            status,
            &json!({"detail": {
                "type": kind, "code": code, "message": message, "status": code, "request_id": null, "param": null,
            }}),
        )
    }

    /// The body as JSON, where this is an [`Reply::Answer`] that holds JSON; for intercepts that rewrite.
    pub fn body_json(&self) -> Option<Value> {
        match self {
            Reply::Answer { body, .. } => serde_json::from_slice(body).ok(),
            _ => None,
        }
    }

    /// The status that the client would see, if it sees any.
    pub fn status(&self) -> Option<u16> {
        match self {
            Reply::Answer { status, .. } | Reply::Cut { status, .. } | Reply::Drip { status, .. } => {
                Some(*status)
            }
            Reply::Delayed { reply, .. } => reply.status(),
            Reply::Close | Reply::Hang => None,
        }
    }

    /// The same with one more header, where there are headers.
    pub fn with_header(mut self, name: &str, value: &str) -> Reply {
        self.add_header(name, value);
        self
    }

    /// An answer whose body is serialized straight from what is borrowed, without a copy of the world.
    pub(super) fn of(status: u16, body: &impl Serialize) -> Reply {
        match serde_json::to_vec(body) {
            Ok(body) => {
                let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
                Reply::Answer { status, headers, body }
            }
            Err(error) => Reply::plain(500, &format!("the simulator cannot serialize its answer: {error}")),
        }
    }

    pub(super) fn plain(status: u16, text: &str) -> Reply {
        let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Reply::Answer { status, headers, body: text.as_bytes().to_vec() }
    }

    /// Puts the id of the request where the service has it: into the header, and into the body of an error.
    pub(super) fn identify(&mut self, request_id: &str) {
        let named = |headers: &[(String, String)]| headers.iter().any(|(name, _)| name == "request-id");
        match self {
            Reply::Answer { status, headers, body }
            | Reply::Cut { status, headers, body, .. }
            | Reply::Drip { status, headers, body, .. } => {
                if *status >= 400
                    && let Ok(mut error) = serde_json::from_slice::<Value>(body)
                    && let Some(place @ Value::Null) = error.pointer_mut("/detail/request_id")
                {
                    *place = Value::from(request_id);
                    *body = error.to_string().into_bytes();
                }
                if !named(headers) {
                    headers.push(("request-id".to_owned(), request_id.to_owned()));
                }
            }
            Reply::Delayed { reply, .. } => reply.identify(request_id),
            Reply::Close | Reply::Hang => {}
        }
    }

    fn add_header(&mut self, name: &str, value: &str) {
        match self {
            Reply::Answer { headers, .. } | Reply::Cut { headers, .. } | Reply::Drip { headers, .. } => {
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
            Reply::Delayed { reply, .. } => reply.add_header(name, value),
            Reply::Close | Reply::Hang => {}
        }
    }
}

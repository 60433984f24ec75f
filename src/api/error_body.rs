//! What the body of an error says, as far as it is worth keeping.

use super::mask::Mask;

/// The parts of an error body that are worth keeping. The API has three forms of it, and a proxy may send
/// anything at all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub(super) code: Option<String>,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
}

impl ErrorBody {
    pub(super) fn parse(body: &[u8], mask: &Mask) -> Self {
        let printable = |text: &str| mask.printable(text);
        let Ok(serde_json::Value::Object(body)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let text = |object: &serde_json::Map<String, serde_json::Value>, field: &str| {
            object.get(field).and_then(|value| value.as_str()).map(printable)
        };
        match body.get("detail") {
            Some(serde_json::Value::Object(detail)) => Self {
                // The older form has its code in `status`.
                code: text(detail, "code").or_else(|| text(detail, "status")),
                message: text(detail, "message").unwrap_or_default(),
                request_id: text(detail, "request_id"),
            },
            Some(serde_json::Value::Array(problems)) => Self {
                message: problems
                    .iter()
                    .filter_map(|problem| {
                        let place = problem.get("loc")?.as_array()?.last()?.as_str()?;
                        Some(format!("{}: {}", printable(place), printable(problem.get("msg")?.as_str()?)))
                    })
                    .take(3)
                    .collect::<Vec<_>>()
                    .join("; "),
                ..Self::default()
            },
            Some(serde_json::Value::String(message)) => {
                Self { message: printable(message), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::error::MESSAGE_LENGTH;

    fn parse(body: &str) -> ErrorBody {
        ErrorBody::parse(body.as_bytes(), &Mask::new(["sk_canary_7f3e"]).unwrap())
    }

    #[test]
    fn the_current_form_names_code_message_and_request() {
        let body = parse(
            r#"{"detail": {"type": "t", "code": "missing_permissions", "message": "m", "status": "s", "request_id": "r"}}"#,
        );
        assert_eq!(body.code.as_deref(), Some("missing_permissions"));
        assert_eq!((body.message.as_str(), body.request_id.as_deref()), ("m", Some("r")));
    }

    #[test]
    fn the_older_form_has_its_code_in_status() {
        let body = parse(r#"{"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}"#);
        assert_eq!(body.code.as_deref(), Some("invalid_api_key"));
    }

    #[test]
    fn a_validation_error_names_the_parameter() {
        let body = parse(r#"{"detail": [{"loc": ["query", "page_size"], "msg": "too large", "type": "x"}]}"#);
        assert_eq!((body.message.as_str(), body.code), ("page_size: too large", None));
    }

    #[test]
    fn what_a_proxy_sends_is_not_quoted() {
        assert_eq!(parse("<html>502</html>"), ErrorBody::default());
        assert_eq!(parse(""), ErrorBody::default());
    }

    #[test]
    fn an_echoed_key_is_taken_out_and_control_characters_are_shown() {
        let body = parse(r#"{"detail": {"message": "bad sk_canary_7f3e\u001b[2J\u202e"}}"#);
        assert_eq!(body.message, "bad [the key]\\u{1b}[2J\\u{202e}");
    }

    #[test]
    fn a_long_message_is_clipped() {
        let body = parse(&format!(r#"{{"detail": "{}"}}"#, "x".repeat(10_000)));
        assert_eq!(body.message.chars().count(), MESSAGE_LENGTH + 1);
    }
}

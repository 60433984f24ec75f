//! What one request asks for: a path in which each id is one segment.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    error::{ApiError, ErrorKind},
    mask::Mask,
};

/// What may stand in a path segment as it is: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest id that is asked for, in bytes. Servers refuse an address of a few thousand, and messages name it.
const ID_LENGTH: usize = 1024;

/// What one request asks for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The path in the public OpenAPI document, its parameters left open.
    pub(super) endpoint: &'static str,
    /// The path itself, as it is shown.
    pub(super) path: String,
    /// The path as it is sent: an id may be one that is not shown as it is.
    pub(super) sent: Unshown,
}

/// What may hold a key, and is for a request alone.
#[derive(Clone)]
pub(super) struct Unshown(pub(super) String);

impl std::fmt::Debug for Unshown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[not shown]")
    }
}

impl Target {
    pub(super) fn of(endpoint: &'static str, parameters: &[&str], mask: &Mask) -> Result<Self, ApiError> {
        let mut parameters = parameters.iter();
        let (mut path, mut sent) = (Vec::new(), Vec::new());
        for part in endpoint.split('/') {
            if part.starts_with('{') {
                let id = parameters.next().copied().unwrap_or_default();
                path.push(segment(id, mask)?);
                let id = mask.reveal(id, str::to_owned).ok_or_else(|| unusable(id, mask))?;
                sent.push(escaped(&id));
            } else {
                path.push(part.to_owned());
                sent.push(part.to_owned());
            }
        }
        let path = mask.hide(&path.join("/")).into_owned();
        Ok(Self { endpoint, path, sent: Unshown(sent.join("/")) })
    }
}

/// An id as exactly one segment of a path.
fn segment(id: &str, mask: &Mask) -> Result<String, ApiError> {
    if matches!(id, "" | "." | "..") || id.len() > ID_LENGTH || id.chars().any(char::is_control) {
        return Err(unusable(id, mask));
    }
    Ok(escaped(id))
}

fn escaped(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

fn unusable(id: &str, mask: &Mask) -> ApiError {
    ApiError::new("/v1/…", ErrorKind::UnusableId(mask.printable(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(id: &str) -> Result<String, ApiError> {
        super::segment(id, &Mask::new([]).unwrap())
    }

    #[test]
    fn an_id_is_one_segment_whatever_it_holds() {
        assert_eq!(segment("sec_01-a.b~c").unwrap(), "sec_01-a.b~c");
        assert_eq!(segment("../a?b#c%2f").unwrap(), "..%2Fa%3Fb%23c%252f");
    }

    #[test]
    fn an_id_that_is_no_segment_is_refused() {
        for id in ["", ".", "..", "a\nb", "a\u{9b}b", &"x".repeat(ID_LENGTH + 1)] {
            assert!(segment(id).is_err(), "{id:?}");
        }
        assert!(segment(&"x".repeat(ID_LENGTH)).is_ok());
        let message = segment("a\n\"b").unwrap_err().to_string();
        assert!(message.contains(r#"the id "a\u{a}"b" cannot"#), "shown once, not escaped twice: {message}");
    }
}

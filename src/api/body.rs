//! The body of an answer, as it was before it was compressed for the way. Done here and not by the HTTP client, which reads
//! the first member of several, and hands on as it is whatever it has no word for.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::error::ErrorKind;

/// What is asked for.
pub(super) const ACCEPTED: &str = "gzip";

/// A body while it comes.
pub(super) enum Body {
    Plain(Bounded),
    /// Of as many members as there are (RFC 9110, 8.4.1.3), and compressed no larger than it may be itself.
    Gzip {
        decoder: Box<MultiGzDecoder<Bounded>>,
        received: usize,
    },
}

/// Bytes, and no more than allowed.
pub(super) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let room = self.limit - self.bytes.len();
        self.bytes.extend_from_slice(&more[..more.len().min(room)]);
        if more.len() > room {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Body {
    /// One of which nothing has come yet, of at most `limit` bytes. `announced` is how many are to come.
    pub(super) fn new(headers: &HeaderMap, limit: usize, announced: usize) -> Result<Self, ErrorKind> {
        let mut is_compressed = false;
        for value in headers.get_all(CONTENT_ENCODING) {
            let value = String::from_utf8_lossy(value.as_bytes());
            for coding in value.split(',').map(str::trim) {
                match coding.to_ascii_lowercase().as_str() {
                    "" | "identity" => {}
                    // The second is an old name of the first.
                    "gzip" | "x-gzip" if !is_compressed => is_compressed = true,
                    _ => return Err(ErrorKind::Encoding(value.into_owned())),
                }
            }
        }
        // What is announced too high costs nothing: memory counts once it is written to.
        let bounded = Bounded { bytes: Vec::with_capacity(announced.min(limit)), limit, is_full: false };
        Ok(match is_compressed {
            true => Self::Gzip { decoder: Box::new(MultiGzDecoder::new(bounded)), received: 0 },
            false => Self::Plain(bounded),
        })
    }

    /// Whether it was compressed for the way.
    pub(super) fn is_compressed(&self) -> bool {
        matches!(self, Self::Gzip { .. })
    }

    /// How much of it there is, in bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Plain(bounded) => bounded.bytes.len(),
            Self::Gzip { decoder, .. } => decoder.get_ref().bytes.len(),
        }
    }

    /// Takes in what has come.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Result<(), ErrorKind> {
        let taken = match self {
            Self::Plain(bounded) => bounded.write_all(chunk),
            Self::Gzip { decoder, received } => {
                *received += chunk.len();
                // Members without anything in them inflate to nothing, however many there are.
                if *received > decoder.get_ref().limit {
                    decoder.get_mut().is_full = true;
                }
                match decoder.get_ref().is_full {
                    true => Err(io::ErrorKind::FileTooLarge.into()),
                    false => decoder.write_all(chunk),
                }
            }
        };
        taken.map_err(|error| self.kind(&error))
    }

    /// The whole of it.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, ErrorKind> {
        if let Self::Gzip { decoder, received: 1.. } = &mut self
            && let Err(error) = decoder.try_finish()
        {
            return Err(self.kind(&error));
        }
        Ok(self.into_bytes())
    }

    /// As much of it as has come.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Plain(bounded) => bounded.bytes,
            Self::Gzip { mut decoder, .. } => std::mem::take(&mut decoder.get_mut().bytes),
        }
    }

    fn kind(&self, error: &io::Error) -> ErrorKind {
        let bounded = match self {
            Self::Plain(bounded) => bounded,
            Self::Gzip { decoder, .. } => decoder.get_ref(),
        };
        match bounded.is_full {
            true => ErrorKind::TooLarge { limit: bounded.limit },
            false => ErrorKind::Connection(format!("the answer cannot be decompressed: {error}")),
        }
    }
}

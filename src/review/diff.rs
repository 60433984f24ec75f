//! What is different between two bundles.

use std::path::Path;

use super::{ReviewError, audit_of, open};
use crate::{
    audit::{Changes, Comparison},
    bundle::REPORT,
    report,
};

/// Compares the bundle at `later` with the one at `earlier`. Narrowed ones are not compared.
///
/// # Errors
/// Where one of the two reports can't be read.
pub fn diff(earlier: &Path, later: &Path) -> Result<Changes, ReviewError> {
    let now = audit_of(later)?;
    let mut comparison = Comparison::of(&now);
    let path = earlier.join(REPORT);
    let read = report::read_earlier(open(&path)?, Some(&mut comparison))
        .map_err(|error| ReviewError::read(&path)(error.into()))?;
    if read.is_narrowed || now.filter().is_some() {
        let why = "a narrowed bundle says nothing of the secrets that it did not read";
        return Ok(Changes::NotCompared(why.to_owned()));
    }
    Ok(comparison.finish(read.run, &read.history))
}

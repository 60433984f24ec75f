//! How the bundles that somebody asks about are opened, and what is said where they can't be.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;

use crate::{
    audit::Audit,
    bounded::{self, Bound, Bounded},
    bundle::{self, Bundle, InOrder, REPORT, ReadPolicy, is_refused},
    interrupt::Interrupt,
    report,
};

/// Why a question can't be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// There is nothing to look at.
    #[error("there are no bundles in {}; name the directory that audits publish into with --out", .0.display())]
    NoBundles(PathBuf),
    /// There is no bundle.
    #[error(
        "there is no bundle at {}; name its directory, such as reports/latest or another that `history` lists", .0.display()
    )]
    NoBundle(PathBuf),
    /// The dates that were asked for end before they begin.
    #[error("the dates from {from} to {to} are none; give a --from that is not after --to, nor after today")]
    Span {
        /// The first.
        from: NaiveDate,
        /// The last, which is today at the latest.
        to: NaiveDate,
    },
    /// A file or directory can't be read.
    #[error("cannot read {}: {source}; is this user allowed to, and does verify find it sound?", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system refuses to list a directory of bundles: nothing can be told of them.
    #[error(
        "cannot tell: cannot read {}: {source}; ask as the user of the job, or give its group access to the directory", .path.display()
    )]
    Refused {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A report can't be written.
    #[error("cannot write {}: {source}; name an empty directory that can be written to with --out", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ReviewError {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

/// The bundles of an output directory, at least one.
pub(super) fn bundles_in(output: &Path) -> Result<Vec<Bundle>, ReviewError> {
    at_least_one(bundle::bundles(output), Vec::is_empty, output)
}

/// The same, as they were published.
pub(super) fn in_order(output: &Path) -> Result<InOrder, ReviewError> {
    let found = bundle::in_order(output, &ReadPolicy::none(Bound::default(), &Interrupt::default()));
    at_least_one(found, |there| there.found.is_empty(), output)
}

fn at_least_one<T>(found: io::Result<T>, is_none: fn(&T) -> bool, output: &Path) -> Result<T, ReviewError> {
    match found {
        Ok(found) if !is_none(&found) => Ok(found),
        Err(source) if is_refused(&source) => Err(ReviewError::Refused { path: output.to_owned(), source }),
        Err(error) if !is_missing(&error) => Err(ReviewError::read(output)(error)),
        _ => Err(ReviewError::NoBundles(output.to_owned())),
    }
}

/// The bundle at a path that somebody typed.
pub(super) fn at(path: &Path) -> Result<PathBuf, ReviewError> {
    bundle::at(path).map_err(ReviewError::read(path))
}

/// The audit that a bundle was made of.
pub(super) fn audit_of(bundle: &Path, longest: Bound) -> Result<Audit, ReviewError> {
    let bundle = at(bundle)?;
    let path = bundle.join(REPORT);
    report::read_audit(open(&bundle, longest)?).map_err(|error| ReviewError::read(&path)(error.into()))
}

/// The report of a bundle.
pub(super) fn open(bundle: &Path, longest: Bound) -> Result<Bounded, ReviewError> {
    let path = bundle.join(REPORT);
    bounded::open_nofollow(&path, longest).map_err(|error| match is_missing(&error) {
        true => ReviewError::NoBundle(bundle.to_owned()),
        false => ReviewError::read(&path)(error),
    })
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

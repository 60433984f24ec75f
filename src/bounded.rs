//! Files that others may have written, read within bounds: regular ones only, as anything else may never come to an end, and
//! none larger than is expected there.
//!
//! What never lives here: what a file says.

use std::{
    fs::Metadata,
    io::{self, Read},
    ops::RangeInclusive,
    path::Path,
};

use fs_err::{File, os::unix::fs::OpenOptionsExt};

/// The most that is read of a file.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    bytes: u64,
    /// What to do about a file that is larger.
    remedy: &'static str,
}

/// The bound of each file of a bundle but the two with the sums, in MiB, where nothing else is said.
pub(crate) const BUNDLE_FILE_MIB: u32 = 4096;
/// What may be said.
pub(crate) const BUNDLE_FILE_MIBS: RangeInclusive<u32> = 1..=1 << 20;

impl Bound {
    /// A configuration, or waivers.
    pub(crate) const CONFIGURATION: Self = Self { bytes: 4 << 20, remedy: "is it the file that was meant?" };
    /// A key.
    pub(crate) const KEY: Self = Self { bytes: 16 << 10, remedy: "is it the file that was meant?" };
    /// A manifest, which stands in memory whole.
    pub(crate) const MANIFEST: Self = Self { bytes: 8 << 20, remedy: "this program writes none so large" };
    /// The sums of a bundle.
    pub(crate) const SUMS: Self = Self { bytes: 1 << 20, remedy: "this program writes none so large" };
    /// The name of a bundle: some twenty bytes.
    pub(crate) const NAME: Self = Self { bytes: 100, remedy: "this program writes none so large" };

    /// Any other file of a bundle: of these only a part stands in memory at a time.
    pub(crate) fn of_bundle_files(mib: u32) -> Self {
        let remedy = "[report] max_bundle_file_mib raises that for audits, and --max-bundle-file-mib for verify, diff and render";
        Self { bytes: u64::from(mib) << 20, remedy }
    }

    fn exceeded(self, path: &Path, has: &str) -> io::Error {
        let Self { bytes, remedy } = self;
        let what = format!("{} has {has}, and no more than {bytes} are read there; {remedy}", path.display());
        io::Error::new(io::ErrorKind::FileTooLarge, what)
    }
}

impl Default for Bound {
    fn default() -> Self {
        Self::of_bundle_files(BUNDLE_FILE_MIB)
    }
}

/// A file while it is read. Where it turns out larger than its bound, reading fails.
#[derive(Debug)]
pub(crate) struct Bounded {
    file: File,
    bound: Bound,
    left: u64,
}

impl Bounded {
    /// What the system tells of the file that is open, whatever stands at its path meanwhile.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }

    /// The whole of it.
    pub(crate) fn bytes(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The whole of it, as text.
    pub(crate) fn text(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.read_to_string(&mut text)?;
        Ok(text)
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            // It grew, or is no file that has a size.
            None => return Err(self.bound.exceeded(self.file.path(), "more bytes than that")),
        }
        Ok(read)
    }
}

/// A file, to be read from its beginning.
///
/// # Errors
/// Where it can't be opened, is no regular file, or is too large. Of what can't be opened the kind says why.
pub(crate) fn open(path: &Path, bound: Bound) -> io::Result<Bounded> {
    open_regular(path, &fs_err::metadata(path)?, 0, bound)
}

/// The same, but for links: what they lead to is no part of where they stand.
///
/// # Errors
/// As of [`open`].
pub(crate) fn open_nofollow(path: &Path, bound: Bound) -> io::Result<Bounded> {
    open_regular(path, &fs_err::symlink_metadata(path)?, libc::O_NOFOLLOW, bound)
}

fn open_regular(path: &Path, metadata: &Metadata, flags: i32, bound: Bound) -> io::Result<Bounded> {
    // To open some devices does something by itself.
    refuse_irregular(path, metadata)?;
    // If a pipe has taken its place since, this doesn't wait for somebody to write into it.
    let flags = flags | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = fs_err::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    refuse_irregular(path, &metadata)?;
    if metadata.len() > bound.bytes {
        return Err(bound.exceeded(path, &format!("{} bytes", metadata.len())));
    }
    Ok(Bounded { file, bound, left: bound.bytes })
}

/// The same of what somebody named by hand, which may also be a stream that this process was started with: a shell makes one
/// of `<(…)`.
///
/// # Errors
/// As of [`open`].
pub(crate) fn open_named(path: &Path, bound: Bound) -> io::Result<Bounded> {
    if is_stream(path) && !fs_err::metadata(path)?.is_file() {
        return Ok(Bounded { file: File::open(path)?, bound, left: bound.bytes });
    }
    open(path, bound)
}

/// Whether a path is that of a stream which this process was started with.
pub(crate) fn is_stream(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

fn refuse_irregular(path: &Path, metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{} is no regular file", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const FEW: Bound = Bound { bytes: 4, remedy: "take a smaller one" };

    #[test]
    fn the_size_is_looked_at_first_and_the_bound_itself_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs_err::write(&path, "four").unwrap();
        assert_eq!(open(&path, FEW).and_then(Bounded::bytes).unwrap(), b"four");
        fs_err::write(&path, "fives").unwrap();
        let error = open(&path, FEW).unwrap_err();
        let said =
            format!("{} has 5 bytes, and no more than 4 are read there; take a smaller one", path.display());
        assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::FileTooLarge, said));
    }

    #[test]
    fn a_file_that_grows_is_read_no_further() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"four").unwrap();
        let mut bounded = open(file.path(), FEW).unwrap();
        file.write_all(b" and more").unwrap();
        let error = bounded.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("has more bytes than that"), "{error}");
    }

    #[test]
    fn only_what_is_a_regular_file_behind_all_links_is_opened_and_nothing_waits() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs_err::write(at("file"), "four").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        assert_eq!(open_named(&at("link"), FEW).unwrap().text().unwrap(), "four");
        assert!(open_nofollow(&at("link"), FEW).unwrap_err().to_string().ends_with("is no regular file"));
        assert!(open_nofollow(&at("file"), FEW).is_ok());
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        std::os::unix::fs::symlink("pipe", at("link to a pipe")).unwrap();
        for path in [at("pipe"), at("link to a pipe"), directory.path().to_owned(), "/dev/zero".into()] {
            for opened in [open(&path, FEW), open_named(&path, FEW)] {
                assert!(
                    opened.unwrap_err().to_string().ends_with("is no regular file"),
                    "{}",
                    path.display()
                );
            }
        }
        assert_eq!(open(&at("nowhere"), FEW).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_stream_of_this_process_is_read_up_to_the_bound() {
        use std::os::fd::AsRawFd;
        for (text, is_read) in [("four", true), ("fives", false)] {
            let (reader, mut writer) = io::pipe().unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            drop(writer);
            let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
            let read = open_named(Path::new(&path), FEW).unwrap().text();
            assert_eq!(read.is_ok(), is_read, "{read:?}");
        }
    }
}

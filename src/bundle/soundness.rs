//! Whether a bundle still holds what its manifest says.

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{Bundle, FileEntry, MANIFEST, Manifest, SUMS};
use crate::{
    bounded::{self, Bound},
    interrupt::Interrupt,
    text::hexadecimal,
};

/// What is wrong with a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A file of it is not there.
    Missing(String),
    /// A file of it is not as it was.
    Altered(String),
    /// Something of it can't be read.
    Unreadable(String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(formatter, "{what} is missing"),
            Self::Altered(what) => write!(formatter, "{what}"),
            Self::Unreadable(why) => write!(formatter, "{why}"),
        }
    }
}

/// What looking at a bundle showed.
#[derive(Debug)]
pub struct Looked {
    /// What its manifest says, where it can be read.
    pub manifest: Option<Manifest>,
    /// The SHA-256 of its manifest, where it can be read.
    pub manifest_sha256: Option<String>,
    /// What is wrong with it. Empty: it is sound.
    pub flaws: Vec<Flaw>,
    /// Files in it that no manifest names, such as a signature.
    pub besides: Vec<String>,
}

/// Checks every file of a bundle against its manifest, and the manifest against SHA256SUMS. None beyond the bound is read.
///
/// # Errors
/// Where a signal came meanwhile.
pub fn look_at(bundle: &Bundle, longest: Bound, interrupt: &Interrupt) -> io::Result<Looked> {
    let mut looked = Looked { manifest: None, manifest_sha256: None, flaws: Vec::new(), besides: Vec::new() };
    if bundle.path.join(MANIFEST).symlink_metadata().is_err() {
        looked.flaws.push(Flaw::Missing(MANIFEST.to_owned()));
        return Ok(looked);
    }
    looked.manifest_sha256 = bundle.manifest_sha256().ok();
    let manifest = match bundle.manifest() {
        Ok(manifest) => manifest,
        Err(error) => {
            looked.flaws.push(Flaw::Altered(error.to_string()));
            return Ok(looked);
        }
    };
    for file in &manifest.files {
        if let Some(flaw) = check_file(bundle, file, longest, interrupt)? {
            looked.flaws.push(flaw);
        }
    }
    if manifest.is_of_the_chain() {
        let manifest_sha256 = looked.manifest_sha256.as_deref().unwrap_or_default();
        looked.flaws.extend(check_sums(bundle, &manifest, manifest_sha256));
    }
    looked.besides = besides(bundle, &manifest)?;
    looked.manifest = Some(manifest);
    Ok(looked)
}

fn check_file(
    bundle: &Bundle,
    file: &FileEntry,
    longest: Bound,
    interrupt: &Interrupt,
) -> io::Result<Option<Flaw>> {
    // A manifest that somebody wrote may name anything.
    if Path::new(&file.name).components().count() != 1 || file.name.starts_with('.') {
        return Ok(Some(Flaw::Altered(format!("{MANIFEST} names a file outside of the bundle"))));
    }
    let path = bundle.path.join(&file.name);
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(Flaw::Missing(file.name.clone())));
        }
        Err(error) => return Ok(Some(Flaw::Unreadable(format!("{}: {error}", file.name)))),
        Ok(metadata) if !metadata.is_file() => {
            return Ok(Some(Flaw::Altered(format!("{} is no regular file", file.name))));
        }
        Ok(metadata) if metadata.len() != file.bytes => {
            let (is, was) = (metadata.len(), file.bytes);
            return Ok(Some(Flaw::Altered(format!("{} has {is} bytes, and had {was}", file.name))));
        }
        Ok(_) => {}
    }
    let sum = match sha256_of(&path, longest, interrupt) {
        Ok(sum) => sum,
        Err(error) if interrupt.signal().is_some() => return Err(error),
        Err(error) => return Ok(Some(Flaw::Unreadable(error.to_string()))),
    };
    let is_same = sum == file.sha256;
    Ok((!is_same).then(|| Flaw::Altered(format!("{} has another SHA-256 than {MANIFEST} says", file.name))))
}

/// SHA256SUMS has to say of every file, the manifest included, what is true of it.
fn check_sums(bundle: &Bundle, manifest: &Manifest, manifest_sha256: &str) -> Option<Flaw> {
    let path = bundle.path.join(SUMS);
    let bytes = match bounded::read(&path, Bound::SUMS) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Some(Flaw::Missing(SUMS.to_owned()));
        }
        Err(error) => return Some(Flaw::Unreadable(error.to_string())),
    };
    let manifest_line = sum_line(manifest_sha256, MANIFEST);
    let files = manifest.files.iter().map(|file| sum_line(&file.sha256, &file.name));
    if files.chain([manifest_line.clone()]).collect::<String>().as_bytes() == bytes {
        return None;
    }
    let says_of_the_manifest = String::from_utf8_lossy(&bytes).ends_with(&manifest_line);
    Some(Flaw::Altered(match says_of_the_manifest {
        true => format!("{SUMS} and {MANIFEST} tell different things"),
        false => format!("{MANIFEST} has another SHA-256 than {SUMS} says"),
    }))
}

/// One line of SHA256SUMS, as `sha256sum` has it.
pub(crate) fn sum_line(sha256: &str, name: &str) -> String {
    format!("{sha256}  {name}\n")
}

fn besides(bundle: &Bundle, manifest: &Manifest) -> io::Result<Vec<String>> {
    let ours: BTreeSet<&str> =
        manifest.files.iter().map(|file| file.name.as_str()).chain([MANIFEST, SUMS]).collect();
    let mut besides = Vec::new();
    for entry in fs_err::read_dir(&bundle.path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !ours.contains(name.as_str()) {
            besides.push(name);
        }
    }
    besides.sort();
    Ok(besides)
}

/// The SHA-256 of a file, in hexadecimal. Fails where it can't be read, or a signal came meanwhile.
fn sha256_of(path: &Path, longest: Bound, interrupt: &Interrupt) -> io::Result<String> {
    let mut file = bounded::open(path, longest)?;
    let (mut sum, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        if interrupt.signal().is_some() {
            return Err(io::Error::other("a signal came"));
        }
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&sum.finalize())),
            read => sum.update(&buffer[..read]),
        }
    }
}

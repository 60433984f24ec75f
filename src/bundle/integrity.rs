//! Whether a bundle still holds what its manifest says.

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{Bundle, File, FileEntry, Format, MANIFEST, Manifest, REPORT, ReadPolicy, SUMS, is_refused};
use crate::{
    bounded::{self, Bound, Bounded},
    text::hexadecimal,
};

/// What is wrong with a bundle.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// A file of it is not there.
    Missing(String),
    /// A file of it is not as it was.
    Altered(String),
    /// The system refuses to read something of it, or it is larger than may be read: it may be as it was.
    Unreadable(io::Error),
    /// It is from before there was a SHA256SUMS, or is made to look so.
    WithoutSums,
    /// Something stands in it that a reader takes for a part of it: under the name of a report, or as a link.
    Added(String),
}

impl Flaw {
    /// Whether an audit passes over the bundle for it.
    pub(crate) fn is_obstacle(&self) -> bool {
        !matches!(self, Self::WithoutSums | Self::Added(_))
    }

    /// What an error at this file or directory means.
    fn of(error: io::Error, name: &str) -> Self {
        match error.kind() {
            _ if is_refused(&error) => Self::Unreadable(error),
            // A larger bound may show it to be as it was. These two never are so large.
            io::ErrorKind::FileTooLarge if ![MANIFEST, SUMS].contains(&name) => Self::Unreadable(error),
            io::ErrorKind::NotFound => Self::Missing(name.to_owned()),
            _ => Self::Altered(error.to_string()),
        }
    }
}

impl From<Flaw> for io::Error {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Unreadable(error) => error,
            flaw => Self::other(flaw.to_string()),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(formatter, "{what} is missing"),
            Self::Altered(what) => write!(formatter, "{what}"),
            Self::Unreadable(why) => write!(formatter, "{why}"),
            Self::WithoutSums => {
                write!(formatter, "{SUMS} is missing, so that nothing tells whether {MANIFEST} is as it was")
            }
            Self::Added(name) => write!(formatter, "{name} was added: {MANIFEST} does not name it"),
        }
    }
}

/// What looking at a bundle showed.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What its manifest says, where it can be read.
    pub manifest: Option<Manifest>,
    /// The SHA-256 of its manifest, where it can be read.
    pub manifest_sha256: Option<String>,
    /// What is wrong with it. Empty: it is sound.
    pub(crate) flaws: Vec<Flaw>,
    /// Files in it that no manifest names, such as a signature.
    pub besides: Vec<String>,
}

impl Looked {
    /// What keeps an audit from building on it, if anything does.
    pub(crate) fn obstacle(self) -> Option<Flaw> {
        self.flaws.into_iter().find(Flaw::is_obstacle)
    }
}

/// Checks every file of a bundle against its manifest, and the manifest against SHA256SUMS.
///
/// # Errors
/// Where a signal came meanwhile.
pub(crate) fn look_at(bundle: &Bundle, read_policy: &ReadPolicy) -> io::Result<Looked> {
    let mut looked = Looked { manifest: None, manifest_sha256: None, flaws: Vec::new(), besides: Vec::new() };
    let sum = read_policy.again(|| bundle.manifest_sha256());
    let read = sum.and_then(|sum| {
        looked.manifest_sha256 = Some(sum);
        read_policy.again(|| bundle.manifest())
    });
    let manifest = match read {
        Ok(manifest) => manifest,
        Err(error) => {
            looked.flaws.push(Flaw::of(error, MANIFEST));
            return Ok(looked);
        }
    };
    let mut named = BTreeSet::new();
    for file in &manifest.files {
        // A manifest that somebody wrote may name anything, and as often as they like.
        let flaw = if !is_plain_name(&file.name) {
            Some(Flaw::Altered(format!("{MANIFEST} names a file outside of the bundle")))
        } else if [MANIFEST, SUMS].contains(&&*file.name) || !named.insert(file.name.as_str()) {
            Some(Flaw::Altered(format!("{MANIFEST} names {} once too often", file.name)))
        } else {
            check_file(bundle, file, read_policy)?
        };
        looked.flaws.extend(flaw);
    }
    // Whatever else was asked for, this one is always written.
    if !named.contains(REPORT) {
        looked.flaws.push(Flaw::Altered(format!("{MANIFEST} names no {REPORT}")));
    }
    let manifest_sha256 = looked.manifest_sha256.as_deref().unwrap_or_default();
    looked.flaws.extend(check_sums(bundle, &manifest, manifest_sha256, read_policy));
    match read_policy.again(|| besides(bundle, &manifest)) {
        Ok(besides) => {
            let is_report = |name: &str| File::of(Format::ALL).any(|file| file.name() == name);
            for (name, is_link) in besides {
                match is_link || is_report(&name) {
                    true => looked.flaws.push(Flaw::Added(name)),
                    false => looked.besides.push(name),
                }
            }
        }
        Err(error) => looked.flaws.push(Flaw::of(error, "the bundle")),
    }
    looked.manifest = Some(manifest);
    Ok(looked)
}

/// Whether a name can be that of a file of a bundle, and of none outside of it.
pub(super) fn is_plain_name(name: &str) -> bool {
    // No file system has longer ones.
    let is_long = name.len() > 255;
    !is_long && !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0'])
}

fn check_file(bundle: &Bundle, file: &FileEntry, read_policy: &ReadPolicy) -> io::Result<Option<Flaw>> {
    let path = bundle.path.join(&file.name);
    // A link would show what is no part of the bundle, and may be another thing tomorrow.
    match read_policy.again(|| fs_err::symlink_metadata(&path)) {
        Err(error) => return Ok(Some(Flaw::of(error, &file.name))),
        Ok(metadata) if !metadata.is_file() => {
            return Ok(Some(Flaw::Altered(format!("{} is no regular file", file.name))));
        }
        Ok(metadata) if metadata.len() != file.bytes => {
            let (is, was) = (metadata.len(), file.bytes);
            return Ok(Some(Flaw::Altered(format!("{} has {is} bytes, and had {was}", file.name))));
        }
        Ok(_) => {}
    }
    let sum = match read_policy.again(|| sha256_of(&path, read_policy)) {
        Ok(sum) => sum,
        Err(error) if read_policy.is_ended() => return Err(error),
        Err(error) => return Ok(Some(Flaw::of(error, &file.name))),
    };
    let is_same = sum == file.sha256;
    Ok((!is_same).then(|| Flaw::Altered(format!("{} has another SHA-256 than {MANIFEST} says", file.name))))
}

/// SHA256SUMS has to say of every file, the manifest included, what is true of it.
fn check_sums(
    bundle: &Bundle,
    manifest: &Manifest,
    manifest_sha256: &str,
    read_policy: &ReadPolicy,
) -> Option<Flaw> {
    let path = bundle.path.join(SUMS);
    let read = || bounded::open_nofollow(&path, Bound::SUMS).and_then(Bounded::bytes);
    let bytes = match read_policy.again(read) {
        Ok(bytes) => bytes,
        Err(error) => {
            let flaw = Flaw::of(error, SUMS);
            let is_missing = matches!(flaw, Flaw::Missing(_));
            return Some(if is_missing && !manifest.is_of_the_chain() { Flaw::WithoutSums } else { flaw });
        }
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

/// What stands in a bundle besides its files, and whether it is a link.
fn besides(bundle: &Bundle, manifest: &Manifest) -> io::Result<Vec<(String, bool)>> {
    let ours: BTreeSet<&str> =
        manifest.files.iter().map(|file| file.name.as_str()).chain([MANIFEST, SUMS]).collect();
    let mut besides = Vec::new();
    for entry in fs_err::read_dir(&bundle.path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !ours.contains(name.as_str()) {
            besides.push((name, entry.file_type()?.is_symlink()));
        }
    }
    besides.sort();
    Ok(besides)
}

/// The SHA-256 of a file, in hexadecimal. Fails where it can't be read, or a signal came meanwhile.
fn sha256_of(path: &Path, read_policy: &ReadPolicy) -> io::Result<String> {
    let mut file = read_policy.open(path)?;
    let (mut sum, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        read_policy.heed()?;
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&sum.finalize())),
            read => sum.update(&buffer[..read]),
        }
    }
}

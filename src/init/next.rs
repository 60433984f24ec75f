//! What to do next, once the file is there.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{Answers, Key};
use crate::text::show_hidden;

/// Says where the key goes, and the next two commands.
///
/// # Errors
/// Where writing fails.
pub fn next_steps(file: &Path, answers: &Answers, mut out: impl Write) -> io::Result<()> {
    let program = env!("CARGO_PKG_NAME");
    let written = show_hidden(&file.display().to_string(), &[]).into_owned();
    let key = match answers.key.clone().unwrap_or_default() {
        Key::Variable(name) => format!("the environment variable {name}"),
        Key::File(path) => {
            let beside = file.with_file_name("").join(path);
            format!("the file {0} (chmod 0600 {0})", show_hidden(&quoted(&beside), &[]))
        }
    };
    writeln!(out, "wrote {written}\n")?;
    writeln!(out, "Put an API key with the permission convai_read, and no other, into {key}. Then:\n")?;
    let config = quoted(file);
    let config = show_hidden(&config, &[]);
    writeln!(out, "  {program} check --config {config}")?;
    writeln!(out, "  {program} audit --config {config}")?;
    out.flush()
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:,@%".contains(character);
    if !path.is_empty() && path.chars().all(is_plain) && !path.starts_with('-') {
        return path.into_owned();
    }
    // A path that begins with a dash would be a flag.
    let dash = if path.starts_with('-') { "./" } else { "" };
    format!("'{dash}{}'", path.replace('\'', r"'\''"))
}

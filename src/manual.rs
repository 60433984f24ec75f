//! The manual page, from the definition of the command line and nothing else. One page holds every command, as a reader who
//! types `man elevenlabs-secrets-audit` looks for nothing beside it.

use clap_mangen::{Man, roff};
use elevenlabs_secrets_audit::error::Error;

/// The page, as roff.
///
/// # Errors
/// Where it cannot be made, which no command line that clap accepts leads to.
pub(crate) fn page(mut program: clap::Command) -> Result<Vec<u8>, Error> {
    program.build();
    write(&program).map_err(|error| Error::Bug(format!("the manual page cannot be made: {error}")))
}

fn write(program: &clap::Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let manual = Man::new(program.clone()).manual("User Commands");
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    manual.render_synopsis_section(&mut page)?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let mut heading = roff::Roff::new();
        heading.control("SH", [command.get_name().to_uppercase().as_str()]).text([roff::roman(about)]);
        heading.to_writer(&mut page)?;
        page.extend(options(command)?);
    }
    let mut exit_codes = Vec::new();
    manual.render_extra_section(&mut exit_codes)?;
    page.extend(replaced(&exit_codes, ".SH EXTRA\n", ".SH \"EXIT STATUS\"\n"));
    Ok(page)
}

/// The options of a command under the heading that is there already, without those that every command has.
fn options(command: &clap::Command) -> std::io::Result<Vec<u8>> {
    let everywhere = |argument: &clap::Arg| argument.is_global_set() || argument.get_id() == "help";
    let own = command.clone().mut_args(|argument| {
        let hidden = everywhere(&argument) || argument.is_hide_set();
        argument.hide(hidden)
    });
    let mut section = Vec::new();
    Man::new(own).render_options_section(&mut section)?;
    Ok(replaced(&section, ".SH OPTIONS\n", ""))
}

/// What the generator names in a way of its own, named otherwise.
fn replaced(section: &[u8], heading: &str, by: &str) -> Vec<u8> {
    String::from_utf8_lossy(section).replacen(heading, by, 1).into_bytes()
}

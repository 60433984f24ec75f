//! Parse, start the runtime, and turn the outcome into an exit code.

mod manual;
mod signals;
mod terminal;

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    panic::AssertUnwindSafe,
    process::ExitCode,
    sync::Arc,
};

use clap::{CommandFactory, Parser};
use elevenlabs_secrets_audit::{
    RunContext,
    bundle::Format,
    check::check_up,
    cli::{
        AuditArgs, Cli, Command, DiffArgs, HistoryArgs, HistoryFormat, InitArgs, LogFormat, OutputArgs,
        RenderArgs, VerifyArgs,
    },
    config::{Config, Environment, refuse_keys_in_arguments, without_variables},
    error::Error,
    init::{self, Answers, InitError},
    interrupt::Interrupt,
    progress::Progress,
    report, review, run,
    text::show_hidden,
};
use terminal::Folded;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    // Before anything of the environment is read. There is no log yet that could say why not.
    let forgone = forgo_core_dumps();
    let arguments: Vec<_> = std::env::args_os().collect();
    let variable = |name: &str| std::env::var_os(name);
    // Before anything quotes them.
    let typed = arguments.get(1..).unwrap_or_default();
    if let Err(error) = refuse_keys_in_arguments(typed, &Environment::new(&variable)) {
        return ExitCode::from(say_and_code(&error.into(), LogFormat::Text));
    }
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, typed),
    };
    terminal::say_panics();
    let log_format = cli.output.log_format;
    let code =
        match caught(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()) {
            Ok(Ok(runtime)) => {
                let code = caught(|| dispatch(cli, &runtime, forgone));
                // Whatever is still at work belongs to a run that has ended: a name that is looked up, an answer that is read.
                runtime.shutdown_background();
                code
            }
            Ok(Err(error)) => Err(Error::Bug(format!("the runtime cannot start: {error}"))),
            Err(error) => Err(error),
        };
    ExitCode::from(code.unwrap_or_else(|error| say_and_code(&error, log_format)))
}

/// What work comes to. Where it panics, what happened has been said by the hook.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| Error::Bug("it panicked".to_owned()))
}

/// Says what is wrong with the arguments, or what help was asked for.
fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    match without_variables(&error.to_string(), arguments, std::env::vars_os()) {
        Some(unshown) => terminal::say_usage(&unshown),
        None => drop(error.print()),
    }
    ExitCode::from(code)
}

fn say_and_code(error: &Error, log_format: LogFormat) -> u8 {
    terminal::say_error(error, log_format);
    error.exit_code()
}

fn dispatch(cli: Cli, runtime: &Runtime, forgone: io::Result<()>) -> u8 {
    let log_format = cli.output.log_format;
    let interrupt = Interrupt::default();
    let heeded = matches!(cli.command, Command::Audit(_)).then(|| interrupt.clone());
    if let Err(error) = signals::listen(heeded) {
        return say_and_code(&error, log_format);
    }
    let ended = match cli.command {
        Command::Init(arguments) => init(&arguments, &cli.output),
        Command::Audit(arguments) => runtime.block_on(audit(arguments, forgone, &cli.output, &interrupt)),
        Command::Check(arguments) => runtime.block_on(check_configuration(arguments, forgone, &cli.output)),
        Command::Verify(arguments) => verify(&arguments, &cli.output),
        Command::History(arguments) => history(&arguments, &cli.output),
        Command::Diff(arguments) => diff(&arguments, &cli.output),
        Command::Render(arguments) => render(&arguments, &cli.output),
        Command::Schema => {
            terminal::answer(&cli.output, |out| writeln!(out, "{:#}", report::schema())).map(|()| 0)
        }
        Command::Completions { shell } => completions(shell, &cli.output),
        Command::Man => manual::page(Cli::command())
            .and_then(|page| terminal::answer(&cli.output, |out| out.write_all(&page)))
            .map(|()| 0),
    };
    ended.unwrap_or_else(|error| say_and_code(&error, log_format))
}

fn init(arguments: &InitArgs, output: &OutputArgs) -> Result<u8, Error> {
    let path = &arguments.out;
    init::refuse_existing(path)?;
    let stdin = std::io::stdin();
    let answers = match (arguments.yes, stdin.is_terminal()) {
        (true, _) => Answers::default(),
        (false, false) => return Err(InitError::NoTerminal.into()),
        (false, true) => init::ask(stdin.lock(), Folded::new(std::io::stderr(), std::io::stderr()))?,
    };
    init::write(path, &init::text(&answers))?;
    terminal::say(output, |out| init::next_steps(path, &answers, out));
    Ok(0)
}

/// Asks the system for no core dump, as the key would be in it. On Linux that also keeps other processes of the same user from
/// looking into this one.
fn forgo_core_dumps() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    #[cfg(not(target_os = "linux"))]
    rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
    )?;
    Ok(())
}

fn resolve(arguments: AuditArgs, forgone: io::Result<()>) -> Result<Config, Error> {
    if let Err(error) = forgone {
        tracing::warn!(
            "a core dump of this process would hold the key, and the system lets none be forgone: {error}"
        );
    }
    let variable = |name: &str| std::env::var_os(name);
    let config = Config::resolve(arguments.flags(), &Environment::new(&variable))?;
    terminal::hide_keys(&config.mask);
    Ok(config)
}

async fn audit(
    arguments: AuditArgs,
    forgone: io::Result<()>,
    output: &OutputArgs,
    interrupt: &Interrupt,
) -> Result<u8, Error> {
    let progress = Arc::new(Progress::default());
    let screen = terminal::Screen::start(output, &progress);
    let config = resolve(arguments, forgone)?;
    let published = run(config, &RunContext::default(), &progress, interrupt).await;
    screen.clear();
    let published = published?;
    terminal::log_gaps(&published);
    terminal::say_summary(&published, output);
    Ok(published.exit_code())
}

async fn check_configuration(
    arguments: AuditArgs,
    forgone: io::Result<()>,
    output: &OutputArgs,
) -> Result<u8, Error> {
    let progress = Arc::new(Progress::default());
    let screen = terminal::Screen::start(output, &progress);
    let config = resolve(arguments, forgone)?;
    let checkup = check_up(&config, &RunContext::default(), &progress, &Interrupt::default()).await;
    screen.clear();
    match output.quiet {
        false => terminal::say(output, |out| checkup.write(&config.settings, out)),
        true => terminal::say_failures(&checkup, output.log_format),
    }
    Ok(checkup.exit_code())
}

fn verify(arguments: &VerifyArgs, output: &OutputArgs) -> Result<u8, Error> {
    let verification = review::verify(&arguments.out, arguments.longest.bound(), &Interrupt::default())?;
    terminal::say(output, |out| verification.write(out));
    Ok(verification.exit_code())
}

fn history(arguments: &HistoryArgs, output: &OutputArgs) -> Result<u8, Error> {
    let HistoryArgs { out, from, to, timezone, .. } = arguments;
    let today = (RunContext::default().clock.now)().with_timezone(timezone).date_naive();
    let timeline = review::timeline(out, *from, *to, today, *timezone)?;
    terminal::answer(output, |out| match arguments.format {
        HistoryFormat::Table => timeline.write_table(Folded::new(out, std::io::stdout())),
        HistoryFormat::Csv => timeline.write_csv(out),
    })?;
    Ok(timeline.exit_code())
}

fn diff(arguments: &DiffArgs, output: &OutputArgs) -> Result<u8, Error> {
    let changes = review::diff(&arguments.earlier, &arguments.later, arguments.longest.bound())?;
    terminal::answer(output, |out| report::changes(&changes, Folded::new(out, std::io::stdout())))?;
    Ok(0)
}

fn render(arguments: &RenderArgs, output: &OutputArgs) -> Result<u8, Error> {
    let formats = arguments.format.as_deref().unwrap_or(Format::ALL);
    let written = review::render(&arguments.bundle, &arguments.out, formats, arguments.longest.bound())?;
    terminal::say(output, |out| {
        written.iter().try_for_each(|path| writeln!(out, "{}", show_hidden(&path.display().to_string(), &[])))
    });
    Ok(0)
}

fn completions(shell: clap_complete::Shell, output: &OutputArgs) -> Result<u8, Error> {
    const NAME: &str = env!("CARGO_PKG_NAME");
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    // For bash clap_complete makes the hyphens of the name two underscores where it says which command is meant, and
    // something else in the cases that ask for it, so that none would be found.
    let [said, asked] = ["__", "__subcmd__"].map(|by| NAME.replace('-', by));
    let script = String::from_utf8_lossy(&script).replace(&asked, &said);
    terminal::answer(output, |out| out.write_all(script.as_bytes()))?;
    Ok(0)
}

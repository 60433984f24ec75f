//! What was typed. Nothing is resolved here: that is `config`.

use std::path::PathBuf;

use chrono::NaiveDate;
use chrono_tz::Tz;
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, TypedValueParser},
};

use crate::{
    audit::Finding,
    bounded::{BUNDLE_FILE_MIB, BUNDLE_FILE_MIBS, Bound},
    bundle::Format,
    collect::Deep,
    config::{Demo, Flags, Region},
};

const EXIT_CODES: &str = "\
Exit codes:
  0    audit complete and published (unused secrets are findings, not failures)
  1    a bug in this program
  2    usage or configuration
  3    published, but incomplete: something was not read whole, or there are suddenly few secrets
  4    the API refused the key; nothing published
  5    the API could not be read; nothing published
  6    the reports could not be written, or the last bundle not be read; nothing published
  7    another run holds the lock on this output directory
  8    verify, history: something is altered, missing, forked or unreadable
  10   published and complete, and what --fail-on names was found
  130  interrupted; nothing published
  143  terminated; nothing published";

/// Audits the workspace secrets of the ElevenLabs Agents platform: what uses each, and which are unused.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to speak.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first configuration file, after a few questions
    Init(InitArgs),
    /// Read every secret with everything that uses it, and publish the reports
    #[command(after_help = EXIT_CODES)]
    Audit(AuditArgs),
    /// Say whether a night would succeed: configuration, machine, network, each key; nothing is published
    #[command(after_help = EXIT_CODES)]
    Check(AuditArgs),
    /// Check every file of every bundle, and the chain that the bundles form
    #[command(after_help = EXIT_CODES)]
    Verify(VerifyArgs),
    /// Say of each date whether the audit ran, with its totals and its bundle
    History(HistoryArgs),
    /// Say what is different between two bundles
    Diff(DiffArgs),
    /// Make the reports of a bundle again from its report.json
    Render(RenderArgs),
    /// Print the JSON Schema of report.json
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// How to speak, the same for every command.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// Only errors and what could not be read, on standard error; no summary
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// More on standard error: what is done; twice: every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The form of log lines
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// When to colour; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object on each line.
    Json,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; one that is there is not replaced
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    pub out: PathBuf,
    /// Ask nothing and write every default
    #[arg(short, long)]
    pub yes: bool,
}

/// `audit`, and `check`, which looks at what an audit with the same flags would do.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The configuration file; none is read unless named
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Audit a simulated workspace inside this program: no key, no network. With =degraded, on a night when a source
    /// can't be read; with =earlier, on the night before, so that the next has changes to show
    #[cfg(feature = "demo")]
    #[arg(
        long,
        value_enum,
        value_name = "NIGHT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "complete",
        conflicts_with_all = ["base_url", "region"]
    )]
    pub demo: Option<Demo>,
    /// Where bundles of reports go [default: reports; with --demo: reports/demo]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only secrets whose name starts with this; every report then says FILTERED
    #[arg(long, value_name = "PREFIX")]
    pub search: Option<String>,
    /// When to look into every tool and agent, with its branches: where a secret would be called unused otherwise (auto), in
    /// every audit (always), or in none (never) [default: auto; without a mode: always]
    #[arg(
        long,
        value_enum,
        value_name = "MODE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "always",
        hide_possible_values = true
    )]
    pub deep: Option<Deep>,
    /// The reports to write besides report.json [default: all]
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    pub format: Option<Vec<Format>>,
    /// The address of the API
    #[arg(long, value_name = "URL", conflicts_with = "region")]
    pub base_url: Option<String>,
    /// The region of the API, in place of its address
    #[arg(long, value_name = "NAME", value_enum)]
    pub region: Option<Region>,
    /// Dependents per list in the first walk, 1-100 [default: 20]
    #[arg(long, value_name = "N")]
    pub dependency_limit: Option<u32>,
    /// Dependents per list where the first limit cut one, 1-100 [default: 100]
    #[arg(long, value_name = "N")]
    pub max_dependency_limit: Option<u32>,
    /// Requests in flight at once for each workspace, 1-64 [default: 4]
    #[arg(long, value_name = "N")]
    pub concurrency: Option<usize>,
    /// End with code 10 where a complete audit finds one of these
    #[arg(long, value_name = "FINDING", value_enum, value_delimiter = ',')]
    pub fail_on: Vec<Finding>,
    /// Leave all waivers out of account
    #[arg(long)]
    pub no_waivers: bool,
}

impl AuditArgs {
    /// What was typed, for `config` to resolve.
    pub fn flags(self) -> Flags {
        Flags {
            config: self.config,
            #[cfg(feature = "demo")]
            demo: self.demo,
            #[cfg(not(feature = "demo"))]
            demo: None,
            out: self.out,
            search: self.search,
            deep: self.deep,
            format: self.format,
            base_url: self.base_url,
            region: self.region,
            dependency_limit: self.dependency_limit,
            max_dependency_limit: self.max_dependency_limit,
            concurrency: self.concurrency,
            fail_on: self.fail_on,
            no_waivers: self.no_waivers,
        }
    }
}

/// Lets the choices of a setting be typed, by the words that they have, with what the help says of each.
macro_rules! choices {
    ($($choice:ty { $($variant:ident: $help:literal,)+ })+) => {$(
        impl ValueEnum for $choice {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$variant),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                let help = match self { $(Self::$variant => $help),+ };
                Some(PossibleValue::new(self.as_str()).help(help))
            }
        }
    )+};
}

choices! {
    Demo {
        Complete: "One on which everything can be read",
        Earlier: "The one before, so that the next has changes to show",
        Degraded: "One on which the key may not read speech engines",
    }
    Deep {
        Auto: "Where a secret would be called unused otherwise",
        Always: "In every audit",
        Never: "In none: a secret may be called unused on the word of used_by alone",
    }
    Format {
        Csv: "dependents.csv and secrets.csv",
        Markdown: "report.md",
        Html: "report.html",
        Metrics: "metrics.prom",
    }
    Region {
        Global: "The default",
        Us: "United States",
        EuResidency: "European Union, data residency",
        InResidency: "India, data residency",
        SgResidency: "Singapore, data residency",
    }
    Finding {
        Unused: "An unused secret that is neither waived nor within grace",
        ExpiredWaiver: "A waiver whose last day has passed",
        Dangling: "A reference to a secret that does not exist",
        Discrepancy: "A use that one part of the API tells of and another, which should, does not",
    }
}

/// How much of bundles is read, the same for all that looks into their files.
#[derive(Clone, Copy, Debug, Args)]
pub struct BoundArgs {
    /// The largest file of a bundle that is read, in MiB
    #[arg(long, value_name = "N", default_value_t = BUNDLE_FILE_MIB, value_parser = mebibytes())]
    pub max_bundle_file_mib: u32,
}

impl BoundArgs {
    /// The bound.
    pub fn bound(self) -> Bound {
        Bound::of_bundle_files(self.max_bundle_file_mib)
    }
}

fn mebibytes() -> impl TypedValueParser<Value = u32> {
    let (least, most) = (*BUNDLE_FILE_MIBS.start(), *BUNDLE_FILE_MIBS.end());
    clap::value_parser!(u32).range(i64::from(least)..=i64::from(most))
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Where the bundles are
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    /// How much is read.
    #[command(flatten)]
    pub longest: BoundArgs,
}

/// `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Where the bundles are
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
    /// The first date [default: that of the first bundle]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub from: Option<NaiveDate>,
    /// The last date [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub to: Option<NaiveDate>,
    /// The time zone that nights are dates of, such as Europe/Helsinki: that of the machine, where its cron runs by local time
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = time_zone)]
    pub timezone: Tz,
    /// The form
    #[arg(long, value_enum, default_value_t = HistoryFormat::Table)]
    pub format: HistoryFormat,
}

fn date(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "write a date as YYYY-MM-DD, such as 2026-11-23".to_owned())
}

fn time_zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| "give a name of the IANA time zone database, such as Europe/Helsinki".to_owned())
}

/// The form of `history`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistoryFormat {
    /// For people.
    Table,
    /// For sheets and programs.
    Csv,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The earlier bundle
    pub earlier: PathBuf,
    /// The later bundle
    pub later: PathBuf,
    /// How much is read.
    #[command(flatten)]
    pub longest: BoundArgs,
}

/// `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The bundle
    pub bundle: PathBuf,
    /// Where the reports go; files that are there are not replaced
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The reports to make besides report.json [default: all]
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    pub format: Option<Vec<Format>>,
    /// How much is read.
    #[command(flatten)]
    pub longest: BoundArgs,
}

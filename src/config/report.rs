//! Where reports go, which there are, and how they are written: the section `[report]`.

use std::path::{Path, PathBuf};

use super::{
    error::{ConfigError, in_bounds, refuse_shell_words},
    file::ReportTable,
    flags::Flags,
    settings::{Origin, Settings, flag, names_of},
};
use crate::{
    audit::{Redaction, Rendering},
    bounded::{BUNDLE_FILE_MIB, BUNDLE_FILE_MIBS, Bound},
    bundle::Format,
    publish::Retention,
};

const METRICS_FILE: &str = "[report] metrics_file";

/// The section `[report]`; each field is that of [`Config`](super::Config).
pub(super) struct ReportOptions {
    pub(super) out: PathBuf,
    pub(super) formats: Vec<Format>,
    pub(super) rendering: Rendering,
    pub(super) redact: Vec<Redaction>,
    pub(super) metrics_file: Option<PathBuf>,
    pub(super) retention: Retention,
    pub(super) bundle_files: Bound,
}

impl ReportOptions {
    /// Resolves the section `[report]` of the file, which stands `config_dir` what it names. Reports of a demo never go
    /// where the file has those of real nights.
    pub(super) fn resolve(
        table: ReportTable,
        flags: &Flags,
        is_demo: bool,
        config_dir: &Path,
        settings: &mut Settings,
    ) -> Result<Self, ConfigError> {
        let paths =
            [("[report] dir", &table.dir), ("--out", &flags.out), (METRICS_FILE, &table.metrics_file)];
        for (name, path) in paths {
            path.as_deref().map_or(Ok(()), |path| refuse_shell_words(name, path))?;
        }
        let default_out = PathBuf::from(if is_demo { "reports/demo" } else { "reports" });
        let dir_in_file = table.dir.filter(|_| !is_demo).map(|dir| config_dir.join(dir));
        let out = settings.pick_with(
            "[report] dir",
            flag("--out", flags.out.clone()),
            dir_in_file,
            default_out,
            |path| path.display().to_string(),
        );
        let formats = settings.pick_with(
            "[report] formats",
            flag("--format", flags.format.clone()),
            table.formats,
            Format::ALL.to_vec(),
            |formats| names_of(formats, Format::as_str),
        );
        let rendering = Rendering {
            csv_delimiter: settings.pick("[report] csv_delimiter", None, table.csv_delimiter, ','),
            csv_byte_order_mark: settings.pick(
                "[report] csv_byte_order_mark",
                None,
                table.csv_byte_order_mark,
                false,
            ),
            csv_formula_escaping: settings.pick(
                "[report] csv_formula_escaping",
                None,
                table.csv_formula_escaping,
                true,
            ),
            list_length: settings.pick("[report] list_length", None, table.list_length, 250),
        };
        if !matches!(rendering.csv_delimiter, ',' | ';' | '\t' | '|') {
            return Err(ConfigError::new(
                "[report] csv_delimiter must be a comma, a semicolon, a tab or a vertical bar".to_owned(),
            ));
        }
        let redact = settings.pick_with("[report] redact", None, table.redact, Vec::new(), |redact| {
            names_of(redact, Redaction::as_str)
        });
        let metrics_file = table.metrics_file.map(|path| config_dir.join(path));
        let (shown, origin) = match &metrics_file {
            Some(path) => (path.display().to_string(), Origin::File),
            None => (String::new(), Origin::Default),
        };
        settings.note(METRICS_FILE, shown, origin);
        let retention = retention(table.keep, table.keep_days, settings)?;
        const LONGEST: &str = "[report] max_bundle_file_mib";
        let mib = settings.pick(LONGEST, None, table.max_bundle_file_mib, BUNDLE_FILE_MIB);
        in_bounds(LONGEST, mib, BUNDLE_FILE_MIBS)?;
        let bundle_files = Bound::of_bundle_files(mib);
        Ok(Self { out, formats, rendering, redact, metrics_file, retention, bundle_files })
    }
}

/// Which earlier bundles are kept.
fn retention(
    keep: Option<usize>,
    keep_days: Option<u32>,
    settings: &mut Settings,
) -> Result<Retention, ConfigError> {
    let (name, value, retention) = match (keep, keep_days) {
        (Some(_), Some(_)) => {
            return Err(ConfigError::new("[report] has both keep and keep_days; keep one of them"));
        }
        (Some(0), None) => {
            return Err(ConfigError::new(
                "[report] keep is 0; the newest bundle is always kept, so give at least 1",
            ));
        }
        (Some(keep), None) => ("[report] keep", keep.to_string(), Retention::Bundles(keep)),
        (None, Some(days)) => ("[report] keep_days", days.to_string(), Retention::Days(days)),
        (None, None) => {
            settings.note("[report] keep", "all", Origin::Default);
            return Ok(Retention::All);
        }
    };
    settings.note(name, value, Origin::File);
    Ok(retention)
}

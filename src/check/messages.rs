//! What `check` says, one line for each thing.

use std::io::{self, Write};

use super::{Checked, Checkup, Line, Need, Outcome, Probe, Standing};
use crate::{
    clock::ClockCheck,
    config::Setting,
    inventory::{Extent, View},
    table::{self, Column},
    text::show_hidden,
};

impl Checkup {
    /// Says everything: what it comes to before anything else, the settings last.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn write(&self, settings: &[Setting], mut out: impl Write) -> io::Result<()> {
        self.write_outcome(&mut out)?;
        writeln!(out, "\nMachine")?;
        write_lines(&self.machine.lines, &mut out)?;
        for workspace in &self.workspaces {
            writeln!(out, "\nWorkspace {}", show_hidden(&workspace.workspace, &[]))?;
            write_lines(&lines(workspace), &mut out)?;
            let probes = workspace.probes.iter().map(|probe| {
                let (standing, detail) = source(probe);
                Line::new(standing, probe.source.endpoint(), detail)
            });
            write_lines(&probes.collect::<Vec<_>>(), &mut out)?;
        }
        writeln!(out, "\nConfiguration")?;
        write_lines(&self.mistakes, &mut out)?;
        let row = |setting: &Setting| {
            vec![setting.name.to_string(), format!("{}  ({})", setting.value, setting.origin)]
        };
        let columns = [Column::of_text(""), Column::of_text("")];
        table::write("  ", &columns, settings.iter().map(row).collect(), &mut out)?;
        // Once more, where a terminal stops.
        writeln!(out)?;
        self.write_outcome(&mut out)?;
        out.flush()
    }

    /// What keeps an audit from ending with 0, each with the workspace that it is about.
    pub fn failures(&self) -> impl Iterator<Item = (Option<&str>, String)> {
        let of_all =
            self.machine.lines.iter().chain(&self.mistakes).filter(|line| line.standing == Standing::Failed);
        let of_all = of_all.map(|line| (None, format!("{}: {}", line.what, line.detail)));
        let of_one = self.workspaces.iter().flat_map(|workspace| {
            let failed = lines(workspace).into_iter().filter(|line| line.standing == Standing::Failed);
            let failed = failed.map(|line| format!("{}: {}", line.what, line.detail));
            let probes = workspace.probes.iter().filter(|probe| probe.counts() && probe.fails());
            let probes = probes.map(|probe| format!("{}: {}", probe.source.endpoint(), source(probe).1));
            failed.chain(probes).map(|words| (Some(workspace.workspace.as_str()), words))
        });
        of_all.chain(of_one)
    }

    fn write_outcome(&self, out: &mut impl Write) -> io::Result<()> {
        let code = self.code_of_an_audit();
        if !self.mistakes.is_empty() {
            writeln!(
                out,
                "The configuration has to be mended (code 2): see what failed under Configuration"
            )?;
        }
        writeln!(out, "An audit now would end with code {code}: {}", meaning(code))
    }
}

/// What there is to say of a workspace, but for its endpoints.
fn lines(workspace: &Checked) -> [Line; 4] {
    [address(workspace), clock(workspace), user(workspace), view(workspace)]
}

fn write_lines(lines: &[Line], out: &mut impl Write) -> io::Result<()> {
    let widest = Standing::Warning.as_str().len();
    let columns = [Column::of_text("").of_at_least(widest), Column::of_text(""), Column::of_text("")];
    let row =
        |line: &Line| vec![line.standing.as_str().to_owned(), line.what.to_owned(), line.detail.clone()];
    table::write("  ", &columns, lines.iter().map(row).collect(), out)
}

fn address(workspace: &Checked) -> Line {
    let Checked { address, proxy, is_reached, .. } = workspace;
    let way = match proxy {
        Some(proxy) => format!("through the proxy {proxy}"),
        None => "without a proxy".to_owned(),
    };
    if *is_reached {
        return Line::new(Standing::Ok, "address", format!("{address} answers {way}"));
    }
    let remedy = match proxy {
        Some(_) => "why is said below; the proxy is the one that HTTPS_PROXY or ALL_PROXY names",
        None => "why is said below; a proxy is used where HTTPS_PROXY names one",
    };
    Line::new(Standing::Failed, "address", format!("{address} is not reached {way}; {remedy}"))
}

fn clock(workspace: &Checked) -> Line {
    let (clock, words) = (workspace.clock, workspace.clock.in_words());
    match clock {
        ClockCheck::NotChecked => Line::new(Standing::Unknown, "clock", words),
        ClockCheck::Agrees => Line::new(Standing::Ok, "clock", words),
        ClockCheck::Off(_) => {
            let advice = ClockCheck::ADVICE;
            let detail = format!(
                "{words}: an audit would be marked for it, remove no earlier bundle, and be left out of account by later ones; {advice}"
            );
            Line::new(Standing::Warning, "clock", detail)
        }
    }
}

fn user(workspace: &Checked) -> Line {
    match &workspace.user {
        Ok(user) => {
            let seat = user.seat_type.as_deref().unwrap_or("seat not told");
            Line::new(Standing::Ok, "key", format!("belongs to user {} ({seat})", user.id))
        }
        Err(why) => Line::new(Standing::Unknown, "key", why),
    }
}

const ADVICE: &str = "give the audit the key of a workspace admin that is limited to convai_read";

/// What the key may see.
fn view(workspace: &Checked) -> Line {
    let View { extent, signs } = &workspace.view;
    let signs = signs.join("; ");
    match extent {
        Extent::Full => Line::new(Standing::Ok, "view", format!("full: {signs}")),
        Extent::NotKnown => Line::new(Standing::Unknown, "view", format!("not known: {ADVICE}")),
        Extent::Partial if workspace.view_is_gap => {
            let detail = format!("partial: {signs}; no secret will be called unused with it: {ADVICE}");
            Line::new(Standing::Failed, "view", detail)
        }
        Extent::Partial => {
            Line::new(Standing::Warning, "view", format!("partial, which is accepted: {signs}"))
        }
    }
}

fn source(probe: &Probe) -> (Standing, String) {
    match &probe.outcome {
        Outcome::Readable => (Standing::Ok, String::new()),
        Outcome::Lacking { why, is_gap } => {
            (if *is_gap { Standing::Failed } else { Standing::Warning }, why.clone())
        }
        Outcome::NotTried(why) => (Standing::Unknown, format!("not tried: {why}")),
        Outcome::SwitchedOff => {
            let name = probe.source.as_str();
            let detail = format!(
                "switched off: no secret will be called unused; for verdicts set [audit] {name} = true"
            );
            (Standing::Warning, detail)
        }
        Outcome::Failed { why, .. } => match probe.need {
            Need::Always => (Standing::Failed, why.clone()),
            Need::BeforeUnused => {
                (Standing::Failed, format!("needed where a secret would be called unused: {why}"))
            }
            Need::NotNow => (
                Standing::Warning,
                format!("not needed as things are, as no secret would be called unused: {why}"),
            ),
            Need::Never => (Standing::Warning, format!("not needed with deep = \"never\": {why}")),
        },
    }
}

fn meaning(code: u8) -> &'static str {
    match code {
        0 => "complete and published (10 where it finds what --fail-on names)",
        3 => "published, but incomplete, for what failed",
        4 => "the API refuses the key",
        5 => "the API cannot be read",
        6 => "the reports cannot be written",
        7 => "another run is at work; ask again when it has ended",
        _ => "see docs/exit-codes.md",
    }
}

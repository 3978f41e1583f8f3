//! `posada doctor`: what is wrong, and what to do. Exit code 6 where something is wrong.

use super::{
    Exit,
    output::{Output, table},
    session::{Interrupted, interrupted},
};
use crate::{
    config::Flags,
    doctor::{Finding, Verdict, examine},
};

pub(super) fn run(flags: &Flags, output: Output) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let findings = runtime.block_on(async {
        let interrupted = interrupted()?;
        tokio::select! {
            findings = examine(flags) => Ok(findings),
            () = interrupted => Err(anyhow::Error::from(Interrupted)),
        }
    })?;
    output.answer(&findings, || table(&["", "what", "found"], &findings.iter().flat_map(lines).collect::<Vec<_>>()));
    let well = findings.iter().all(|finding| finding.verdict != Verdict::Wrong);
    Ok(if well { Exit::Done } else { Exit::Unwell })
}

fn lines(finding: &Finding) -> Vec<Vec<String>> {
    let mark = match finding.verdict {
        Verdict::Fine => "ok",
        Verdict::Advice => "hint",
        Verdict::Wrong => "WRONG",
    };
    let line = |mark: &str, what: &str, text: &str| vec![mark.to_owned(), what.to_owned(), text.to_owned()];
    let mut lines = vec![line(mark, finding.what, &finding.found)];
    lines.extend(finding.advice.iter().map(|advice| line("", "", &format!("-> {advice}"))));
    lines
}

//! `posada conformance URL`: whether a server speaks the live protocol. Exit code 6 where something is not as its document says.

use super::{
    Exit,
    args::{self, Misused},
    output::{Output, say},
    session::{Interrupted, interrupted},
};
use crate::conformance::{Finding, Target, Verdict, run as check};

pub(super) fn run(asked: &args::Conformance, output: Output) -> anyhow::Result<Exit> {
    let target = Target::new(&asked.url, asked.token.clone()).map_err(|bad| Misused(bad.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let findings = runtime.block_on(async {
        let interrupted = interrupted()?;
        let told = |finding: &Finding| {
            if !output.json {
                say(line(finding));
            }
        };
        tokio::select! {
            findings = check(&target, told) => Ok(findings),
            () = interrupted => Err(anyhow::Error::from(Interrupted)),
        }
    })?;
    let count = |of: fn(&Verdict) -> bool| findings.iter().filter(|finding| of(&finding.verdict)).count();
    let broken = count(|verdict| matches!(verdict, Verdict::Broken(_)));
    output.answer(&findings, || {
        let (held, skipped) = (count(|verdict| *verdict == Verdict::Held), count(|verdict| matches!(verdict, Verdict::Skipped(_))));
        format!("{held} held, {broken} broken, {skipped} skipped")
    });
    Ok(if broken == 0 { Exit::Done } else { Exit::Unwell })
}

fn line(finding: &Finding) -> String {
    let name = finding.check.replace('_', " ");
    match &finding.verdict {
        Verdict::Held => format!("held     {name}"),
        Verdict::Skipped(why) => format!("skipped  {name}\n         -> {why}"),
        Verdict::Broken(why) => format!("BROKEN   {name}\n         {}\n         -> {why}", finding.demands),
    }
}

//! A server that was there already: asked to end by its number, and started again by a command.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, Report, Restart, run};
use crate::{
    Target,
    http::Http,
    process::{Cores, Started},
};

/// Runs the scenario on a server that somebody else has started.
pub async fn by_command(target: &Target, scenario: &Restart, cores: Cores) -> Result<Report> {
    let pid = target.pid.context("--pid says which process to end")?;
    let command = scenario.again.as_deref().context("--again says how to start it again, for example --again 'posada serve'")?;
    let (report, server) = run(target, scenario, || again(target, pid, command, cores)).await?;
    tokio::task::spawn_blocking(move || server.stop(PATIENCE)).await??;
    Ok(report)
}

async fn again(target: &Target, pid: u32, command: &str, cores: Cores) -> Result<Started> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw).context("--pid is no process's number")?;
    kill_process(process, Signal::TERM).with_context(|| format!("process {pid} cannot be asked to end"))?;
    let until = Instant::now() + PATIENCE;
    while is_running(pid) {
        ensure!(Instant::now() < until, "process {pid} did not end within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut shell = Command::new("sh");
    // Of its own place: a signal for it reaches the server, not a shell around it.
    shell.arg("-c").arg(format!("exec {command}"));
    let mut server = Started::on(&cores.server, "the server", shell)?;
    while Http::connect(&target.url).await.is_err() {
        if let Some(status) = server.child().try_wait()? {
            bail!("the server ended with {status} instead of serving");
        }
        ensure!(Instant::now() < until, "nobody serves at {} after {PATIENCE:?}", target.url);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(server)
}

/// Whether a process is there and has not ended; one that its parent has not asked about yet has ended.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

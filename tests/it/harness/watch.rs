//! Ends what a test started, whatever becomes of the test: a shell that reads a pipe of ours outlives us and acts when the pipe closes.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Ends the server, the Postgres and the Prometheus of directory $1 (by the ids they wrote there), then removes it.
const SCRIPT: &str = r#"read -r _
gone() { n=0; while [ -e "/proc/$1/cwd/." ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done; }
pid=$(sed -n 's/^[a-z]* //p' "$1/posada.lock" 2>/dev/null)
if [ -n "$pid" ] && [ "$pid" != 0 ]; then kill -KILL "$pid" 2>/dev/null; gone "$pid"; fi
pid=$(head -n 1 "$1/postgres/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then kill -QUIT "$pid" 2>/dev/null; gone "$pid"; fi
pid=$(cat "$1/prometheus.pid" 2>/dev/null)
if [ -n "$pid" ]; then kill -KILL "$pid" 2>/dev/null; gone "$pid"; fi
rm -rf "$1""#;

/// Watches over a directory. Dropping it (or dying) ends what runs there and removes it.
pub struct Watch(Child);

impl Watch {
    pub fn over(dir: &Path) -> Self {
        let mut sh = Command::new("sh");
        sh.args(["-c", SCRIPT, "sh"]).arg(dir).stdin(Stdio::piped());
        // A group of its own: Ctrl-C in a terminal must not end it before its work.
        Self(sh.process_group(0).spawn().expect("a shell can be started"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

//! Who may run the cluster of a data directory: one process at a time, a server or a command.
//!
//! The lock is the kernel's (`flock`), so a killed process holds nothing; what is written in the file only tells who it was.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};

use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

use crate::embedded_postgres::Cluster;

/// How long one waits for another command to finish, or for a server to be ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the cluster is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To serve: alone, for long.
    Serve,
    /// For one command: beside a running server if there is one, else alone for a moment.
    Command,
}

#[derive(Debug, Error)]
pub enum LockError {
    #[error("another server (process {pid}) already runs on {dir}: stop it, or give this one a directory of its own (POSADA_DATA_DIR)")]
    Serving { pid: u32, dir: PathBuf },
    #[error("process {pid} uses the database in {dir} and did not finish in {} s", PATIENCE.as_secs())]
    Busy { pid: u32, dir: PathBuf },
    #[error("the data directory {dir} cannot be used: {source}")]
    Io { dir: PathBuf, source: io::Error },
}

/// Held for as long as we run the cluster.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

pub(super) enum Outcome {
    /// Nobody else is here: start the cluster.
    Ours(Lock),
    /// A server runs it: its socket.
    Beside(Box<PgConnectOptions>),
}

pub(super) async fn take(dir: &Path, purpose: Purpose) -> Result<Outcome, LockError> {
    let failed = |source| LockError::Io { dir: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(failed)?;
    let path = dir.join("posada.lock");
    let deadline = Instant::now() + PATIENCE;
    let mut told = false;
    loop {
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                let word = if purpose == Purpose::Serve { "serve" } else { "command" };
                file.set_len(0).and_then(|()| writeln!(file, "{word} {}", process::id())).map_err(failed)?;
                return Ok(Outcome::Ours(Lock { file }));
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let (serving, pid) = holder(&path);
        match purpose {
            Purpose::Serve if serving => return Err(LockError::Serving { pid, dir: dir.to_owned() }),
            Purpose::Command if serving => {
                if let Some(connect) = Cluster::beside(dir) {
                    return Ok(Outcome::Beside(Box::new(connect)));
                }
            }
            Purpose::Serve | Purpose::Command => {}
        }
        if Instant::now() > deadline {
            return Err(LockError::Busy { pid, dir: dir.to_owned() });
        }
        if !told {
            tracing::info!(pid, "waiting for another process that uses this data directory");
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The process of the server that runs on a data directory now, if one does.
pub fn served_by(dir: &Path) -> Option<u32> {
    let (serving, pid) = holder(&dir.join("posada.lock"));
    serving.then_some(pid)
}

/// Whether a server holds it, and its process. What a dead process wrote says nothing.
fn holder(path: &Path) -> (bool, u32) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut words = text.split_whitespace();
    let serving = words.next() == Some("serve");
    let pid = words.next().and_then(|pid| pid.parse().ok()).unwrap_or(0);
    (serving && Path::new(&format!("/proc/{pid}")).exists(), pid)
}

//! Whose process a Postgres is, as whom it runs, and how it is told to stop. Acts only on a process that serves our own data directory.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{ClusterError, at};

/// The main process of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: u32,
}

impl Postmaster {
    /// The process that serves this data directory now: named by `postmaster.pid`, alive, and really at home there.
    pub(super) fn of(data: &Path) -> Option<Self> {
        let postmaster = Self { pid: line(data, 0)?.parse().ok()? };
        postmaster.is_of(data).then_some(postmaster)
    }

    /// A Postgres process works inside its data directory; a number that was given out again does not. A zombie has no directory.
    pub(super) fn is_of(self, data: &Path) -> bool {
        fs::read_link(format!("/proc/{}/cwd", self.pid)).is_ok_and(|cwd| cwd == data)
    }

    pub(super) fn is_ready(data: &Path) -> bool {
        line(data, 7).is_some_and(|status| status.trim() == "ready")
    }

    pub(super) fn socket_dir(data: &Path) -> Option<PathBuf> {
        line(data, 4).filter(|dir| !dir.is_empty()).map(PathBuf::from)
    }

    /// After a crash: waits for the last of its processes to notice, then removes a pid file whose number now belongs to somebody else.
    pub(super) fn clear_away(data: &Path) -> Result<(), ClusterError> {
        let deadline = Instant::now() + Duration::from_secs(5);
        while someone_lives_in(data) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let file = data.join("postmaster.pid");
        if file.exists() && !someone_lives_in(data) {
            fs::remove_file(&file).map_err(at("removing", &file))?;
        }
        Ok(())
    }

    /// Fast stop: sessions are ended, the data written out.
    pub(super) fn interrupt(self) {
        self.signal(Signal::INT);
    }

    /// Immediate stop: the next start recovers.
    pub(super) fn quit(self) {
        self.signal(Signal::QUIT);
    }

    fn signal(self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
            && let Err(error) = kill_process(pid, signal)
        {
            tracing::debug!(%error, pid = self.pid, "Postgres could not be signalled");
        }
    }
}

fn line(data: &Path, n: usize) -> Option<String> {
    fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().nth(n).map(str::to_owned)
}

fn someone_lives_in(data: &Path) -> bool {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()))
        .any(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data))
}

/// As whom Postgres runs: as ourselves, or if we are root as a user who is not.
#[derive(Debug)]
pub(super) struct RunAs {
    name: String,
    uid: u32,
    gid: u32,
    /// We are root and become this user.
    drop: bool,
}

impl RunAs {
    pub(super) fn find() -> Result<Self, ClusterError> {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        if !uid.is_root() {
            return Ok(Self { name: format!("with id {}", uid.as_raw()), uid: uid.as_raw(), gid: gid.as_raw(), drop: false });
        }
        // Postgres wants a name for its user id, so only users of the passwd file will do.
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| {
                let mut fields = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
                Some(Self { name: name.to_owned(), uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()?, drop: true })
            })
            .ok_or(ClusterError::NobodyToRunAs)
    }

    /// Also puts it into a process group of its own.
    pub(super) fn apply(&self, command: &mut Command) {
        if self.drop {
            command.uid(self.uid).gid(self.gid);
        }
        command.process_group(0);
    }

    /// Makes this user the owner of a directory that we have just made.
    pub(super) fn give(&self, dir: &Path) -> Result<(), ClusterError> {
        if self.drop { chown(dir, Some(self.uid), Some(self.gid)).map_err(at("giving away", dir)) } else { Ok(()) }
    }

    pub(super) fn owns(&self, path: &Path) -> Result<(), ClusterError> {
        let owner = fs::symlink_metadata(path).map_err(at("reading", path))?.uid();
        if owner == self.uid { Ok(()) } else { Err(ClusterError::NotOurs { path: path.to_owned(), owner, wanted: self.uid }) }
    }

    /// Every directory on the way must let this user through: below a home of mode 0700 nothing can be opened.
    pub(super) fn can_enter(&self, dir: &Path) -> Result<(), ClusterError> {
        for step in dir.ancestors().collect::<Vec<_>>().into_iter().rev() {
            let meta = fs::metadata(step).map_err(at("reading", step))?;
            let bit = match () {
                () if meta.uid() == self.uid => 0o100,
                () if meta.gid() == self.gid => 0o010,
                () => 0o001,
            };
            if self.drop && meta.mode() & bit == 0 {
                return Err(ClusterError::CannotEnter { dir: dir.to_owned(), barrier: step.to_owned(), user: self.name.clone() });
            }
        }
        Ok(())
    }
}

impl From<ClusterError> for io::Error {
    fn from(error: ClusterError) -> Self {
        Self::other(error)
    }
}

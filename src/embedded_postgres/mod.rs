//! A private Postgres cluster, made and run with the server binaries that the machine has.
//!
//! Owns the directory `DIR/postgres`, the process that serves it, and `DIR/postgres.log`. Called by `database` (the server and the
//! commands beside it) and by the test harness. Blocking: call it off the async threads. Knows no SQL, and never touches a
//! process or a directory that is not its own.

mod binaries;
mod process;

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;

pub use binaries::{Binaries, INSTALL};
use process::{Postmaster, RunAs};

/// Where a cluster lives and how it is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Holds `postgres/` (the data, mode 0700) and `postgres.log`. Made if it is not there.
    pub dir: PathBuf,
    /// Where `initdb` and `postgres` are; found on `PATH` or under `/usr/lib/postgresql` if none.
    pub binaries: Option<PathBuf>,
    /// For tests: nothing is written through to the disk, so a crash of the machine loses it.
    pub throw_away: bool,
}

#[derive(Debug, Error)]
pub enum ClusterError {
    #[error("no PostgreSQL server programs were found (looked on PATH and under /usr/lib/postgresql/*/bin); install them: {INSTALL}")]
    NoBinaries,
    #[error("{0} does not hold initdb and postgres that run here; install them: {INSTALL}")]
    NotBinaries(PathBuf),
    #[error(
        "the data in {dir} were written by PostgreSQL {data}, and only {found} is installed: install postgresql-{data}, or bring the data over with \
         pg_upgrade, or choose another data directory (POSADA_DATA_DIR)"
    )]
    OtherMajor { dir: PathBuf, data: String, found: String },
    #[error(
        "the data directory {dir} lies below {barrier}, which the user {user} (as whom Postgres runs, since root may not) cannot enter: choose another \
         directory, for example POSADA_DATA_DIR=/var/lib/posada"
    )]
    CannotEnter { dir: PathBuf, barrier: PathBuf, user: String },
    #[error("{path} belongs to user id {owner}, not to {wanted}, as whom Postgres would run: start as that user, or choose another data directory")]
    NotOurs { path: PathBuf, owner: u32, wanted: u32 },
    #[error("root may not run Postgres, and there is neither a user `postgres` nor `nobody`: adduser --system postgres")]
    NobodyToRunAs,
    #[error("{program} failed ({status}):\n{output}")]
    Failed { program: &'static str, status: String, output: String },
    #[error("Postgres was not ready within {0:?}; its log is {1}")]
    TooSlow(Duration, PathBuf),
    #[error("{what} {path}: {source}")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    move |source| ClusterError::Io { what, path: path.to_owned(), source }
}

/// How long a start may take. Recovery after a crash replays at most one checkpoint's worth of log.
const START: Duration = Duration::from_secs(180);
/// How long a fast stop (SIGINT) may take before an immediate one (SIGQUIT) follows.
const STOP: Duration = Duration::from_secs(30);
/// The name of the socket: the same in every cluster, since each has a directory of its own.
const PORT: u16 = 5432;

/// A running cluster. Stopped when dropped.
#[derive(Debug)]
pub struct Cluster {
    options: Options,
    data: PathBuf,
    socket: PathBuf,
    postmaster: Postmaster,
    /// Ours to reap, unless the process was adopted.
    child: Option<Child>,
}

impl Cluster {
    /// Makes the cluster if there is none, then starts it, or adopts the process that a killed server left behind.
    ///
    /// The caller holds the lock on the directory: of two processes only one is here at a time.
    pub fn start(options: &Options) -> Result<Self, ClusterError> {
        let run_as = RunAs::find()?;
        make_dir(&options.dir, 0o755)?;
        let dir = options.dir.canonicalize().map_err(at("reading", &options.dir))?;
        run_as.can_enter(&dir)?;
        let data = dir.join("postgres");
        let binaries = Binaries::find(options.binaries.as_deref(), major_of(&data).as_deref(), &data)?;
        let options = Options { dir, ..options.clone() };
        if major_of(&data).is_none() {
            create(&options, &binaries, &run_as, &data)?;
        }
        run_as.owns(&data)?;
        if let Some(postmaster) = Postmaster::of(&data) {
            tracing::info!(pid = postmaster.pid, "adopting the Postgres that an earlier server left running");
            wait_ready(&options, &data, postmaster.pid, None)?;
            let socket = Postmaster::socket_dir(&data).unwrap_or_else(|| data.clone());
            return Ok(Self { options, data, socket, postmaster, child: None });
        }
        Postmaster::clear_away(&data)?;
        let socket = socket_dir(&data, &run_as)?;
        let mut child = spawn(&options, &binaries, &run_as, &data, &socket)?;
        wait_ready(&options, &data, child.id(), Some(&mut child))?;
        Ok(Self { postmaster: Postmaster { pid: child.id() }, options, data, socket, child: Some(child) })
    }

    /// The socket of a cluster that another process runs in this directory, if it is ready.
    pub fn beside(dir: &Path) -> Option<PgConnectOptions> {
        let data = dir.join("postgres").canonicalize().ok()?;
        Postmaster::of(&data)?;
        Postmaster::is_ready(&data).then(|| connect(&Postmaster::socket_dir(&data).unwrap_or(data)))
    }

    /// How to connect, without role and database.
    pub fn connect(&self) -> PgConnectOptions {
        connect(&self.socket)
    }

    /// False once the process has ended, for whatever reason.
    pub fn is_running(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.postmaster.is_of(&self.data),
        }
    }

    /// Starts it again after it has ended by itself.
    pub fn start_again(&mut self) -> Result<(), ClusterError> {
        let again = Self::start(&self.options)?;
        *self = again;
        Ok(())
    }

    pub fn pid(&self) -> u32 {
        self.postmaster.pid
    }

    /// Stops it: sessions are ended, what is committed is on disk.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if !self.is_running() {
            return;
        }
        self.postmaster.interrupt();
        let deadline = Instant::now() + STOP;
        while self.is_running() {
            if Instant::now() > deadline {
                tracing::warn!(pid = self.postmaster.pid, "Postgres did not stop in {STOP:?}; ending it at once");
                self.postmaster.quit();
                if let Some(child) = &mut self.child {
                    let _ = child.wait();
                }
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end();
    }
}

fn connect(socket: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(socket).port(PORT)
}

/// The major version that wrote the data; none if there are none yet.
pub fn major_of(data: &Path) -> Option<String> {
    fs::read_to_string(data.join("PG_VERSION")).ok().map(|text| text.trim().to_owned())
}

fn make_dir(path: &Path, mode: u32) -> Result<(), ClusterError> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(at("making", path))
}

/// Makes a new cluster beside its place and moves it there when it is whole: a kill in the middle leaves no half of one.
fn create(options: &Options, binaries: &Binaries, run_as: &RunAs, data: &Path) -> Result<(), ClusterError> {
    let half = data.with_extension("new");
    if half.exists() {
        fs::remove_dir_all(&half).map_err(at("removing", &half))?;
    }
    make_dir(&half, 0o700)?;
    run_as.give(&half)?;
    let mut initdb = Command::new(binaries.initdb());
    initdb.arg("--pgdata").arg(&half);
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--data-checksums", "--no-sync"]);
    run_as.apply(&mut initdb);
    let output = initdb.current_dir(&half).stdin(Stdio::null()).output().map_err(at("running", &binaries.initdb()))?;
    if !output.status.success() {
        let output_text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        return Err(ClusterError::Failed { program: "initdb", status: output.status.to_string(), output: output_text });
    }
    if !options.throw_away {
        // One call for a thousand files, instead of initdb's one call for each: 0.3 s where that took 3.
        fs::File::open(&half).and_then(|dir| Ok(rustix::fs::syncfs(dir)?)).map_err(at("writing out", &half))?;
    }
    fs::rename(&half, data).map_err(at("moving into place", data))?;
    fs::File::open(&options.dir).and_then(|dir| dir.sync_all()).map_err(at("writing out", &options.dir))
}

/// The data directory itself, or where its path is too long for a socket's address (107 bytes) a short one that only our user may enter.
fn socket_dir(data: &Path, run_as: &RunAs) -> Result<PathBuf, ClusterError> {
    const LONGEST: usize = 107;
    if data.join(format!(".s.PGSQL.{PORT}")).as_os_str().len() <= LONGEST {
        return Ok(data.to_owned());
    }
    let digest = Sha256::digest(data.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let dir = Path::new("/tmp").join(format!("posada-{name}"));
    make_dir(&dir, 0o700)?;
    // Somebody else may have made it first: only a real directory that is ours and closed to others will do.
    let meta = fs::symlink_metadata(&dir).map_err(at("reading", &dir))?;
    if meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() {
        run_as.give(&dir)?;
    } else {
        run_as.owns(&dir)?;
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(at("closing", &dir))?;
    Ok(dir)
}

fn spawn(options: &Options, binaries: &Binaries, run_as: &RunAs, data: &Path, socket: &Path) -> Result<Child, ClusterError> {
    let log_path = options.dir.join("postgres.log");
    if fs::metadata(&log_path).is_ok_and(|meta| meta.len() > 10_000_000) {
        let _ = fs::rename(&log_path, log_path.with_extension("log.1"));
    }
    let log = fs::File::options().create(true).append(true).open(&log_path).map_err(at("opening", &log_path))?;
    let mut postgres = Command::new(binaries.postgres());
    postgres.arg("-D").arg(data).arg("-k").arg(socket);
    let mut set = |setting: &str| {
        postgres.args(["-c", setting]);
    };
    set("listen_addresses=");
    set(&format!("port={PORT}"));
    set("unix_socket_permissions=0700");
    set("timezone=UTC");
    set("log_timezone=UTC");
    set("logging_collector=off");
    set("log_min_duration_statement=1000");
    set("max_connections=120");
    set("random_page_cost=1.1"); // solid-state disks
    set("jit=off"); // short statements: compiling them costs more than it saves
    if options.throw_away {
        for setting in ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=64MB", "max_connections=400", "autovacuum=off"] {
            set(setting);
        }
    } else {
        for setting in ["shared_buffers=256MB", "max_wal_size=2GB", "checkpoint_timeout=15min", "wal_compression=on", "idle_in_transaction_session_timeout=60s"]
        {
            set(setting);
        }
    }
    run_as.apply(&mut postgres);
    let errors = log.try_clone().map_err(at("opening", &log_path))?;
    // A group of its own: Ctrl-C in a terminal reaches the server, which then stops Postgres when its own work is done.
    postgres.current_dir(data).stdin(Stdio::null()).stdout(log).stderr(errors).spawn().map_err(at("running", &binaries.postgres()))
}

fn wait_ready(options: &Options, data: &Path, pid: u32, mut child: Option<&mut Child>) -> Result<(), ClusterError> {
    let log = options.dir.join("postgres.log");
    let begun = Instant::now();
    while !(Postmaster::is_ready(data) && Postmaster::of(data).is_some_and(|p| p.pid == pid)) {
        if let Some(Ok(Some(status))) = child.as_mut().map(|child| child.try_wait()) {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let last: Vec<&str> = text.lines().rev().take(12).collect();
            let output = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            return Err(ClusterError::Failed { program: "postgres", status: status.to_string(), output });
        }
        if begun.elapsed() > START {
            if let Some(child) = child {
                let _ = child.kill();
                let _ = child.wait();
            }
            return Err(ClusterError::TooSlow(START, log));
        }
        thread::sleep(Duration::from_millis(4));
    }
    Ok(())
}

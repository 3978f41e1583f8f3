//! The real program as a process: for what only a process can show (kills, signals, exit codes).

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Client, TestApp, watch::Watch};

/// The program with its data. Dropping one that has a directory of its own ends whatever still runs there.
pub struct Program {
    pub dir: PathBuf,
    /// The addresses of a test's database; none: the embedded Postgres of the directory.
    urls: Option<[String; 2]>,
    /// More variables of its environment.
    environment: Vec<(&'static str, String)>,
    _watch: Option<Watch>,
}

/// A running server. Killed when it is dropped.
pub struct Serving {
    pub address: SocketAddr,
    pub metrics_address: SocketAddr,
    /// From the start of the process to its line that says it is ready.
    pub ready_after: Duration,
    child: Child,
}

impl Program {
    /// In a directory of its own, with a Postgres of its own.
    pub fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("posada-program-{}", uuid::Uuid::now_v7().simple()));
        let watch = Watch::over(&dir);
        Self { dir, urls: None, environment: Vec::new(), _watch: Some(watch) }
    }

    /// On the database of a test.
    pub fn beside(app: &TestApp) -> Self {
        let urls = ["posada_app", "posada_owner"].map(|role| app.database_url(role));
        Self { dir: app.data_dir().join("program"), urls: Some(urls), environment: Vec::new(), _watch: None }
    }

    /// The same with more variables in its environment.
    pub fn with(mut self, environment: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.environment.extend(environment);
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posada"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSADA_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
        if let Some([app, owner]) = &self.urls {
            command.env("POSADA_DATABASE__URL", app).env("POSADA_DATABASE__OWNER_URL", owner);
        }
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command.env("POSADA_DATA_DIR", &self.dir).env("POSADA_LOG__FILTER", "error").current_dir(std::env::temp_dir()).stdin(Stdio::null()).args(args);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The same with its answer going elsewhere.
    pub fn runs_into(&self, args: &[&str], out: impl Into<Stdio>) -> Output {
        self.command(args).stdout(out).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
    }

    /// The same as [`run`](Self::run), while the test goes on with something else.
    pub async fn runs(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// Starts a command without waiting for it.
    pub fn begin(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts the server on free ports, without a demo, and waits until it is ready.
    pub fn serve(&self) -> Serving {
        self.serve_with(&["--no-demo"])
    }

    pub fn serve_with(&self, more: &[&str]) -> Serving {
        Serving::begin(self.server(more))
    }

    /// The same, while the test goes on with something else.
    pub async fn starts(&self, more: &[&str]) -> Serving {
        let command = self.server(&[&["--no-demo"], more].concat());
        tokio::task::spawn_blocking(move || Serving::begin(command)).await.unwrap()
    }

    fn server(&self, more: &[&str]) -> Command {
        self.command(&[&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"], more].concat())
    }

    /// The process id of the Postgres that runs here, if one does.
    pub fn postgres(&self) -> Option<u32> {
        let pid = std::fs::read_to_string(self.dir.join("postgres/postmaster.pid")).ok()?.lines().next()?.parse().ok()?;
        PathBuf::from(format!("/proc/{pid}/cwd/.")).exists().then_some(pid)
    }

    /// `kill -9` for the Postgres that runs here; its process id.
    pub fn kill_postgres(&self) -> u32 {
        let pid = self.postgres().expect("a Postgres runs here");
        kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::KILL).unwrap();
        pid
    }
}

impl Serving {
    fn begin(mut command: Command) -> Self {
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut door = || {
            let said = lines.find_map(|line| line.unwrap().split_once("http://").map(|(_, door)| door.trim().trim_end_matches("/metrics").to_owned()));
            said.expect("the server ended before it was ready").parse().unwrap()
        };
        let (address, ready_after, metrics_address) = (door(), begun.elapsed(), door());
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, metrics_address, ready_after, child }
    }

    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// `kill -9`, not waited for.
    pub fn kill_now(&mut self) {
        self.child.kill().unwrap();
    }

    /// `kill -9`, and gone.
    pub fn kill(mut self) {
        self.die();
    }

    /// SIGTERM, and the exit code.
    pub fn end(mut self) -> Option<i32> {
        end(&mut self.child)
    }

    /// SIGTERM, and the exit code, while the test goes on with something else.
    pub async fn ends(mut self) -> Option<i32> {
        tokio::task::spawn_blocking(move || end(&mut self.child)).await.unwrap()
    }

    fn die(&mut self) {
        let _ = self.child.kill(); // It may have ended already.
        let _ = self.child.wait();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.die();
    }
}

/// Sends SIGTERM to a process that we started, and waits for it.
pub fn end(child: &mut Child) -> Option<i32> {
    kill_process(Pid::from_child(child), Signal::TERM).unwrap();
    child.wait().unwrap().code()
}

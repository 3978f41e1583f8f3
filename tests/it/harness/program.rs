//! The real program, in a process and a directory of its own: for what only a process can show (kills, signals, exit codes).

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use super::{Client, watch::Watch};

/// A directory with a database, and the program at work in it. Dropping it ends whatever still runs there.
pub struct Program {
    pub dir: PathBuf,
    _watch: Watch,
}

/// A running server.
pub struct Serving {
    pub address: SocketAddr,
    /// From the start of the process to its line that says it is ready.
    pub ready_after: Duration,
    child: Child,
}

impl Program {
    pub fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("posada-program-{}", uuid::Uuid::now_v7().simple()));
        let _watch = Watch::over(&dir);
        Self { dir, _watch }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_posada"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSADA_") || name == "DATABASE_URL") {
            command.env_remove(name);
        }
        command.env("POSADA_DATA_DIR", &self.dir).env("POSADA_LOG__FILTER", "error").current_dir(std::env::temp_dir()).stdin(Stdio::null()).args(args);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Starts a command without waiting for it.
    pub fn begin(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Starts the server on free ports, without a demo, and waits until it says that it is ready.
    pub fn serve(&self) -> Serving {
        self.serve_with(&["--no-demo"])
    }

    pub fn serve_with(&self, more: &[&str]) -> Serving {
        let begun = Instant::now();
        let args = [&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"], more].concat();
        let mut child = self.command(&args).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().split_once("http://").map(|(_, address)| address.trim().to_owned()));
        let address = ready.expect("the server ended before it was ready").parse().unwrap();
        // Whatever else it prints must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Serving { address, ready_after: begun.elapsed(), child }
    }

    /// The process id of the Postgres that runs here, if one does.
    pub fn postgres(&self) -> Option<u32> {
        let pid = std::fs::read_to_string(self.dir.join("postgres/postmaster.pid")).ok()?.lines().next()?.parse().ok()?;
        PathBuf::from(format!("/proc/{pid}/cwd/.")).exists().then_some(pid)
    }
}

impl Serving {
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit code.
    pub fn end(self) -> Option<i32> {
        end(self.child)
    }
}

/// Sends SIGTERM to a process that we started, and waits for it.
pub fn end(mut child: Child) -> Option<i32> {
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap().code()
}

//! The real program, as a process of its own: for what only a process can suffer, such as `kill -9`.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Output, Stdio},
    time::Duration,
};

use tokio::process::{Child, Command};

use super::{Client, TestApp};

/// `posada serve` beside a test's database. Killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts it on the database of a test and waits until it is ready.
    pub async fn serve(app: &TestApp) -> Self {
        Self::serve_with(app, &[]).await
    }

    /// The same with more variables in its environment.
    pub async fn serve_with(app: &TestApp, environment: &[(&str, String)]) -> Self {
        let (http, metrics) = (free_port(), free_port());
        let child = beside(app)
            .arg("serve")
            .env("POSADA_HTTP__LISTEN", http.to_string())
            .env("POSADA_METRICS__LISTEN", metrics.to_string())
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let process = Self { child, address: http };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            let answer = process.client().try_send("GET", "/health/ready", &[], b"").await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return process;
            }
            assert!(tokio::time::Instant::now() < deadline, "the server was not ready within 30 s");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// `kill -9`, not waited for.
    pub fn signal_kill(&mut self) {
        self.child.start_kill().unwrap();
    }

    /// `kill -9`, and gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

impl TestApp {
    /// A command of the program on the database of this test, to its end.
    pub async fn posada(&self, arguments: &[&str]) -> Output {
        tokio::time::timeout(Duration::from_secs(60), beside(self).args(arguments).output()).await.expect("the command ends").unwrap()
    }
}

/// The program with the database of a test, and nothing of this shell's configuration.
fn beside(app: &TestApp) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posada"));
    command
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| !name.starts_with("POSADA_") && name != "DATABASE_URL"))
        .env("POSADA_DATABASE__URL", app.database_url("posada_app"))
        .env("POSADA_DATABASE__OWNER_URL", app.database_url("posada_owner"))
        .env("POSADA_DEMO__ON_FIRST_START", "false")
        .env("POSADA_LOG__FILTER", "warn")
        .stdin(Stdio::null());
    command
}

/// A port that was free a moment ago.
fn free_port() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

//! A real Prometheus beside a test: scrapes servers of this process every quarter of a second, with the rules that are shipped.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tokio::process::{Child, Command};

use super::{Client, watch::Watch};

/// Where the rules and dashboards are.
pub fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

/// Runs `promtool`, and gives what it said if it was content.
pub fn promtool(args: &[&str]) -> Result<String, String> {
    let done = std::process::Command::new("promtool").current_dir(shipped()).args(args).output();
    let done = done.unwrap_or_else(|error| panic!("promtool ({error}): it comes with the Debian package prometheus; `make prometheus` installs it"));
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.success() { Ok(said) } else { Err(said) }
}

/// Killed, with its directory, when it is dropped.
pub struct Prometheus {
    client: Client,
    _child: Child,
    _watch: Watch,
}

/// A firing or pending alert.
#[derive(Clone, Debug)]
pub struct Alert {
    pub name: String,
    pub firing: bool,
    pub summary: String,
}

impl Prometheus {
    /// Scrapes these metrics doors as the job `posada`. Its rules are those of this repository, except that `for:` is a second.
    pub async fn over(targets: &[SocketAddr]) -> Self {
        let dir = std::env::temp_dir().join(format!("posada-prometheus-{}", uuid::Uuid::now_v7().simple()));
        let watch = Watch::over(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        for name in ["recorded.yml", "alerts.yml"] {
            let text = std::fs::read_to_string(shipped().join("rules").join(name)).unwrap();
            let lines = text.lines().map(|line| if line.trim_start().starts_with("for: ") { "        for: 1s" } else { line });
            std::fs::write(dir.join(name), lines.collect::<Vec<_>>().join("\n")).unwrap();
        }
        let targets: Vec<String> = targets.iter().map(|address| format!("\"{address}\"")).collect();
        let config = format!(
            "global: {{ scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms }}\nrule_files: [recorded.yml, alerts.yml]\n\
             scrape_configs:\n  - job_name: posada\n    static_configs: [{{ targets: [{}] }}]\n",
            targets.join(", ")
        );
        std::fs::write(dir.join("prometheus.yml"), config).unwrap();
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", dir.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("prometheus ({error}): `make prometheus` installs it"));
        std::fs::write(dir.join("prometheus.pid"), child.id().unwrap().to_string()).unwrap();
        let prometheus = Self { client: Client::new(address), _child: child, _watch: watch };
        prometheus.until("ready", async |p| p.client.try_send("GET", "/-/ready", &[], b"").await.is_ok_and(|answer| answer.status == 200)).await;
        prometheus
    }

    /// What an expression gives now: the value of each series by its labels, or why it is none.
    pub async fn ask(&self, expression: &str) -> Result<Vec<(Value, f64)>, String> {
        let escaped: String = expression.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.client.get(&format!("/api/v1/query?query={escaped}")).await.json();
        if answer["status"] != "success" {
            return Err(format!("{expression}: {}", answer["error"]));
        }
        let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        Ok(series.iter().map(|one| (one["metric"].clone(), one["value"][1].as_str().unwrap().parse().unwrap())).collect())
    }

    pub async fn alerts(&self) -> Vec<Alert> {
        let answer = self.client.get("/api/v1/alerts").await.expect(200).json();
        let alert = |one: &Value| Alert {
            name: one["labels"]["alertname"].as_str().unwrap().to_owned(),
            firing: one["state"] == "firing",
            summary: one["annotations"]["summary"].as_str().unwrap().to_owned(),
        };
        answer["data"]["alerts"].as_array().unwrap().iter().map(alert).collect()
    }

    /// Waits until an alert fires, and gives it.
    pub async fn fires(&self, name: &str) -> Alert {
        self.until(name, async |p| p.alerts().await.iter().any(|alert| alert.name == name && alert.firing)).await;
        self.alerts().await.into_iter().find(|alert| alert.name == name).unwrap()
    }

    /// Waits until something is so, or fails after a minute: machines that run tests are busy.
    pub async fn until(&self, what: &str, so: impl AsyncFn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while !so(self).await {
            assert!(tokio::time::Instant::now() < deadline, "Prometheus: not {what} within a minute");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

//! Looks at database, migrations and disk every two seconds, keeps the embedded Postgres alive, and samples what an operator watches.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::timeout};

use super::{Health, State};
use crate::{
    config::Config,
    database::{Database, Reviver, pending},
    store::{failure, outside_failed},
    telemetry::Rendered,
};

/// A database that takes longer than this for nothing is gone for everybody else as well.
const ANSWER: Duration = Duration::from_secs(3);

/// Whoever made a copy that can be restored touches this file of the data directory.
const LAST_BACKUP: &str = "last-backup";

/// Clocks that are further apart than this are not only read at different moments.
const CLOCKS_APART: Duration = Duration::from_secs(5);

/// The running monitor. Ends when dropped.
#[derive(Debug)]
pub struct Monitor {
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Monitor {
    /// Looks once, so that the first answer is true, and then every `health.every_seconds`.
    pub async fn start(health: Health, config: &Config, database: &Database, rendered: Rendered) -> Self {
        let every = Duration::from_secs(config.health.every_seconds);
        let look = Look {
            pool: database.app().clone(),
            data_dir: config.data_dir(),
            disk_free: config.health.disk_free_bytes,
            disk_matters: database.is_embedded() || config.data_dir.is_some(),
            health,
            rendered,
        };
        look.at_everything().await;
        let mut tasks: Vec<_> = database.reviver().map(|reviver| tokio::spawn(keep_alive(reviver))).into_iter().collect();
        tasks.push(tokio::spawn(async move {
            let mut clock = tokio::time::interval(every);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            clock.tick().await;
            loop {
                clock.tick().await;
                look.at_everything().await;
            }
        }));
        Self { tasks }
    }
}

/// How often it is asked whether the embedded Postgres runs, and the longest wait between two tries to start it.
const ALIVE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// Beside the looks: a recovery may take long, and meanwhile they go on. What does not start (a full disk, a lost program) is tried again
/// later each time.
async fn keep_alive(reviver: Reviver) {
    let mut wait = ALIVE;
    loop {
        tokio::time::sleep(wait).await;
        let revived = reviver.revive().await;
        wait = if revived.is_ok() { ALIVE } else { (wait * 2).min(LONGEST) };
        match revived {
            Ok(true) => {
                metrics::counter!("posada_db_restarts_total").increment(1);
                tracing::error!("the embedded Postgres had ended by itself; it was started again");
            }
            Ok(false) => {}
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, next_try = ?wait, "the embedded Postgres cannot be started again"),
        }
    }
}

struct Look {
    health: Health,
    pool: PgPool,
    data_dir: PathBuf,
    disk_free: u64,
    disk_matters: bool,
    rendered: Rendered,
}

impl Look {
    async fn at_everything(&self) {
        if self.at_database().await {
            self.at_migrations().await;
        }
        self.at_disk();
        self.at_copies();
        self.at_process();
        self.rendered.upkeep();
        self.health.0.beat.beat();
    }

    async fn at_database(&self) -> bool {
        let begun = Instant::now();
        let answer = timeout(ANSWER, sqlx::query_scalar::<_, OffsetDateTime>("select clock_timestamp()").fetch_one(&self.pool)).await;
        let limit = self.pool.options().get_max_connections();
        metrics::gauge!("posada_db_pool_limit").set(f64::from(limit));
        metrics::gauge!("posada_db_pool_connections", "state" => "idle").set(self.pool.num_idle() as f64);
        metrics::gauge!("posada_db_pool_connections", "state" => "used").set(f64::from(self.pool.size()) - self.pool.num_idle() as f64);
        let (state, detail) = match answer {
            Ok(Ok(clock)) => {
                self.at_clock(OffsetDateTime::now_utc() - clock, begun.elapsed());
                metrics::histogram!("posada_db_ping_seconds").record(begun.elapsed().as_secs_f64());
                (State::Well, "answers".to_owned())
            }
            Ok(Err(error)) => {
                outside_failed("postgres", failure(&error).unwrap_or("unreachable"));
                (State::Failing, what_failed(&error))
            }
            Err(_) => {
                outside_failed("postgres", "unreachable");
                (State::Failing, format!("no answer within {} s", ANSWER.as_secs()))
            }
        };
        self.health.found("database", state, detail);
        state == State::Well
    }

    /// This machine's clock beside the database's, by which everything is decided.
    fn at_clock(&self, ahead: time::Duration, within: Duration) {
        let (state, detail) = match ahead.unsigned_abs() > CLOCKS_APART + within {
            true => (State::Failing, format!("{} s ahead of the database's: set it (NTP); nothing is decided by it", ahead.whole_seconds())),
            false => (State::Well, "as the database's".to_owned()),
        };
        self.health.found("clock", state, detail);
    }

    async fn at_migrations(&self) {
        // A database that goes away just now is told by the next look.
        let Ok(Ok(pending)) = timeout(ANSWER, pending(&self.pool)).await else { return };
        let (state, detail) = match (pending.here.as_slice(), pending.newer.as_slice(), pending.changed.as_slice()) {
            ([], [], []) => (State::Well, "all applied".to_owned()),
            ([], [], changed) => (State::Failing, format!("applied in another form: {changed:?}")),
            ([], newer, _) => (State::Failing, format!("unknown to this build: {newer:?}")),
            (here, ..) => (State::Failing, format!("not applied: {here:?}; run `posada migrate`")),
        };
        self.health.found("migrations", state, detail);
    }

    fn at_disk(&self) {
        if !self.disk_matters {
            return;
        }
        let (state, detail) = match free_bytes(&self.data_dir) {
            Ok(free) => {
                metrics::gauge!("posada_disk_free_bytes").set(free as f64);
                let (free_mb, limit_mb) = (free >> 20, self.disk_free >> 20);
                match free < self.disk_free {
                    true => (State::Failing, format!("{free_mb} MB are free, fewer than {limit_mb}: make room (health.disk_free_bytes)")),
                    false => (State::Well, format!("{free_mb} MB are free")),
                }
            }
            Err(error) => (State::Failing, format!("cannot be looked at: {}", error.kind())),
        };
        self.health.found("disk", state, detail);
    }

    /// The server makes no copies itself: whoever does says so by the time of a file. 0 while nobody ever did, which is an alert, not a gap.
    fn at_copies(&self) {
        let said = fs::metadata(self.data_dir.join(LAST_BACKUP)).and_then(|file| file.modified()).ok();
        let at = said.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()).map_or(0.0, |since| since.as_secs_f64());
        metrics::gauge!("posada_backup_last_success_timestamp_seconds").set(at);
    }

    fn at_process(&self) {
        metrics::gauge!("posada_up_seconds").set(self.health.0.started.elapsed().as_secs_f64());
        if let Ok(fds) = fs::read_dir("/proc/self/fd") {
            metrics::gauge!("process_open_fds").set(fds.count() as f64);
        }
        if let Some(most) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
            metrics::gauge!("process_max_fds").set(most as f64);
        }
        let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return };
        // After the name, which may hold anything but a last closing bracket: state is field 3, user time 14, system time 15, threads 20, pages 24.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |n: usize| fields.get(n - 3).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        let seconds = |ticks: u64| ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        // Set to what the kernel counts: a counter for whoever reads it.
        metrics::gauge!("process_cpu_seconds_total").set(seconds(field(14) + field(15)));
        metrics::gauge!("process_threads").set(field(20) as f64);
        metrics::gauge!("process_resident_memory_bytes").set((field(24) * rustix::param::page_size() as u64) as f64);
    }
}

/// Free for us, not for root alone.
pub(crate) fn free_bytes(dir: &Path) -> std::io::Result<u64> {
    let stat = rustix::fs::statvfs(dir)?;
    Ok(stat.f_bavail * stat.f_frsize)
}

/// What failed, without addresses or names.
fn what_failed(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => format!("cannot be reached: {}", error.kind()),
        sqlx::Error::PoolTimedOut => "no connection became free in time".to_owned(),
        sqlx::Error::Database(error) => format!("refuses: code {}", error.code().unwrap_or_default()),
        _ => "cannot be reached".to_owned(),
    }
}

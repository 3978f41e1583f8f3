//! Other programs: started on their core, measured by the kernel's accounts, ended by their own number.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use rustix::{
    process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// Every viewer is a file descriptor, and a bench holds the viewers of all whom it compares: 10,000 each. Inherited by what is started.
const DESCRIPTORS: u64 = 100_000;

/// Takes as many file descriptors as are needed, or as there may be: only the system's own user gets more than that.
pub fn raise_descriptors() {
    let most = getrlimit(Resource::Nofile).maximum;
    let enough = most.is_none_or(|most| most >= DESCRIPTORS);
    let wanted = Rlimit { current: Some(DESCRIPTORS), maximum: if enough { most } else { Some(DESCRIPTORS) } };
    if setrlimit(Resource::Nofile, wanted).is_err() {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }); // It stays as it is, and the fleet says when that is too few.
    }
}

/// Which cores the measured server has, and which the load test.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    pub server: CpuSet,
    pub client: CpuSet,
    /// Whether they are apart; not so where there is but one core.
    pub apart: bool,
}

impl Cores {
    /// The first core for the server, the others for everything else.
    pub fn split() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let (mut server, mut client) = (CpuSet::new(), CpuSet::new());
        for core in (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)) {
            if server.count() == 0 { server.set(core) } else { client.set(core) }
        }
        let apart = client.count() > 0;
        Ok(Self { server, client: if apart { client } else { server }, apart })
    }

    /// This thread, and those it starts from now on, stay on the load test's cores.
    pub fn take_client(&self) -> Result<()> {
        Ok(sched_setaffinity(None, &self.client)?)
    }
}

/// A program that was started here and ends with this value.
pub struct Started {
    child: Child,
    name: &'static str,
}

impl Started {
    /// Starts a program on some cores: a thread takes them first, because a child has its parent's.
    pub fn on(cores: &CpuSet, name: &'static str, mut command: Command) -> Result<Self> {
        let cores = *cores;
        let starting = std::thread::spawn(move || -> Result<Child> {
            sched_setaffinity(None, &cores)?;
            command.spawn().with_context(|| format!("{name} cannot be started"))
        });
        let child = starting.join().map_err(|_| anyhow!("{name} cannot be started"))??;
        Ok(Self { child, name })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// CPU seconds so far, of the program and what it started.
    pub fn cpu_seconds(&self) -> f64 {
        family(self.pid()).into_iter().map(cpu_seconds).sum()
    }

    /// Memory it holds, bytes, of the program and what it started.
    pub fn resident_bytes(&self) -> f64 {
        family(self.pid()).into_iter().map(resident_bytes).sum()
    }

    /// Asks it to end, and waits; who does not end in time is killed.
    pub fn stop(mut self, patience: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM);
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(anyhow!("{} did not end within {patience:?}", self.name))
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            // Gone already is as good.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Its own children (Postgres, nginx's worker) go with a TERM; with a KILL they would stay.
            self.signal(Signal::TERM);
            let until = Instant::now() + Duration::from_secs(20);
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
            }
            if let Ok(status) = self.child.kill().and_then(|()| self.child.wait())
                && status.signal() == Some(Signal::KILL.as_raw())
            {
                eprintln!("{} had to be killed", self.name);
            }
        }
    }
}

/// A process and all that it started.
pub fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let below = children.split_whitespace().filter_map(|child| child.parse().ok()).flat_map(family);
    std::iter::once(pid).chain(below).collect()
}

/// CPU seconds of one process so far; 0 when it is gone.
pub fn cpu_seconds(pid: u32) -> f64 {
    // Fields 14 and 15 after the command's name, in ticks of 10 ms (USER_HZ is 100 on Linux).
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Memory that one process holds, bytes; 0 when it is gone.
pub fn resident_bytes(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() * 1024.0
}

/// Keeps a process, its threads and what it starts from now on on some cores. One that has ended meanwhile needs none.
pub fn keep_on(pid: u32, cores: &CpuSet) {
    for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        if let Some(thread) = thread.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) {
            let _ = sched_setaffinity(Some(thread), cores);
        }
    }
}

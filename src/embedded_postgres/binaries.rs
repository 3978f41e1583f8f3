//! Finds the Postgres server programs of this machine. Runs them only to ask their version.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::ClusterError;

/// What installs them on a Debian-like machine.
pub const INSTALL: &str = "apt-get install -y postgresql";

/// A directory that holds `initdb` and `postgres`, and the major version they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub dir: PathBuf,
    pub major: String,
}

impl Binaries {
    /// The configured directory, else the first that fits of PATH and, newest first, `/usr/lib/postgresql/*/bin`.
    /// Data that exist already decide the major version.
    pub fn find(configured: Option<&Path>, wanted_major: Option<&str>, data: &Path) -> Result<Self, ClusterError> {
        let candidates = match configured {
            Some(dir) => vec![dir.to_owned()],
            None => places(),
        };
        let mut found: Vec<Self> = Vec::new();
        for binaries in candidates.iter().filter_map(|dir| Self::in_dir(dir)) {
            if wanted_major.is_none_or(|wanted| wanted == binaries.major) {
                return Ok(binaries);
            }
            found.push(binaries);
        }
        match (wanted_major, configured) {
            (Some(wanted), _) if !found.is_empty() => Err(ClusterError::OtherMajor {
                dir: data.to_owned(),
                data: wanted.to_owned(),
                found: found.iter().map(|b| b.major.as_str()).collect::<Vec<_>>().join(", "),
            }),
            (_, Some(dir)) => Err(ClusterError::NotBinaries(dir.to_owned())),
            _ => Err(ClusterError::NoBinaries),
        }
    }

    pub fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    pub fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    /// Links are followed first: the programs look for their share directory beside where they really are.
    fn in_dir(dir: &Path) -> Option<Self> {
        let dir = dir.join("postgres").canonicalize().ok()?.parent()?.to_owned();
        if !dir.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
        let major = version.split(|c: char| !c.is_ascii_digit()).next()?.to_owned();
        Some(Self { dir, major })
    }
}

fn places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let mut packaged: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    packaged.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    places.extend(packaged.into_iter().map(|(_, dir)| dir));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_another_major_are_refused_with_the_package_to_install() {
        let error = Binaries::find(None, Some("9"), Path::new("/data/postgres")).unwrap_err().to_string();
        assert!(error.contains("were written by PostgreSQL 9") && error.contains("postgresql-9"), "{error}");
    }

    #[test]
    fn a_directory_without_the_programs_is_named() {
        let error = Binaries::find(Some(Path::new("/nowhere")), None, Path::new("/data/postgres")).unwrap_err().to_string();
        assert!(error.contains("/nowhere") && error.contains(INSTALL), "{error}");
    }
}

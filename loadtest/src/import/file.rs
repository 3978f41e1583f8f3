//! A file of homes as Inside Airbnb publishes them, made for one run and gone after it.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use uuid::Uuid;

/// Where a file lies, and under which name its homes are known: another one each time, so that all are new.
pub struct HomesFile {
    path: PathBuf,
    name: String,
}

impl HomesFile {
    /// Homes some kilometres north of a point, in a grid.
    pub fn write(rows: usize, (lat, lng): (f64, f64)) -> Result<Self> {
        let name = format!("loadtest-{:016x}", Uuid::new_v4().as_u64_pair().0);
        let mut text = "id,name,host_id,latitude,longitude,room_type,price,availability_365\n".to_owned();
        for row in 0..rows {
            let (north, east) = (0.03 + (row % 100) as f64 * 3e-4, (row / 100 % 100) as f64 * 4e-4 - 0.02);
            writeln!(text, "{row},Imported flat {row},{},{:.5},{:.5},Entire home/apt,{},300", row % 50, lat + north, lng + east, 40 + row % 60)?;
        }
        let path = std::env::temp_dir().join(format!("posada-{name}.csv"));
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self { path, name })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where refused rows go.
    pub fn refused(&self) -> PathBuf {
        self.path.with_extension("refused.csv")
    }

    pub fn source(&self) -> String {
        self.name.clone()
    }
}

impl Drop for HomesFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        // There only if rows were refused.
        let _ = std::fs::remove_file(self.refused());
    }
}

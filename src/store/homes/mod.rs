//! Homes and their rooms in Postgres, and what the map is rebuilt from.
//!
//! Called by the commands on homes, by imports and exports, and by the live core through its ports. The counts of a city follow by trigger:
//! nothing here writes them.

mod import;
mod list;
mod live;
mod read;
mod rows;
mod write;

pub use import::{ImportedRow, KnownImport};
pub use list::{HomePage, Homes};
pub use live::CityFigures;
pub use read::HomeView;

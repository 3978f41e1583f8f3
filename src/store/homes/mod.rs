//! Homes and their rooms in Postgres, and what the map is rebuilt from.
//!
//! Called by the commands on homes, by imports and exports, by the live core through its ports, and by the baseline that has no live core. The counts of a city follow by trigger:
//! nothing here writes them.

mod import;
mod list;
mod live;
mod read;
mod rows;
mod view;
mod write;

pub use import::{ImportedRow, KnownImport};
pub use list::{HomePage, Homes};
pub use live::CityFigures;
pub use read::HomeView;
pub use view::{CityTile, HomeAt};
pub use write::SavedHome;

//! Orders, one file each: load → validate (domain) → save → record → commit. No HTTP types, no actors but the relay's handle.

pub mod acknowledge;
pub mod answer_stay;
pub mod approve_stay;
pub mod expire_stays;

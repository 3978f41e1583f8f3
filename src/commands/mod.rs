//! Orders, one file each: load → validate (domain) → save → record → commit. No HTTP types, no actors but the relay's handle.

pub mod acknowledge;
pub mod add_member;
pub mod answer_stay;
pub mod approve_stay;
pub mod change_home;
pub mod create_tenant;
pub mod enrol;
pub mod expire_stays;
pub mod import_homes;
pub mod list_home;
pub mod move_home;
pub mod own_home;
pub mod pause_home;
pub mod place_city;
pub mod request_stay;
pub mod resume_home;
pub mod retire_home;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod update_member;

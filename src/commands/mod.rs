//! Orders, one file each: load → validate (domain) → save → record → commit. No HTTP types, no actors but the relay's handle.

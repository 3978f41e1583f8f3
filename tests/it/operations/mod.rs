//! Starting, stopping, and telling how one is.

mod serve;

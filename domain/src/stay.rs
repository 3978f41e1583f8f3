//! A stay: a guest's request for a room over nights, and all that comes of it.

//! The HTTP edge from outside.

mod people;

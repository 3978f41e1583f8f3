//! Stays: asked for, reaching their hosts, answered; and the races that the constraint settles.

mod approve;
mod seeded;

//! Whether a server speaks the live protocol, seen from outside: connects, says, and holds every answer against what the protocol's document demands.
//!
//! Called by `posada conformance`. Knows frames and close codes, and nothing of any server's insides: it serves whoever writes another one.
//! Each check is an exchange of its own on connections of its own. Changes nothing on the server.

mod events;
mod frames;
mod opening;
mod peer;
mod views;

use std::{future::Future, pin::Pin};

use serde::Serialize;

pub use peer::{BadAddress, Target};

/// What a check found missing, in words for the server's author.
#[derive(Debug)]
struct Broken(String);

type Outcome = Result<(), Broken>;
type Running<'t> = Pin<Box<dyn Future<Output = Outcome> + 't>>;

/// Who has to be there for a check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Anyone,
    /// A member's token.
    Member,
}

struct Check {
    name: &'static str,
    /// The sentence of the protocol that is checked.
    demands: &'static str,
    needs: Needs,
    run: for<'t> fn(&'t Target) -> Running<'t>,
}

/// How a check went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Held,
    Broken(String),
    /// Not run, and why.
    Skipped(&'static str),
}

/// A check and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub demands: &'static str,
    pub verdict: Verdict,
}

fn checks() -> impl Iterator<Item = &'static Check> {
    [opening::CHECKS, frames::CHECKS, views::CHECKS, events::CHECKS].into_iter().flatten()
}

/// Runs every check, one after the other; `told` hears of each as soon as it is known.
pub async fn run(target: &Target, mut told: impl FnMut(&Finding)) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in checks() {
        let verdict = if check.needs == Needs::Member && target.token.is_none() {
            Verdict::Skipped("needs a member: give --token")
        } else {
            match (check.run)(target).await {
                Ok(()) => Verdict::Held,
                Err(Broken(why)) => Verdict::Broken(why),
            }
        };
        let finding = Finding { check: check.name, demands: check.demands, verdict };
        told(&finding);
        findings.push(finding);
    }
    findings
}

/// A row of a table of checks.
macro_rules! check {
    ($needs:ident, $run:ident, $demands:literal) => {
        Check { name: stringify!($run), demands: $demands, needs: Needs::$needs, run: |target| Box::pin($run(target)) }
    };
}
use check;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own_and_says_what_it_demands() {
        let mut names: Vec<_> = checks().map(|check| check.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(checks().all(|check| check.demands.len() > 20 && check.demands.ends_with('.')));
    }
}

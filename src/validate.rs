//! Component validation: what a server is made of is looked at before its doors open, and any defect stops the start.
//!
//! Called once by `app`. Looks at what is there and changes nothing. Each check takes its part as an argument, so that a test can hand in a
//! defective one.

mod dashboards;

use std::{collections::BTreeSet, fmt};

use actix_web::http::header::HeaderMap;
use serde_json::Value;
use thiserror::Error;

use crate::{
    config::Config,
    database::Pending,
    health::Report,
    http::{headers, openapi, route, routes},
    telemetry,
};

pub use dashboards::{SHIPPED, asked_for};

/// The actors without which nothing live works.
const REQUIRED_ACTORS: [&str; 1] = ["relay"];

/// One thing that must be mended before the server can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// `configuration`, `migrations`, `routes`, `headers`, `actors` or `dashboards`.
    pub component: &'static str,
    pub problem: String,
}

#[derive(Debug, Error)]
pub struct Invalid(pub Vec<Defect>);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server does not start, because")?;
        self.0.iter().try_for_each(|defect| write!(f, "\n  {}: {}", defect.component, defect.problem))
    }
}

/// What is validated.
pub struct Parts<'a> {
    pub config: &'a Config,
    pub pending: Pending,
    pub rows: Vec<route::Row>,
    pub document: Value,
    /// As they stand on an answer.
    pub headers: HeaderMap,
    /// What the health report says of the actors.
    pub ready: Report,
    /// Name and text of each shipped dashboard and file of rules.
    pub dashboards: Vec<(&'static str, &'static str)>,
    /// All metrics that this build describes.
    pub metrics: BTreeSet<&'static str>,
}

impl<'a> Parts<'a> {
    /// Those of this build.
    pub fn shipped(config: &'a Config, pending: Pending, ready: Report) -> Self {
        Self {
            config,
            pending,
            rows: routes(),
            document: openapi::document(),
            headers: headers::on_every_answer(),
            ready,
            dashboards: SHIPPED.to_vec(),
            metrics: telemetry::names().collect(),
        }
    }

    /// Everything that is wrong.
    pub fn validate(&self) -> Result<(), Invalid> {
        let mut defects = Vec::new();
        let mut found = |component, problems: Vec<String>| defects.extend(problems.into_iter().map(|problem| Defect { component, problem }));
        found("configuration", configuration(self.config));
        found("migrations", migrations(&self.pending));
        found("routes", route::validate(&self.rows, &self.document).iter().map(ToString::to_string).collect());
        found("headers", security_headers(&self.headers));
        found("actors", actors(&self.ready));
        found("dashboards", self.dashboards.iter().flat_map(|(name, text)| dashboards::validate(name, text, &self.metrics)).collect());
        if defects.is_empty() { Ok(()) } else { Err(Invalid(defects)) }
    }
}

/// What the loader cannot know, because a configuration may also be made in code.
fn configuration(config: &Config) -> Vec<String> {
    let mut problems: Vec<String> = config.faults().into_iter().map(|(key, problem)| format!("{key}: {problem}")).collect();
    let slug = &config.tenancy.default;
    if !slug.is_empty() && !slug.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        problems.push(format!("tenancy.default: {slug:?} is no slug; expected a-z, 0-9 and -, such as demo"));
    }
    problems
}

fn migrations(pending: &Pending) -> Vec<String> {
    let mut problems = Vec::new();
    if !pending.here.is_empty() {
        problems.push(format!("not applied: {:?}; run `posada migrate`", pending.here));
    }
    if !pending.newer.is_empty() {
        problems.push(format!("the database has {:?}, which this build does not know; run the build that wrote it", pending.newer));
    }
    if !pending.changed.is_empty() {
        problems.push(format!("{:?} were applied in another form; start with another data directory", pending.changed));
    }
    problems
}

fn security_headers(sent: &HeaderMap) -> Vec<String> {
    let mut problems: Vec<String> = headers::REQUIRED
        .iter()
        .filter(|name| **name != "x-request-id" && !sent.contains_key(**name)) // that one is the request's own
        .map(|name| format!("answers do not carry {name}"))
        .collect();
    let policy = sent.get("content-security-policy").and_then(|value| value.to_str().ok()).unwrap_or_default();
    problems
        .extend(["'unsafe-inline'", "'unsafe-eval'"].into_iter().filter(|word| policy.contains(word)).map(|word| format!("the content policy allows {word}")));
    problems
}

fn actors(ready: &Report) -> Vec<String> {
    let of = |actor: &str| ready.components.iter().find(|component| component.component == format!("actor {actor}"));
    REQUIRED_ACTORS
        .iter()
        .filter_map(|actor| match of(actor) {
            None => Some(format!("{actor} was not started")),
            Some(component) if component.state != crate::health::State::Well => Some(format!("{actor} is {}", component.detail)),
            Some(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::health::Health;

    fn problems(spoil: impl FnOnce(&mut Parts<'_>)) -> Vec<String> {
        let config = Config::default();
        problems_with(&config, spoil)
    }

    fn problems_with(config: &Config, spoil: impl FnOnce(&mut Parts<'_>)) -> Vec<String> {
        let health = Health::new(Duration::from_secs(60));
        health.watch("relay", || Duration::ZERO);
        let mut parts = Parts::shipped(config, Pending::default(), health.ready());
        spoil(&mut parts);
        let defects = parts.validate().err().map(|invalid| invalid.0).unwrap_or_default();
        defects.into_iter().map(|defect| format!("{}: {}", defect.component, defect.problem)).collect()
    }

    #[test]
    fn what_is_shipped_has_no_defect() {
        assert_eq!(problems(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn a_defect_of_the_configuration_is_found() {
        let mut config = Config::default();
        config.tenancy.default = "No Slug".to_owned();
        config.metrics.listen = config.http.listen;
        let found = problems_with(&config, |_| {});
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("metrics.listen") && found[1].contains("\"No Slug\" is no slug"), "{found:?}");
    }

    #[test]
    fn missing_newer_and_changed_migrations_are_found() {
        let found = problems(|parts| parts.pending = Pending { here: vec![5], newer: vec![99], changed: vec![2] });
        assert!(found[0].contains("not applied: [5]") && found[1].contains("[99]") && found[2].contains("[2]"), "{found:?}");
    }

    #[test]
    fn a_route_without_permission_or_rate_class_is_found() {
        let found = problems(|parts| (parts.rows[0].permission, parts.rows[0].rate) = (None, None));
        assert!(found[0].contains("has no permission") && found[1].contains("has no rate class"), "{found:?}");
    }

    #[test]
    fn a_missing_header_and_a_lax_policy_are_found() {
        let found = problems(|parts| {
            parts.headers.remove("x-frame-options");
            parts
                .headers
                .insert(actix_web::http::header::CONTENT_SECURITY_POLICY, actix_web::http::header::HeaderValue::from_static("script-src 'unsafe-inline'"));
        });
        assert_eq!(found, ["headers: answers do not carry x-frame-options", "headers: the content policy allows 'unsafe-inline'"]);
    }

    #[test]
    fn a_missing_and_a_stuck_actor_are_found() {
        assert_eq!(problems(|parts| parts.ready = Health::new(Duration::ZERO).ready()), ["actors: relay was not started"]);
        let stuck = Health::new(Duration::from_secs(1));
        stuck.watch("relay", || Duration::from_secs(9));
        assert!(problems(|parts| parts.ready = stuck.ready())[0].contains("relay is stuck"));
    }

    #[test]
    fn a_dashboard_that_asks_for_what_nobody_measures_is_found() {
        let found = problems(|parts| parts.dashboards = vec![("own.json", r#"{"panels":[{"targets":[{"expr":"rate(posada_wishes_total[1m])"}]}]}"#)]);
        assert_eq!(found, ["dashboards: own.json asks for posada_wishes_total, which nobody measures"]);
        assert!(problems(|parts| parts.dashboards = vec![("own.json", "{")])[0].contains("own.json is not JSON"));
        let found =
            problems(|parts| parts.dashboards = vec![("own.yml", "# posada_said_total\nexpr: posada:recorded > 0 and rate(posada_wishes_total[1m]) > 0")]);
        assert_eq!(found, ["dashboards: own.yml asks for posada_wishes_total, which nobody measures"]);
    }
}

//! What a client is told when something is wrong: RFC 9457 problem details.
//!
//! Clients match on `type`, which never changes. Causes stay in the log.

use std::{borrow::Cow, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;

use crate::store::StoreError;

/// One thing wrong with one field of the input.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Path of the field, `price.amount`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// A problem: what was wrong, and what would be right.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `/problems/nights-taken`: stable.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    pub title: Cow<'static, str>,
    pub status: u16,
    pub detail: String,
    /// The request's id, as in `X-Request-Id`. Set by the edge.
    pub instance: String,
    /// One by one what is wrong with the input.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// Seconds after which it is worth trying again.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, slug: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{slug}").into(),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            instance: String::new(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Our own fault. The cause is in the log, under the request's id.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong here", "The fault is ours and has been logged with the request's id.")
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", format!("There is no such {what} here, or it is not for you."))
    }

    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(|e| format!("{}: {}", e.field, e.message)).collect::<Vec<_>>().join("; ");
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The input is not valid", detail) }
    }

    pub fn invalid_field(field: &str, message: impl fmt::Display, expected: Option<&str>) -> Self {
        Self::invalid(vec![FieldError { field: field.to_owned(), message: message.to_string(), expected: expected.map(str::to_owned) }])
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.kind, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after {
            answer.insert_header(("Retry-After", seconds.to_string()));
        }
        answer.body(serde_json::to_string(self).unwrap_or_default())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        (&error).into()
    }
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Unreachable(_) => {
                tracing::error!(error = error as &(dyn std::error::Error + 'static), "the database cannot be reached");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "database-unreachable",
                    "The database cannot be reached",
                    "Nothing is known to have changed. Send the same request with the same Idempotency-Key again.",
                )
                .retry_after(2)
            }
            StoreError::Busy(_) => {
                tracing::warn!(error = error as &(dyn std::error::Error + 'static), "no connection to the database was free in time");
                let detail = "Every connection to the database is in use. Nothing was begun: send the request again in a second.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much at this moment", detail).retry_after(1)
            }
            StoreError::Full(_) => {
                tracing::error!(error = error as &(dyn std::error::Error + 'static), "the database has no room left");
                let detail = "The database has no room left. Nothing was changed; reading goes on. Send the same request again later.";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "database-full", "No room left", detail).retry_after(30)
            }
            StoreError::Stale { .. } => {
                Self::new(StatusCode::CONFLICT, "stale", "Changed meanwhile", "Somebody changed this since you read it. Read it again and repeat your change.")
            }
            StoreError::BadRow { .. } | StoreError::Refused(_) => {
                tracing::error!(error = error as &(dyn std::error::Error + 'static), "a store error reached the edge");
                Self::internal()
            }
        }
    }
}

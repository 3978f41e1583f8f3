//! What can go wrong with sign-up, sign-in and the profile, as problems.

use actix_web::http::StatusCode;

use super::{Problem, order, people::wrong_credentials};
use crate::{
    commands::{place_city::CannotPlace, sign_in::CannotSignIn, sign_up::CannotSignUp, update_member::CannotUpdateMember},
    secrets::CannotHash,
};

impl From<CannotSignUp> for Problem {
    fn from(error: CannotSignUp) -> Self {
        match error {
            CannotSignUp::Closed => {
                Self::new(StatusCode::FORBIDDEN, "sign-up-closed", "Sign-up is closed", "This community adds its members itself: ask one of its organisers.")
            }
            CannotSignUp::NoRole => Self::invalid_field("roles", "choose at least one role", Some("one or more of GET /api/v1/roles")),
            CannotSignUp::HomeCity(why) => placed("home_city", why),
            CannotSignUp::Refused => Self::new(
                StatusCode::CONFLICT,
                "sign-up-refused",
                "No account could be made",
                "No account could be made of this e-mail and password. If you have one already, sign up with its password.",
            ),
            CannotSignUp::KeyReused => order::key_reused(),
            CannotSignUp::InProgress => order::key_in_progress(),
            CannotSignUp::Hash(error) => error.into(),
            CannotSignUp::Store(error) => error.into(),
        }
    }
}

impl From<CannotSignIn> for Problem {
    fn from(error: CannotSignIn) -> Self {
        match error {
            CannotSignIn::Wrong => wrong_credentials(),
            CannotSignIn::Hash(error) => error.into(),
            CannotSignIn::Store(error) => error.into(),
        }
    }
}

impl From<CannotUpdateMember> for Problem {
    fn from(error: CannotUpdateMember) -> Self {
        match error {
            CannotUpdateMember::NotAMember => Self::not_found("member"),
            CannotUpdateMember::NoRole => Self::invalid_field("roles", "choose at least one role", Some("one or more of GET /api/v1/roles")),
            CannotUpdateMember::HomeCity(why) => placed("home_city", why),
            CannotUpdateMember::Store(error) => error.into(),
        }
    }
}

impl From<CannotHash> for Problem {
    fn from(error: CannotHash) -> Self {
        match error {
            CannotHash::Busy => {
                let detail = "Too many people are signing in at this moment. Try again in a second.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too busy at this moment", detail).retry_after(1)
            }
            CannotHash::Failed(why) => {
                tracing::error!(why, "a password could not be hashed");
                Self::internal()
            }
        }
    }
}

/// A place that could not be settled, under the field that named it.
pub(super) fn placed(field: &str, error: CannotPlace) -> Problem {
    match error {
        CannotPlace::Store(error) => error.into(),
        other => Problem::invalid_field(field, other, Some("the id of a city, from GET /api/v1/places")),
    }
}

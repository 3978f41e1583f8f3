//! The catalogue of community roles: what someone can say they are, and which group each brings.

use actix_web::{HttpRequest, HttpResponse};
use domain::role::CommunityRole;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, versions::tagged_json};

/// A community role.
#[derive(Serialize, ToSchema)]
pub(super) struct Role {
    id: CommunityRole,
    /// The word people read.
    name: &'static str,
    /// The professional group it brings; null if none.
    #[schema(required)]
    group: Option<&'static str>,
}

/// All roles, in the order people are shown them.
#[utoipa::path(get, path = "/api/v1/roles", operation_id = "listRoles", tag = "people", responses((status = 200, body = Vec<Role>)))]
pub(super) async fn list(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let roles: Vec<Role> = CommunityRole::ALL.iter().map(|role| Role { id: *role, name: role.name(), group: role.group().map(|g| g.name) }).collect();
    tagged_json(&request, &roles, "private, no-cache")
}

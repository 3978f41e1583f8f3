//! The operator opens a community: `posada tenant create`, and the demo.
//!
//! Called by the command line as the owner of the installation. No request can.

use thiserror::Error;

use crate::store::{
    OwnerStore, StoreError, Tenant,
    tenants::{NewTenant, SignUpRule},
};

#[derive(Clone, Debug)]
pub struct CreateTenant {
    pub slug: String,
    pub name: String,
    /// A host name of its own, without port.
    pub domain: Option<String>,
    pub public_map: bool,
    pub sign_up: SignUpRule,
    pub tile_url: Option<String>,
}

#[derive(Debug, Error)]
pub enum CannotCreateTenant {
    #[error("{0:?} is no slug: 1 to 63 of a-z, 0-9 and -, not - at its ends")]
    BadSlug(String),
    #[error("a community's name has 1 to 120 characters on one line")]
    BadName,
    #[error("{0:?} is no host name like community.example.org")]
    BadDomain(String),
    #[error("the slug {0:?} or the domain belongs to another community")]
    Taken(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn run(owner: &mut OwnerStore, order: &CreateTenant) -> Result<Tenant, CannotCreateTenant> {
    if !is_label(&order.slug) {
        return Err(CannotCreateTenant::BadSlug(order.slug.clone()));
    }
    let name = domain::person::nfc(&order.name);
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        return Err(CannotCreateTenant::BadName);
    }
    let domain = order.domain.as_ref().map(|domain| domain.trim().to_ascii_lowercase());
    if let Some(domain) = domain.as_ref().filter(|domain| domain.len() > 253 || !domain.split('.').all(is_label)) {
        return Err(CannotCreateTenant::BadDomain(domain.clone()));
    }
    let new = NewTenant { slug: order.slug.clone(), name, domain, public_map: order.public_map, sign_up: order.sign_up, tile_url: order.tile_url.clone() };
    owner.create_tenant(&new).await?.ok_or_else(|| CannotCreateTenant::Taken(order.slug.clone()))
}

fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')) && !text.starts_with('-') && !text.ends_with('-')
}

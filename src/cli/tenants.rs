//! `posada tenant`: open, change, list and show communities, as their operator.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{
    Exit, args,
    output::{Output, table},
    session::{Session, no_tenant},
};
use crate::{
    commands::create_tenant::{self, CreateTenant},
    store::{Tenant, tenants::SignUpRule},
};

pub(super) async fn run(session: &Session, command: &args::Tenant, output: Output) -> anyhow::Result<Exit> {
    match command {
        args::Tenant::Create(create) => {
            let order = CreateTenant {
                slug: create.slug.clone(),
                name: create.name.clone(),
                domain: create.domain.clone(),
                public_map: create.public_map,
                sign_up: if create.open { SignUpRule::Open } else { SignUpRule::Closed },
                tile_url: create.tile_url.clone(),
            };
            let tenant = create_tenant::run(&mut session.migrated().await?.owner().await?, &order).await?;
            output.answer(&document(&tenant), || format!("{} is open at /t/{}/", tenant.name, tenant.slug));
        }
        args::Tenant::Change(change) => {
            let sign_up = change.open.map(|open| if open { SignUpRule::Open } else { SignUpRule::Closed });
            let changed = session.migrated().await?.owner().await?.change_tenant(&change.slug, change.public_map, sign_up).await?;
            let tenant = changed.ok_or_else(|| no_tenant(&change.slug))?;
            output.answer(&document(&tenant), || table(&HEAD, &[row(&tenant)]));
        }
        args::Tenant::List => {
            let tenants = session.migrated().await?.owner().await?.tenants().await?;
            output.answer(&tenants.iter().map(document).collect::<Vec<_>>(), || table(&HEAD, &tenants.iter().map(row).collect::<Vec<_>>()));
        }
        args::Tenant::Show { slug } => {
            let tenant = session.tenant(slug).await?;
            output.answer(&document(&tenant), || table(&HEAD, &[row(&tenant)]));
        }
    }
    Ok(Exit::Done)
}

const HEAD: [&str; 5] = ["slug", "name", "domain", "map", "sign-up"];

fn row(tenant: &Tenant) -> Vec<String> {
    let map = if tenant.public_map { "public" } else { "members" };
    vec![tenant.slug.clone(), tenant.name.clone(), tenant.domain.clone().unwrap_or_else(|| "-".to_owned()), map.to_owned(), tenant.sign_up.code().to_owned()]
}

fn document(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id, "slug": tenant.slug, "name": tenant.name, "domain": tenant.domain, "public_map": tenant.public_map,
        "sign_up": tenant.sign_up.code(), "tile_url": tenant.tile_url, "created_at": tenant.created_at.format(&Rfc3339).unwrap_or_default(),
    })
}

//! The made-up community of a first start: the tenant `demo`, two people who may sign in, and thousands of homes over the world.
//!
//! Called by `app` (first start, in the background, so that the map fills while one looks) and by `posada demo`. Everything is drawn from
//! one seed: the same build makes the same demo. Made of the same commands as everything else; safe to run again after a kill.

mod cities;
mod dice;
mod homes;
mod names;
mod nights;

use actors::RelayHandle;
use domain::{
    CityId, Email, Languages, MemberId, PersonName,
    role::{CommunityRole, PlatformRole},
};
use gazetteer::Gazetteer;
use secrecy::SecretString;
use thiserror::Error;

use crate::{
    commands::{
        add_member::{self, AddMember, CannotAddMember},
        create_tenant::{self, CannotCreateTenant, CreateTenant},
        enrol::Profile,
        import_homes::{BATCH, CannotImport, Import},
        place_city::{CannotPlace, Wanted, locate},
    },
    secrets::{BadPassword, Hasher, Password},
    store::{OwnerStore, Store, StoreError, Tenant, tenants::SignUpRule},
};

pub const SLUG: &str = "demo";
/// The name of the made-up source of its homes.
const SOURCE: &str = "demo";
pub const HOST: &str = "host@posada.example";
pub const GUEST: &str = "guest@posada.example";
/// Not a secret: it is printed at every first start, and opens nothing but a made-up community.
pub const PASSWORD: &str = "come as you are";
/// Where both are at home, and where the host's homes are.
const BARCELONA: CityId = CityId(3_128_760);

#[derive(Debug, Error)]
pub enum CannotMakeDemo {
    #[error(transparent)]
    Tenant(#[from] CannotCreateTenant),
    #[error(transparent)]
    Member(#[from] CannotAddMember),
    #[error(transparent)]
    Homes(#[from] CannotImport),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the demo's own words are refused: {0}")]
    Words(String),
}

impl From<BadPassword> for CannotMakeDemo {
    fn from(error: BadPassword) -> Self {
        Self::Words(error.to_string())
    }
}

impl From<CannotPlace> for CannotMakeDemo {
    fn from(error: CannotPlace) -> Self {
        Self::Words(error.to_string())
    }
}

/// The tenant and its two people; what is there already stays as it is.
pub async fn found(owner: &mut OwnerStore, store: &Store, hasher: &Hasher) -> Result<Tenant, CannotMakeDemo> {
    let order =
        CreateTenant { slug: SLUG.to_owned(), name: "Posada demo".to_owned(), domain: None, public_map: true, sign_up: SignUpRule::Open, tile_url: None };
    let tenant = match create_tenant::run(owner, &order).await {
        Ok(tenant) => tenant,
        Err(CannotCreateTenant::Taken(slug)) => store.tenant_by_slug(SLUG).await?.ok_or(CannotCreateTenant::Taken(slug))?,
        Err(error) => return Err(error.into()),
    };
    for (email, name, role) in [(HOST, "Núria Puig", CommunityRole::Host), (GUEST, "Tom Okafor", CommunityRole::Traveller)] {
        match add_member::run(store, hasher, tenant.id, &person(email, name, role)?).await {
            Ok(_) | Err(CannotAddMember::AlreadyMember(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(tenant)
}

fn person(email: &str, name: &str, role: CommunityRole) -> Result<AddMember<'static>, CannotMakeDemo> {
    let words = |error: &dyn std::fmt::Display| CannotMakeDemo::Words(error.to_string());
    let email: Email = email.parse().map_err(|error| words(&error))?;
    let name: PersonName = name.parse().map_err(|error| words(&error))?;
    let languages = Languages::new(["en", "ca", "es"]).map_err(|error| words(&error))?;
    let wanted = Wanted { city: Some(BARCELONA), ..Wanted::default() };
    Ok(AddMember {
        password: Password::new(&SecretString::from(PASSWORD.to_owned()), &email)?,
        email,
        profile: Profile { name, roles: [role].into(), languages },
        home: Some(locate(Gazetteer::embedded(), &wanted)?),
        platform_role: PlatformRole::Member,
    })
}

/// What a run of [`fill`] works with.
#[derive(Clone, Copy)]
pub struct Filling<'a> {
    pub store: &'a Store,
    pub relay: &'a RelayHandle,
    pub tenant: &'a Tenant,
    /// How many homes there shall be.
    pub homes: u32,
}

/// Makes the homes that are missing, batch by batch, and takes some of their nights; tells after each batch how many are there.
pub async fn fill(filling: Filling<'_>, mut told: impl FnMut(u64)) -> Result<(), CannotMakeDemo> {
    let Filling { store, relay, tenant, homes } = filling;
    if store.demo_homes(tenant.id, SOURCE).await? >= u64::from(homes) {
        return Ok(());
    }
    let host = host_of(store, tenant).await?;
    let import = Import { store, relay, gazetteer: Gazetteer::embedded(), tenant: tenant.id, source: SOURCE, dry_run: false };
    let mut all = homes::all(Gazetteer::embedded(), homes, host);
    let mut done = 0;
    loop {
        let batch: Vec<_> = all.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(());
        }
        import.batch(&batch).await?;
        let references: Vec<String> = batch.into_iter().map(|home| home.reference).collect();
        relay.publish(nights::take(store, tenant.id, SOURCE, &references).await?);
        done += references.len() as u64;
        told(done);
    }
}

async fn host_of(store: &Store, tenant: &Tenant) -> Result<MemberId, CannotMakeDemo> {
    let email: Email = HOST.parse().map_err(|error: domain::person::BadEmail| CannotMakeDemo::Words(error.to_string()))?;
    let account = store.credentials(&email).await?.ok_or_else(|| CannotMakeDemo::Words("the host has no account".to_owned()))?.account;
    let mut tx = store.begin_as_tenant(tenant.id).await?;
    tx.member_of_account(account).await?.ok_or_else(|| CannotMakeDemo::Words("the host is no member".to_owned()))
}

//! Tenants: found by what a request names, made and listed by the owner of the installation.
//!
//! Called by the HTTP edge (finding) and the command line (the rest). Requests never make or change a tenant: the app's role may not.

use domain::TenantId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Store, StoreError};

/// A community, as the edges need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    /// The host name that is this tenant's own, lower case, without a port.
    pub domain: Option<String>,
    /// People who are not members may see the map.
    pub public_map: bool,
    pub sign_up: SignUpRule,
    pub tile_url: Option<String>,
    pub created_at: OffsetDateTime,
}

/// Who may become a member without being added by somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpRule {
    Open,
    Closed,
}

impl SignUpRule {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "open" => Some(Self::Open),
            "closed" => Some(Self::Closed),
            _ => None,
        }
    }
}

struct Row {
    id: uuid::Uuid,
    slug: String,
    name: String,
    domain: Option<String>,
    public_map: bool,
    sign_up: String,
    tile_url: Option<String>,
    created_at: OffsetDateTime,
}

impl TryFrom<Row> for Tenant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let Some(sign_up) = SignUpRule::from_code(&row.sign_up) else {
            return Err(StoreError::BadRow { table: "tenants", id: row.slug, why: format!("sign_up is {:?}", row.sign_up) });
        };
        let Row { id, slug, name, domain, public_map, tile_url, created_at, .. } = row;
        Ok(Self { id: id.into(), slug, name, domain, public_map, sign_up, tile_url, created_at })
    }
}

impl Store {
    /// By host name, without its port; case does not matter.
    pub async fn tenant_by_domain(&self, domain: &str) -> Result<Option<Tenant>, StoreError> {
        sqlx::query_as!(
            Row,
            "select id as \"id!\", slug as \"slug!\", name as \"name!\", domain, public_map as \"public_map!\", sign_up as \"sign_up!\", tile_url,
                    created_at as \"created_at!\"
             from tenant_by_domain($1)",
            domain
        )
        .fetch_optional(&mut *self.connection().await?)
        .await?
        .map(Tenant::try_from)
        .transpose()
    }

    /// By the word in `/t/{slug}/…` or in the header.
    pub async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>, StoreError> {
        sqlx::query_as!(
            Row,
            "select id as \"id!\", slug as \"slug!\", name as \"name!\", domain, public_map as \"public_map!\", sign_up as \"sign_up!\", tile_url,
                    created_at as \"created_at!\"
             from tenant_by_slug($1)",
            slug
        )
        .fetch_optional(&mut *self.connection().await?)
        .await?
        .map(Tenant::try_from)
        .transpose()
    }
}

/// The database as the role `posada_owner`, which sees every tenant. Only the command line and the first start hold one; no request reaches it.
#[derive(Debug)]
pub struct OwnerStore {
    connection: PgConnection,
}

/// A tenant to be.
#[derive(Clone, Debug)]
pub struct NewTenant {
    pub slug: String,
    pub name: String,
    pub domain: Option<String>,
    pub public_map: bool,
    pub sign_up: SignUpRule,
    pub tile_url: Option<String>,
}

impl OwnerStore {
    /// On a connection as `posada_owner`, from `Database::owner`.
    pub fn new(connection: PgConnection) -> Self {
        Self { connection }
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// `None` where the slug or the domain is taken.
    pub async fn create_tenant(&mut self, new: &NewTenant) -> Result<Option<Tenant>, StoreError> {
        sqlx::query_as!(
            Row,
            "insert into tenants (id, slug, name, domain, public_map, sign_up, tile_url) values ($1, $2, $3, lower($4), $5, $6, $7)
             on conflict do nothing
             returning id, slug, name, domain, public_map, sign_up, tile_url, created_at",
            uuid::Uuid::now_v7(),
            new.slug,
            new.name,
            new.domain,
            new.public_map,
            new.sign_up.code(),
            new.tile_url
        )
        .fetch_optional(&mut self.connection)
        .await?
        .map(Tenant::try_from)
        .transpose()
    }

    /// Changes who may look and who may join, where it is said; `None` where there is no such community. Every server hears of it.
    pub async fn change_tenant(&mut self, slug: &str, public_map: Option<bool>, sign_up: Option<SignUpRule>) -> Result<Option<Tenant>, StoreError> {
        sqlx::query_as!(
            Row,
            "update tenants set public_map = coalesce($2, public_map), sign_up = coalesce($3, sign_up) where slug = $1
             returning id, slug, name, domain, public_map, sign_up, tile_url, created_at",
            slug,
            public_map,
            sign_up.map(SignUpRule::code)
        )
        .fetch_optional(&mut self.connection)
        .await?
        .map(Tenant::try_from)
        .transpose()
    }

    /// All communities of the installation, by slug.
    pub async fn tenants(&mut self) -> Result<Vec<Tenant>, StoreError> {
        sqlx::query_as!(Row, "select id, slug, name, domain, public_map, sign_up, tile_url, created_at from tenants order by slug")
            .fetch_all(&mut self.connection)
            .await?
            .into_iter()
            .map(Tenant::try_from)
            .collect()
    }
}

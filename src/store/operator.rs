//! What only an operator does with the people of a community, past row security. Only the command line calls this.

use domain::{Email, TenantId, role::PlatformRole};
use time::OffsetDateTime;

use super::{OwnerStore, StoreError};

/// Somebody in the list of a community.
#[derive(Clone, Debug)]
pub struct ListedMember {
    pub id: uuid::Uuid,
    pub email: String,
    pub name: String,
    pub platform_role: String,
    pub home_city: Option<i64>,
    pub created_at: OffsetDateTime,
}

/// What became of taking somebody out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    /// Nobody of that address is a member.
    Nobody,
    /// They have homes or stays.
    HasThings,
}

impl OwnerStore {
    /// Everybody of a community, the first to join first.
    pub async fn members(&mut self, tenant: TenantId) -> Result<Vec<ListedMember>, StoreError> {
        let rows = sqlx::query_as!(
            ListedMember,
            "select m.id, a.email, m.name, m.platform_role, m.home_city, m.created_at
             from members m join accounts a on a.id = m.account_id where m.tenant_id = $1 order by m.created_at, m.id",
            tenant.0
        );
        Ok(rows.fetch_all(self.connection()).await?)
    }

    /// False where nobody of that address is a member.
    pub async fn set_platform_role(&mut self, tenant: TenantId, email: &Email, role: PlatformRole) -> Result<bool, StoreError> {
        let changed = sqlx::query!(
            "update members m set platform_role = $3 from accounts a where a.id = m.account_id and m.tenant_id = $1 and a.email = $2",
            tenant.0,
            email.as_str(),
            role.code()
        );
        Ok(changed.execute(self.connection()).await?.rows_affected() == 1)
    }

    /// Ends every session of an account; gives how many still ran, `None` where there is no such account. Every server hears of it.
    pub async fn end_sessions(&mut self, email: &Email) -> Result<Option<u64>, StoreError> {
        let Some(account) = sqlx::query_scalar!("select id from accounts where email = $1", email.as_str()).fetch_optional(self.connection()).await? else {
            return Ok(None);
        };
        let ended = sqlx::query!("update sessions set ended_at = now() where account_id = $1 and ended_at is null", account).execute(self.connection()).await?;
        Ok(Some(ended.rows_affected()))
    }

    /// Takes somebody out of a community. Every server hears of it.
    pub async fn remove_member(&mut self, tenant: TenantId, email: &Email) -> Result<Removal, StoreError> {
        let removing =
            sqlx::query!("delete from members m using accounts a where a.id = m.account_id and m.tenant_id = $1 and a.email = $2", tenant.0, email.as_str());
        match removing.execute(self.connection()).await.map_err(StoreError::from) {
            Ok(done) if done.rows_affected() == 0 => Ok(Removal::Nobody),
            Ok(_) => Ok(Removal::Done),
            Err(error) if error.constraint().is_some() => Ok(Removal::HasThings),
            Err(error) => Err(error),
        }
    }
}

//! Members: an account inside one tenant.
//!
//! Called by sign-up, the profile and the command line. A member's e-mail is their account's and is shown to nobody else.

use std::collections::BTreeSet;

use domain::{
    AccountId, CityId, Languages, MemberId, PersonName,
    role::{CommunityRole, PlatformRole},
};
use time::OffsetDateTime;

use super::{Revocation, StoreError, TenantTx, groups::GroupName};

/// A member, to themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub id: MemberId,
    pub account: AccountId,
    pub name: String,
    pub email: String,
    pub home_city: Option<CityId>,
    pub roles: BTreeSet<CommunityRole>,
    pub groups: Vec<GroupName>,
    pub languages: Vec<String>,
    pub platform_role: PlatformRole,
    pub created_at: OffsetDateTime,
}

/// A member to be.
#[derive(Clone, Debug)]
pub struct NewMember<'a> {
    pub account: AccountId,
    pub name: &'a PersonName,
    pub home_city: Option<CityId>,
    pub languages: &'a Languages,
    pub platform_role: PlatformRole,
}

impl TenantTx {
    /// Makes the account a member; `None` where it is one already. A home city must have been placed.
    pub async fn add_member(&mut self, new: &NewMember<'_>) -> Result<Option<MemberId>, StoreError> {
        let id = sqlx::query_scalar!(
            "insert into members (tenant_id, id, account_id, name, home_city, platform_role, languages) values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (tenant_id, account_id) do nothing
             returning id",
            self.tenant().0,
            uuid::Uuid::now_v7(),
            new.account.0,
            new.name.as_str(),
            new.home_city.map(|c| i64::from(c.0)),
            new.platform_role.code(),
            new.languages.as_slice()
        )
        .fetch_optional(&mut **self)
        .await?;
        Ok(id.map(MemberId))
    }

    /// The member that an account is in this tenant.
    pub async fn member_of_account(&mut self, account: AccountId) -> Result<Option<MemberId>, StoreError> {
        let id = sqlx::query_scalar!("select id from members where tenant_id = $1 and account_id = $2", self.tenant().0, account.0)
            .fetch_optional(&mut **self)
            .await?;
        Ok(id.map(MemberId))
    }

    /// A member's own view of themselves. `None` in a transaction begun for another account: the e-mail is only its owner's to see.
    pub async fn member(&mut self, id: MemberId) -> Result<Option<Member>, StoreError> {
        let Some(row) = sqlx::query!(
            "select m.account_id, m.name, m.home_city, m.platform_role, m.languages, m.created_at, a.email,
                    array(select r.role from member_roles r where r.tenant_id = m.tenant_id and r.member_id = m.id) as \"roles!\"
             from members m join accounts a on a.id = m.account_id
             where m.tenant_id = $1 and m.id = $2",
            self.tenant().0,
            id.0
        )
        .fetch_optional(&mut **self)
        .await?
        else {
            return Ok(None);
        };
        let bad = |why: String| StoreError::BadRow { table: "members", id: id.to_string(), why };
        let roles = row.roles.iter().map(|code| CommunityRole::from_code(code).ok_or_else(|| bad(format!("{code:?} is no role")))).collect::<Result<_, _>>()?;
        let groups = self.groups_of(id).await?;
        Ok(Some(Member {
            id,
            account: row.account_id.into(),
            name: row.name,
            email: row.email,
            home_city: city(row.home_city).map_err(bad)?,
            roles,
            groups,
            languages: row.languages,
            platform_role: PlatformRole::from_code(&row.platform_role).ok_or_else(|| bad(format!("{:?} is no platform role", row.platform_role)))?,
            created_at: row.created_at,
        }))
    }

    pub async fn rename_member(&mut self, id: MemberId, name: &PersonName) -> Result<(), StoreError> {
        let done =
            sqlx::query!("update members set name = $3 where tenant_id = $1 and id = $2", self.tenant().0, id.0, name.as_str()).execute(&mut **self).await?;
        self.revokes(Revocation::Member(self.tenant(), id));
        changed_one(done.rows_affected(), id)
    }

    pub async fn set_languages(&mut self, id: MemberId, languages: &Languages) -> Result<(), StoreError> {
        let done = sqlx::query!("update members set languages = $3 where tenant_id = $1 and id = $2", self.tenant().0, id.0, languages.as_slice())
            .execute(&mut **self)
            .await?;
        changed_one(done.rows_affected(), id)
    }

    /// The home city must have been placed; [`settle_city_group`](Self::settle_city_group) follows.
    pub async fn set_home_city(&mut self, id: MemberId, city: CityId) -> Result<(), StoreError> {
        let done = sqlx::query!("update members set home_city = $3 where tenant_id = $1 and id = $2", self.tenant().0, id.0, i64::from(city.0))
            .execute(&mut **self)
            .await?;
        changed_one(done.rows_affected(), id)
    }

    /// Exactly these roles, and their groups.
    pub async fn set_roles(&mut self, id: MemberId, roles: &BTreeSet<CommunityRole>) -> Result<(), StoreError> {
        let tenant = self.tenant();
        // Two changes of one member's roles go one after the other: their groups would otherwise be those of neither.
        let locked =
            sqlx::query!("select id from members where tenant_id = $1 and id = $2 for no key update", tenant.0, id.0).fetch_optional(&mut **self).await?;
        changed_one(u64::from(locked.is_some()), id)?;
        let codes: Vec<String> = roles.iter().map(|role| role.code().to_owned()).collect();
        sqlx::query!("delete from member_roles where tenant_id = $1 and member_id = $2 and role <> all($3)", tenant.0, id.0, &codes)
            .execute(&mut **self)
            .await?;
        sqlx::query!(
            "insert into member_roles (tenant_id, member_id, role) select $1, $2, r from unnest($3::text[]) as r
             on conflict (tenant_id, member_id, role) do nothing",
            tenant.0,
            id.0,
            &codes
        )
        .execute(&mut **self)
        .await?;
        self.revokes(Revocation::Member(tenant, id));
        self.settle_role_groups(id, &CommunityRole::groups(roles)).await
    }
}

fn city(id: Option<i64>) -> Result<Option<CityId>, String> {
    id.map(|id| u32::try_from(id).map(CityId).map_err(|_| format!("home_city {id} is no GeoNames id"))).transpose()
}

fn changed_one(rows: u64, id: MemberId) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Stale { table: "members", id: id.to_string() }) }
}

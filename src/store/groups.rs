//! Groups and who is in them, and why: what put a member in takes them out again, and nothing else does.
//!
//! Called by the commands that change a member's home city or roles. Which role brings which group is `domain::role`'s table.

use std::collections::BTreeSet;

use domain::{GroupId, MemberId, role::RoleGroup};

use super::{StoreError, TenantTx};

/// A group as a member sees it in their profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupName {
    pub id: GroupId,
    pub kind: String,
    pub name: String,
}

impl TenantTx {
    /// Puts a member into their home city's group and takes them out of the one their former home city had put them in.
    pub async fn settle_city_group(&mut self, member: MemberId, group: Option<GroupId>) -> Result<(), StoreError> {
        sqlx::query!(
            "delete from group_members where tenant_id = $1 and member_id = $2 and joined_by = 'city' and group_id is distinct from $3",
            self.tenant().0,
            member.0,
            group.map(|g| g.0)
        )
        .execute(&mut **self)
        .await?;
        match group {
            Some(group) => self.join(member, &[group.0], "city").await,
            None => Ok(()),
        }
    }

    /// Makes the groups that a member's roles bring, joins them, and leaves those that only a former role had brought.
    ///
    /// Groups are taken in the order of their keys, so that two members with the same roles never wait for each other in a circle.
    pub async fn settle_role_groups(&mut self, member: MemberId, groups: &BTreeSet<RoleGroup>) -> Result<(), StoreError> {
        let tenant = self.tenant();
        let keys: Vec<String> = groups.iter().map(|g| g.key.to_owned()).collect();
        let found = sqlx::query!("select id, key from groups where tenant_id = $1 and kind = 'professional' and key = any($2)", tenant.0, &keys)
            .fetch_all(&mut **self)
            .await?;
        let known: BTreeSet<&str> = found.iter().map(|row| row.key.as_str()).collect();
        for group in groups.iter().filter(|group| !known.contains(group.key)) {
            sqlx::query!(
                "insert into groups (tenant_id, id, kind, key, name) values ($1, $2, 'professional', $3, $4) on conflict (tenant_id, kind, key) do nothing",
                tenant.0,
                uuid::Uuid::now_v7(),
                group.key,
                group.name
            )
            .execute(&mut **self)
            .await?;
        }
        let wanted =
            sqlx::query_scalar!("select id from groups where tenant_id = $1 and kind = 'professional' and key = any($2) order by key", tenant.0, &keys)
                .fetch_all(&mut **self)
                .await?;
        sqlx::query!(
            "delete from group_members where tenant_id = $1 and member_id = $2 and joined_by = 'role' and group_id <> all($3)",
            tenant.0,
            member.0,
            &wanted
        )
        .execute(&mut **self)
        .await?;
        self.join(member, &wanted, "role").await
    }

    /// Who is in already stays in for the reason they came.
    async fn join(&mut self, member: MemberId, groups: &[uuid::Uuid], by: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into group_members (tenant_id, group_id, member_id, joined_by) select $1, g, $2, $3 from unnest($4::uuid[]) as g
             on conflict (tenant_id, group_id, member_id) do nothing",
            self.tenant().0,
            member.0,
            by,
            groups
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// The groups a member is in: the city's first, then by name.
    pub async fn groups_of(&mut self, member: MemberId) -> Result<Vec<GroupName>, StoreError> {
        let rows = sqlx::query!(
            "select g.id, g.kind, g.name from group_members gm
             join groups g on g.tenant_id = gm.tenant_id and g.id = gm.group_id
             where gm.tenant_id = $1 and gm.member_id = $2
             order by (g.kind <> 'city'), g.name, g.id",
            self.tenant().0,
            member.0
        )
        .fetch_all(&mut **self)
        .await?;
        Ok(rows.into_iter().map(|row| GroupName { id: row.id.into(), kind: row.kind, name: row.name }).collect())
    }
}

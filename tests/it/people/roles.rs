//! Choosing roles joins their groups; dropping roles leaves those, and only those, that a role had brought.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CityId, role::CommunityRole};
use posada::commands::update_member::{self, CannotUpdateMember, UpdateMember};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{BARCELONA, Ground, MENDOZA, order};

#[derive(Clone, Debug)]
enum Step {
    Choose(BTreeSet<CommunityRole>),
    /// Joins a group by themselves, as anyone may.
    Join(&'static str),
    Move(CityId),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some_roles = || proptest::collection::btree_set(proptest::sample::select(CommunityRole::ALL), 1..6);
    let groups: Vec<&'static str> = CommunityRole::ALL.iter().filter_map(|role| role.group()).map(|group| group.key).collect();
    let step = prop_oneof![
        4 => some_roles().prop_map(Step::Choose),
        2 => proptest::sample::select(groups).prop_map(Step::Join),
        1 => proptest::sample::select(vec![BARCELONA, MENDOZA]).prop_map(Step::Move),
    ];
    proptest::collection::vec(step, 1..12)
}

/// What a member should be in, after the rule as one says it: by role only while a role brings it, by oneself for good.
#[derive(Default)]
struct Model {
    city: String,
    groups: BTreeMap<String, &'static str>,
}

impl Model {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Choose(roles) => {
                let brought: BTreeSet<&str> = CommunityRole::groups(roles).into_iter().map(|group| group.key).collect();
                self.groups.retain(|key, why| *why == "self" || brought.contains(key.as_str()));
                for key in brought {
                    self.groups.entry(key.to_owned()).or_insert("role");
                }
            }
            Step::Join(key) => drop(self.groups.insert((*key).to_owned(), "self")),
            Step::Move(city) => self.city = city.to_string(),
        }
    }
}

#[test]
fn groups_follow_roles_and_home_city_through_any_history() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ground = runtime.block_on(Ground::new());
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let n = std::cell::Cell::new(0);
    let outcome = runner.run(&steps(), |steps| {
        n.set(n.get() + 1);
        runtime.block_on(replay(&ground, n.get(), &steps));
        Ok(())
    });
    runtime.block_on(ground.stop());
    outcome.unwrap();
}

async fn replay(ground: &Ground, n: usize, steps: &[Step]) {
    let tenant = ground.tenant.id;
    let ana = ground.signs_up(&format!("member-{n}@example.org")).await;
    let caller = ground.store.principal(tenant, ana.token.hash()).await.unwrap().unwrap().caller(tenant);
    let mut model = Model { city: BARCELONA.to_string(), ..Model::default() };
    model.take(&Step::Choose(ana.member.roles.clone()));
    for (at, step) in steps.iter().enumerate() {
        model.take(step);
        let mut tx = ground.store.begin(&caller).await.unwrap();
        match step {
            Step::Choose(roles) => {
                let order = UpdateMember { roles: Some(roles.clone()), ..UpdateMember::default() };
                assert_eq!(update_member::run(&mut tx, ground.gazetteer, &caller, &order).await.unwrap().roles, *roles);
            }
            Step::Move(city) => {
                let order = UpdateMember { home_city: Some(*city), ..UpdateMember::default() };
                update_member::run(&mut tx, ground.gazetteer, &caller, &order).await.unwrap();
            }
            Step::Join(key) => {
                sqlx::query(
                    "with g as (
                        insert into groups (tenant_id, id, kind, key, name) values ($1, gen_random_uuid(), 'professional', $2, $2)
                        on conflict (tenant_id, kind, key) do update set key = excluded.key returning id)
                     insert into group_members (tenant_id, group_id, member_id, joined_by) select $1, id, $3, 'self' from g
                     on conflict (tenant_id, group_id, member_id) do update set joined_by = 'self'",
                )
                .bind(tenant.0)
                .bind(key)
                .bind(ana.member.id.0)
                .execute(&mut *tx)
                .await
                .unwrap();
            }
        }
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select g.key, gm.joined_by from group_members gm join groups g on g.tenant_id = gm.tenant_id and g.id = gm.group_id where gm.member_id = $1",
        )
        .bind(ana.member.id.0)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let mut wanted: BTreeMap<String, &str> = model.groups.clone();
        wanted.insert(model.city.clone(), "city");
        let is: BTreeMap<String, &str> = rows.iter().map(|(key, why)| (key.clone(), why.as_str())).collect();
        assert_eq!(is, wanted, "after step {at} of {steps:?}");
    }
}

#[tokio::test]
async fn nobody_is_without_a_role_and_a_city_that_is_none_changes_nothing() {
    let ground = Ground::new().await;
    let ana = ground.sign_up(&order("ana@example.org")).await.unwrap();
    let caller = ground.store.principal(ground.tenant.id, ana.token.hash()).await.unwrap().unwrap().caller(ground.tenant.id);
    let mut tx = ground.store.begin(&caller).await.unwrap();
    let none = UpdateMember { roles: Some(BTreeSet::new()), ..UpdateMember::default() };
    assert!(matches!(update_member::run(&mut tx, ground.gazetteer, &caller, &none).await, Err(CannotUpdateMember::NoRole)));
    let nowhere = UpdateMember { home_city: Some(CityId(1)), ..UpdateMember::default() };
    assert!(matches!(update_member::run(&mut tx, ground.gazetteer, &caller, &nowhere).await, Err(CannotUpdateMember::HomeCity(_))));
    let unchanged = update_member::run(&mut tx, ground.gazetteer, &caller, &UpdateMember::default()).await.unwrap();
    assert_eq!(unchanged, ana.member);
    drop(tx);
    ground.stop().await;
}

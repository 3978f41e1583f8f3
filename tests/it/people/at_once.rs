//! One member, changed from several devices at once: what is left is one of the changes, with all that belongs to it and nothing else.

use std::collections::BTreeSet;

use domain::role::CommunityRole;
use futures_util::future::join_all;
use posada::commands::update_member::{self, UpdateMember};

use super::{BARCELONA, Ground, MENDOZA};

#[tokio::test]
async fn groups_are_those_of_the_roles_and_the_city_that_are_left() {
    let ground = Ground::new().await;
    let ana = ground.signs_up("ana@example.org").await;
    let caller = ground.store.principal(ground.tenant.id, ana.token.hash()).await.unwrap().unwrap().caller(ground.tenant.id);
    for round in 0..5 {
        let changes = (0..12).map(|n| {
            let roles: BTreeSet<CommunityRole> = CommunityRole::ALL.iter().copied().skip((n * 5 + round) % 13).take(1 + n % 5).collect();
            let city = [BARCELONA, MENDOZA][(n + round) % 2];
            let order = match n % 3 {
                0 => UpdateMember { roles: Some(roles), ..UpdateMember::default() },
                1 => UpdateMember { home_city: Some(city), ..UpdateMember::default() },
                _ => UpdateMember { roles: Some(roles), home_city: Some(city), ..UpdateMember::default() },
            };
            let (ground, caller) = (&ground, &caller);
            async move {
                let mut tx = ground.store.begin(caller).await.unwrap();
                update_member::run(&mut tx, ground.gazetteer, caller, &order).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
        join_all(changes).await;

        let mut tx = ground.store.begin(&caller).await.unwrap();
        let member = tx.member(ana.member.id).await.unwrap().unwrap();
        let is: BTreeSet<(String, String)> = member.groups.into_iter().map(|group| (group.kind, group.name)).collect();
        let city = ground.gazetteer.get(member.home_city.unwrap().0).unwrap().name.to_owned();
        let roles = CommunityRole::groups(&member.roles).into_iter().map(|group| ("professional".to_owned(), group.name.to_owned()));
        let wanted: BTreeSet<(String, String)> = roles.chain([("city".to_owned(), city)]).collect();
        assert_eq!(is, wanted, "round {round}, roles {:?}", member.roles);
    }
    ground.stop().await;
}

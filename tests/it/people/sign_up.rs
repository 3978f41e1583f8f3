//! All of a sign-up becomes true, or nothing; and an e-mail is one person's.

use domain::CityId;
use domain::role::PlatformRole;
use futures_util::future::join_all;
use posada::{
    commands::{
        add_member::{self, AddMember, CannotAddMember},
        place_city::{CannotPlace, Wanted, locate},
        sign_up::{self, CannotSignUp, SignUp},
    },
    secrets::Password,
};

use super::{BARCELONA, Ground, MENDOZA, order, roles};

#[tokio::test]
async fn a_sign_up_makes_account_member_city_roles_groups_and_session() {
    let ground = Ground::new().await;
    let mut order = order("Ana@Example.org");
    order.profile.roles = roles(&["dancer", "teacher", "dj"]);
    let ana = ground.sign_up(&order).await.unwrap();
    assert_eq!((ana.member.email.as_str(), ana.member.home_city), ("ana@example.org", Some(BARCELONA)));
    assert_eq!(ana.member.roles, order.profile.roles);
    let groups: Vec<(&str, &str)> = ana.member.groups.iter().map(|g| (g.kind.as_str(), g.name.as_str())).collect();
    assert_eq!(groups, [("city", "Barcelona"), ("professional", "DJs"), ("professional", "Teachers")]);
    assert_eq!(ana.member.languages, ["es"]);
    assert_eq!(ground.count("select count(*) from sessions").await, 1);
    ground.stop().await;
}

#[tokio::test]
async fn a_sign_up_that_is_refused_leaves_nothing_behind() {
    let ground = Ground::new().await;
    let nowhere = SignUp { home_city: CityId(1), ..order("ana@example.org") };
    assert!(matches!(ground.sign_up(&nowhere).await, Err(CannotSignUp::HomeCity(CannotPlace::Unknown(..)))));
    let mut idle = order("ana@example.org");
    idle.profile.roles.clear();
    assert!(matches!(ground.sign_up(&idle).await, Err(CannotSignUp::NoRole)));
    let mut closed = ground.tenant("closed").await;
    closed.sign_up = posada::store::tenants::SignUpRule::Closed;
    let refused = sign_up::run(&ground.store, &ground.hasher, ground.gazetteer, &closed, &order("ana@example.org")).await;
    assert!(matches!(refused, Err(CannotSignUp::Closed)));
    let left = "select (select count(*) from accounts) + (select count(*) from members) + (select count(*) from cities) + (select count(*) from groups)";
    assert_eq!(ground.count(left).await, 0);
    ground.stop().await;
}

#[tokio::test]
async fn who_knows_the_password_is_the_same_person_and_who_does_not_is_refused() {
    let ground = Ground::new().await;
    let ana = ground.signs_up("ana@example.org").await;
    let mut other = order("ANA@example.org");
    other.password = Password::new(&"another password".into(), &other.email).unwrap();
    assert!(matches!(ground.sign_up(&other).await, Err(CannotSignUp::Refused)));

    // Again with the right one: signed in, and nothing of the profile is overwritten.
    let mut again = order("ana@example.org");
    again.home_city = MENDOZA;
    again.profile.name = "Somebody Else".parse().unwrap();
    let once_more = ground.sign_up(&again).await.unwrap();
    assert_eq!((once_more.member.id, once_more.member.name.as_str(), once_more.member.home_city), (ana.member.id, "ana", Some(BARCELONA)));
    assert_ne!(once_more.token.hash(), ana.token.hash());
    assert_eq!(ground.count("select count(*) from cities").await, 1, "a city nobody moved to");

    // Into another community: one account, two members that know nothing of each other.
    let south = ground.tenant("south").await;
    let there = sign_up::run(&ground.store, &ground.hasher, ground.gazetteer, &south, &again).await.unwrap();
    assert_eq!(there.member.account, ana.member.account);
    assert_ne!(there.member.id, ana.member.id);
    assert_eq!((there.member.name.as_str(), there.member.home_city), ("Somebody Else", Some(MENDOZA)));
    assert_eq!(ground.count("select count(*) from accounts").await, 1);
    ground.stop().await;
}

#[tokio::test]
async fn a_key_makes_one_member_and_is_nobody_elses() {
    let ground = Ground::new().await;
    let ana = SignUp { key: Some("k-1".to_owned()), ..order("ana@example.org") };
    let first = ground.sign_up(&ana).await.unwrap();
    let second = ground.sign_up(&ana).await.unwrap();
    assert_eq!(first.member.id, second.member.id);
    let ben = SignUp { key: Some("k-1".to_owned()), ..order("ben@example.org") };
    assert!(matches!(ground.sign_up(&ben).await, Err(CannotSignUp::KeyReused)));
    assert_eq!(ground.count("select count(*) from accounts").await, 1, "the refused one was rolled back");
    // What is kept of the request holds nothing that a password could be guessed against.
    let other_password = SignUp { password: Password::given(&"another password".into()).unwrap(), ..ana };
    assert!(matches!(ground.sign_up(&other_password).await, Err(CannotSignUp::Refused)));
    ground.stop().await;
}

#[tokio::test]
async fn of_many_sign_ups_with_one_e_mail_one_makes_the_account() {
    let ground = Ground::new().await;
    let orders: Vec<SignUp> = (0..8)
        .map(|n| {
            let mut order = order("ana@example.org");
            order.password = Password::new(&format!("password of number {n}").into(), &order.email).unwrap();
            order
        })
        .collect();
    let all = join_all(orders.iter().map(|order| ground.sign_up(order))).await;
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1);
    assert!(all.iter().filter_map(|one| one.as_ref().err()).all(|e| matches!(e, CannotSignUp::Refused)), "{all:?}");
    assert_eq!(ground.count("select count(*) from accounts").await, 1);
    // The same password from two devices at once is the same person.
    let ben = order("ben@example.org");
    let both = join_all([ground.sign_up(&ben), ground.sign_up(&ben)]).await;
    let ids: Vec<_> = both.into_iter().map(|one| one.unwrap().member.id).collect();
    assert_eq!(ids[0], ids[1]);
    ground.stop().await;
}

#[tokio::test]
async fn fifty_people_of_a_new_city_at_once_make_one_city_and_one_group() {
    let ground = Ground::new().await;
    let orders: Vec<SignUp> = (0..50)
        .map(|n| {
            let mut order = SignUp { home_city: MENDOZA, ..order(&format!("member-{n}@example.org")) };
            // In every order: groups that were taken in the order of the form would end in a deadlock.
            let mut codes = ["dj", "teacher", "volunteer", "school", "host", "hotel"];
            codes.rotate_left(n % 6);
            order.profile.roles = roles(&codes[..1 + n % 5]);
            order
        })
        .collect();
    let all = join_all(orders.iter().map(|order| ground.sign_up(order))).await;
    let groups: Vec<_> = all.into_iter().map(|one| one.unwrap().member.groups.into_iter().find(|g| g.kind == "city").unwrap()).collect();
    assert!(groups.iter().all(|group| *group == groups[0]));
    assert_eq!(ground.count("select count(*) from cities").await, 1);
    assert_eq!(ground.count("select count(*) from groups where kind = 'city'").await, 1);
    assert_eq!(ground.count("select count(*) from group_members gm join groups g on g.id = gm.group_id where g.kind = 'city'").await, 50);
    let mut tx = ground.store.begin_as_tenant(ground.tenant.id).await.unwrap();
    assert_eq!(tx.members_of_city(MENDOZA).await.unwrap(), 50);
    drop(tx);
    ground.stop().await;
}

#[tokio::test]
async fn the_operator_adds_members_also_where_sign_up_is_closed() {
    let ground = Ground::new().await;
    let home = locate(ground.gazetteer, &Wanted { name: Some("Mendoza"), country: Some("AR"), ..Wanted::default() }).unwrap();
    let SignUp { email, password, profile, .. } = order("root@example.org");
    let mut order = AddMember { email, password, profile, home: Some(home), platform_role: PlatformRole::SuperAdmin };
    let added = add_member::run(&ground.store, &ground.hasher, ground.tenant.id, &order).await.unwrap();
    assert!(added.new_account);
    let again = add_member::run(&ground.store, &ground.hasher, ground.tenant.id, &order).await;
    assert!(matches!(again, Err(CannotAddMember::AlreadyMember(_))));
    // Into a second community with the account they have; the password given there changes nothing.
    let south = ground.tenant("south").await;
    order.password = Password::given(&"not their password".into()).unwrap();
    let there = add_member::run(&ground.store, &ground.hasher, south.id, &order).await.unwrap();
    assert_eq!((there.account, there.new_account), (added.account, false));
    let mut tx = ground.store.begin_as_account(south.id, there.account).await.unwrap();
    let member = tx.member(there.member).await.unwrap().unwrap();
    assert_eq!((member.platform_role, member.home_city), (PlatformRole::SuperAdmin, Some(MENDOZA)));
    drop(tx);
    ground.stop().await;
}

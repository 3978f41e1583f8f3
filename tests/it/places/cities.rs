//! A tenant's city and its group come into being once, whatever the spelling and however many come at once.

use futures_util::future::join_all;
use posada::commands::place_city::Wanted;
use sqlx::{Connection, PgConnection};

use super::{at, named, place_one};
use crate::people::{Ground, MENDOZA};

#[tokio::test]
async fn of_ten_first_things_in_a_city_one_makes_it_and_nine_find_it() {
    let ground = Ground::new().await;
    // Five ways to say one city, twice each.
    let wanted = [
        named("Mendoza", Some("AR")),
        named("  mÉNDoza ", Some("ar")),
        Wanted { city: Some(MENDOZA), ..Wanted::default() },
        Wanted { at: at(-32.889, -68.845), ..named("méndoza", None) },
        Wanted { at: at(-32.8908, -68.8272), ..Wanted::default() },
    ];
    let all = join_all((0..10).map(|n| place_one(&ground, &wanted[n % 5]))).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert!(all.iter().all(|(city, _)| *city == MENDOZA), "{all:?}");
    assert_eq!(all.iter().filter(|(_, created)| *created).count(), 1);
    assert_eq!(ground.count("select count(*) from cities").await, 1);
    assert_eq!(ground.count("select count(*) from groups where kind = 'city'").await, 1);
    assert_eq!(place_one(&ground, &wanted[0]).await.unwrap(), (MENDOZA, false));
    ground.stop().await;
}

#[tokio::test]
async fn the_database_alone_keeps_a_city_and_its_group_single() {
    let ground = Ground::new().await;
    place_one(&ground, &named("Mendoza", Some("AR"))).await.unwrap();
    // Straight to the tables, past every lookup and lock of the application, as the app's role.
    let mut app = PgConnection::connect(&ground.app.database_url("posada_app")).await.unwrap();
    sqlx::query("select set_config('posada.tenant', $1, false)").bind(ground.tenant.id.to_string()).execute(&mut app).await.unwrap();
    for (statement, constraint) in [
        ("insert into cities (tenant_id, id, slug) values (posada_tenant(), 3844421, 'mendoza-again')", "cities_pkey"),
        ("insert into cities (tenant_id, id, slug) values (posada_tenant(), 1, 'mendoza-ar')", "cities_tenant_id_slug_key"),
        (
            "insert into groups (tenant_id, id, kind, key, name, city_id) values (posada_tenant(), gen_random_uuid(), 'city', 'x', 'Mendoza', 3844421)",
            "groups_one_per_city",
        ),
        (
            "insert into groups (tenant_id, id, kind, key, name, city_id) values (posada_tenant(), gen_random_uuid(), 'city', '3844421', 'Mendoza', 3844421)",
            "groups_tenant_id_kind_key_key",
        ),
        ("insert into groups (tenant_id, id, kind, key, name) values (posada_tenant(), gen_random_uuid(), 'city', 'x', 'x')", "groups_check"),
    ] {
        let refused = sqlx::raw_sql(statement).execute(&mut app).await.expect_err(statement);
        assert_eq!(refused.as_database_error().and_then(|e| e.constraint()), Some(constraint), "{statement}: {refused}");
    }
    app.close().await.unwrap();
    ground.stop().await;
}

#[tokio::test]
async fn another_community_has_its_own_city_of_the_same_id() {
    let ground = Ground::new().await;
    place_one(&ground, &named("Mendoza", Some("AR"))).await.unwrap();
    let other = ground.tenant("other").await;
    let mut tx = ground.store.begin_as_tenant(other.id).await.unwrap();
    assert_eq!(tx.city_group(MENDOZA).await.unwrap(), None);
    let placed = posada::commands::place_city::place(&mut tx, ground.gazetteer, &named("Mendoza", Some("AR"))).await.unwrap().1;
    assert!(placed.created);
    tx.commit().await.unwrap();
    assert_eq!(ground.count("select count(distinct id) from groups where city_id = 3844421").await, 2);
    ground.stop().await;
}

#[tokio::test]
async fn same_named_cities_stay_apart() {
    let ground = Ground::new().await;
    for (name, countries) in [("Córdoba", &["AR", "ES"][..]), ("Paris", &["FR", "US"]), ("Santiago", &["CL", "DO", "ES"]), ("Mérida", &["MX", "ES", "VE"])] {
        let before = ground.count("select count(*) from groups where kind = 'city'").await;
        for country in countries {
            // With its country the name is one city; where the country has several, the choice is made by id as a person would make it.
            let city = match super::find(&named(name, Some(country))) {
                Ok(located) => located.city_id(),
                Err(posada::commands::place_city::CannotPlace::Ambiguous(_, choices)) => choices[0].id,
                Err(other) => panic!("{name} {country}: {other}"),
            };
            place_one(&ground, &Wanted { city: Some(city), ..Wanted::default() }).await.unwrap();
        }
        let made = ground.count("select count(*) from groups where kind = 'city'").await - before;
        assert_eq!(made, countries.len() as i64, "{name}");
    }
    assert_eq!(ground.count("select count(distinct slug) from cities").await, 10);
    ground.stop().await;
}

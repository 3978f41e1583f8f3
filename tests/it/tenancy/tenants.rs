//! How a tenant is made by the operator and found by what a request names.

use posada::{
    commands::create_tenant::{self, CannotCreateTenant, CreateTenant},
    store::{OwnerStore, tenants::SignUpRule},
};
use sqlx::{Connection, PgConnection};

use crate::{harness::TestApp, people::Ground};

fn order(slug: &str, domain: Option<&str>) -> CreateTenant {
    CreateTenant {
        slug: slug.to_owned(),
        name: "Tango in the South".to_owned(),
        domain: domain.map(str::to_owned),
        public_map: false,
        sign_up: SignUpRule::Closed,
        tile_url: None,
    }
}

#[tokio::test]
async fn a_community_is_found_by_its_domain_or_slug_and_by_nothing_else() {
    let ground = Ground::new().await;
    let mut owner = OwnerStore::new(PgConnection::connect(&ground.app.database_url("posada_owner")).await.unwrap());
    let made = create_tenant::run(&mut owner, &order("south", Some("South.Example.org"))).await.unwrap();
    assert_eq!(made.domain.as_deref(), Some("south.example.org"));

    let store = &ground.store;
    assert_eq!(store.tenant_by_slug("south").await.unwrap().as_ref(), Some(&made));
    assert_eq!(store.tenant_by_domain("SOUTH.example.org").await.unwrap().as_ref(), Some(&made));
    for nobody in ["", "South", "south%", "%", "' or true --", "Tango in the South", &made.id.to_string()] {
        assert_eq!(store.tenant_by_slug(nobody).await.unwrap(), None, "{nobody:?}");
        assert_eq!(store.tenant_by_domain(nobody).await.unwrap(), None, "{nobody:?}");
    }
    assert_eq!(owner.tenants().await.unwrap().iter().map(|t| t.slug.as_str()).collect::<Vec<_>>(), ["demo", "south"]);
    ground.stop().await;
}

#[tokio::test]
async fn what_cannot_be_a_community_is_refused_in_words() {
    let app = TestApp::spawn().await;
    let mut owner = OwnerStore::new(PgConnection::connect(&app.database_url("posada_owner")).await.unwrap());
    for slug in ["", "Demo", "-x", "x-", "a b", "ñ", &"a".repeat(64)] {
        let refused = create_tenant::run(&mut owner, &order(slug, None)).await.unwrap_err();
        assert!(matches!(refused, CannotCreateTenant::BadSlug(_)), "{slug:?}: {refused}");
    }
    let refused = create_tenant::run(&mut owner, &order("south", Some("http://south.example.org"))).await.unwrap_err();
    assert!(matches!(refused, CannotCreateTenant::BadDomain(_)), "{refused}");
    let refused = create_tenant::run(&mut owner, &CreateTenant { name: " ".to_owned(), ..order("south", None) }).await.unwrap_err();
    assert!(matches!(refused, CannotCreateTenant::BadName), "{refused}");
    let refused = create_tenant::run(&mut owner, &order("demo", None)).await.unwrap_err();
    assert!(matches!(refused, CannotCreateTenant::Taken(_)), "{refused}");
    create_tenant::run(&mut owner, &order("south", Some("x.example.org"))).await.unwrap();
    let refused = create_tenant::run(&mut owner, &order("north", Some("X.example.org"))).await.unwrap_err();
    assert!(matches!(refused, CannotCreateTenant::Taken(_)), "{refused}");
    app.stop().await;
}

#[tokio::test]
async fn whoever_holds_a_session_is_somebody_only_where_they_are_a_member() {
    let ground = Ground::new().await;
    let other = ground.tenant("other").await;
    let signed_in = ground.signs_up("ana@example.org").await;
    let here = ground.store.principal(ground.tenant.id, signed_in.token.hash()).await.unwrap().unwrap();
    assert_eq!(here.member.as_ref().map(|m| m.id), Some(signed_in.member.id));
    let there = ground.store.principal(other.id, signed_in.token.hash()).await.unwrap().unwrap();
    assert_eq!((there.account, there.member.clone()), (here.account, None));
    assert_eq!(there.caller(other.id).member(), None);
    ground.stop().await;
}

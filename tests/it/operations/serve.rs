use crate::harness::TestApp;

#[tokio::test]
async fn a_server_answers_on_the_port_it_was_given_and_again_after_a_kill() {
    let mut app = TestApp::spawn().await;
    let tenants = || sqlx::query_scalar::<_, i64>("select count(*) from tenants").fetch_one(app.owner());
    assert_eq!(tenants().await.unwrap(), 1);
    let _ = app.visitor().get("/health/live").await.expect(200);
    app.restart().await;
    let _ = app.visitor().get("/health/live").await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn the_pool_of_the_server_is_a_role_that_feels_row_security() {
    let app = TestApp::spawn().await;
    let (role, may): (String, bool) = sqlx::query_as("select current_user::text, rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        .fetch_one(app.app().store.pool())
        .await
        .unwrap();
    assert_eq!((role.as_str(), may), ("posada_app", false));
    let seen: i64 = sqlx::query_scalar("select count(*) from tenants").fetch_one(app.app().store.pool()).await.unwrap();
    assert_eq!(seen, 0, "without a tenant nothing is seen");
    app.stop().await;
}

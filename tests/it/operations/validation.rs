//! A defect stops the start. Each kind is seeded in `posada::validate`; here one is met by a whole server.

use crate::harness::TestApp;

#[tokio::test]
async fn a_database_written_by_a_newer_build_stops_the_start() {
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (999999, 'from the future', true, '', 0)";
    let why = TestApp::refuses(newer, |_| {}).await;
    assert!(why.contains("999999") && why.contains("newer"), "{why}");
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_was_applied_stops_the_start() {
    let why = TestApp::refuses("update _sqlx_migrations set checksum = 'other' where version = 1", |_| {}).await;
    assert!(why.contains("migration 1 was changed"), "{why}");
}

#[tokio::test]
async fn a_configuration_that_contradicts_itself_stops_the_start() {
    let why = TestApp::refuses("select 1", |config| config.tenancy.default = "No Slug".to_owned()).await;
    assert!(why.contains("configuration: tenancy.default") && why.contains("No Slug"), "{why}");
}

#[tokio::test]
async fn a_role_that_would_not_feel_row_security_stops_the_start() {
    let why = TestApp::refuses("select 1", |config| {
        let superuser = config.database.url.take().unwrap().replace("posada_app@", "posada_relay@");
        config.database.url = Some(superuser);
    })
    .await;
    assert!(why.contains("posada_relay may not become posada_app"), "{why}");
}

//! People: signing up, in and out, roles and their groups, answers given once.

mod at_once;
mod idempotency;
mod roles;
mod sessions;
mod sign_in;
mod sign_up;

use std::collections::BTreeSet;

use domain::{CityId, Email, Languages, role::CommunityRole};
use gazetteer::Gazetteer;
use posada::{
    commands::{
        enrol::Profile,
        sign_in::SignedIn,
        sign_up::{CannotSignUp, SignUp},
    },
    secrets::{Hasher, Password},
    store::{Store, Tenant},
};
use sqlx::postgres::PgPoolOptions;

use crate::harness::{TENANT, TestApp};

pub const BARCELONA: CityId = CityId(3_128_760);
pub const MENDOZA: CityId = CityId(3_844_421);
pub const PASSWORD: &str = "grapefruit tango";

/// A database with its tenant, used directly: a store of the test's own, as `posada_app`.
pub struct Ground {
    pub app: TestApp,
    pub store: Store,
    pub hasher: Hasher,
    pub gazetteer: &'static Gazetteer,
    pub tenant: Tenant,
}

impl Ground {
    pub async fn new() -> Self {
        let app = TestApp::spawn().await;
        let pool = PgPoolOptions::new().max_connections(16).connect(&app.database_url("posada_app")).await.unwrap();
        let store = Store::new(pool);
        let tenant = store.tenant_by_slug(TENANT).await.unwrap().unwrap();
        Self { app, store, hasher: Hasher::default(), gazetteer: Gazetteer::embedded(), tenant }
    }

    pub async fn tenant(&self, slug: &str) -> Tenant {
        self.app.make_tenant(slug).await;
        self.store.tenant_by_slug(slug).await.unwrap().unwrap()
    }

    pub async fn sign_up(&self, order: &SignUp) -> Result<SignedIn, CannotSignUp> {
        posada::commands::sign_up::run(&self.store, &self.hasher, self.gazetteer, &self.tenant, order).await
    }

    pub async fn signs_up(&self, email: &str) -> SignedIn {
        self.sign_up(&order(email)).await.unwrap()
    }

    /// One number, asked past row security.
    pub async fn count(&self, what: &'static str) -> i64 {
        sqlx::query_scalar(what).fetch_one(self.app.owner()).await.unwrap()
    }

    pub async fn stop(self) {
        self.store.pool().close().await;
        self.app.stop().await;
    }
}

/// A sign-up as most people send it: at home in Barcelona, a dancer.
pub fn order(email: &str) -> SignUp {
    let email: Email = email.parse().unwrap();
    SignUp {
        password: Password::new(&PASSWORD.into(), &email).unwrap(),
        profile: Profile { name: email.local().parse().unwrap(), roles: roles(&["dancer"]), languages: Languages::new(["es"]).unwrap() },
        email,
        home_city: BARCELONA,
        key: None,
        user_agent: Some("it".to_owned()),
    }
}

pub fn roles(codes: &[&str]) -> BTreeSet<CommunityRole> {
    codes.iter().map(|code| CommunityRole::from_code(code).unwrap()).collect()
}

//! A community on a Postgres of its own that keeps every promise (a commit is on the disk), gone when the measurement is over.

use std::fmt::Write as _;

use anyhow::Context as _;
use domain::{Currency, TenantId};
use gazetteer::{City, Gazetteer};
use posada::{
    commands::{
        create_tenant::{self, CreateTenant},
        import_homes::Import,
    },
    config::Config,
    database::{Database, Purpose},
    import::{self, HomeFile, HostRule, Report},
    store::{OwnerStore, Store, tenants::SignUpRule},
};

use crate::watch::Watch;

pub struct Ground {
    pub store: Store,
    pub tenant: TenantId,
    pub gazetteer: &'static Gazetteer,
    database: Database,
    _watch: Watch,
}

impl Ground {
    pub async fn new() -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("posada-writes-{}", std::process::id()));
        let watch = Watch::over(&dir);
        let config = Config { data_dir: Some(dir), ..Config::default() };
        let database = Database::open(&config, Purpose::Serve).await?;
        database.migrate().await?;
        let store = Store::new(database.app().clone());
        let mut owner = OwnerStore::new(database.owner().await?);
        let (slug, name) = ("measured".to_owned(), "Measured".to_owned());
        let order = CreateTenant { slug, name, domain: None, public_map: false, sign_up: SignUpRule::Closed, tile_url: None };
        let tenant = create_tenant::run(&mut owner, &order).await?.id;
        Ok(Self { store, tenant, gazetteer: Gazetteer::embedded(), database, _watch: watch })
    }

    /// Takes in a made-up file of listings of one city, as `posada import homes` does; every third home is its host's only one.
    pub async fn import(&self, city: &City<'_>, source: &str, homes: usize) -> anyhow::Result<Report> {
        let mut text = "id,name,host_id,neighbourhood,latitude,longitude,room_type,price,minimum_nights,number_of_reviews,availability_365\n".to_owned();
        for n in 0..homes {
            let host = if n % 3 == 0 { n } else { n % (homes / 3 + 1) };
            let (lat, lng) = (city.lat + (n % 331) as f64 * 1e-4, city.lon + (n % 577) as f64 * 1e-4);
            writeln!(
                text,
                "{n},\"Room {n}, with a view of the sea\",{host},Old town,{lat:.5},{lng:.5},Private room,{},2,{},{}",
                40 + n % 90,
                n % 50,
                1 + n % 365
            )?;
        }
        let of = import::City::of(self.gazetteer, domain::CityId(city.id)).context("a city of the gazetteer")?;
        let file = HomeFile::open(std::io::Cursor::new(text), Some(of), Currency::Eur, self.gazetteer)?;
        let relay = actors::RelayHandle::default();
        let import = Import { store: &self.store, relay: &relay, gazetteer: self.gazetteer, tenant: self.tenant, source, dry_run: false };
        Ok(import::run(file, import, HostRule::EachOfTheSource, &mut std::io::sink(), |_, _| {}).await?)
    }

    pub async fn end(self) {
        self.database.stop().await;
    }
}

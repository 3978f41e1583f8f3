//! Many homes at once: a batch is a handful of statements, whatever its size.

use std::collections::HashMap;

use domain::{
    CityId, HomeId, MemberId,
    cell::PublicPlace,
    home::{Home, HomeStatus},
};
use uuid::Uuid;

use super::rows::public_place;
use crate::store::{StoreError, TenantTx};

/// A home out of a source, ready to be saved.
#[derive(Clone, Debug)]
pub struct ImportedRow {
    pub home: Home,
    /// Its name in the source.
    pub reference: String,
    /// What the source said, hashed; the lowest bit: on offer there.
    pub digest: i64,
}

/// What is known of a home that came from a source before. Locked until the end of the transaction.
#[derive(Clone, Debug)]
pub struct KnownImport {
    pub id: HomeId,
    pub host: MemberId,
    pub city: CityId,
    pub status: HomeStatus,
    pub version: u32,
    pub digest: i64,
    pub public: PublicPlace,
}

impl TenantTx {
    /// Which of a source's homes are here already, locked in the order of their references.
    pub async fn known_imports(&mut self, source: &str, references: &[String]) -> Result<HashMap<String, KnownImport>, StoreError> {
        let mut sorted = references.to_vec();
        sorted.sort_unstable();
        // One by one through the unique index: while a table is being filled its statistics are old, and a plan for "any of 500" then reads
        // all homes of the source again and again (measured: 270 ms against 6).
        let rows = sqlx::query!(
            "select h.id as \"id!\", h.host_id as \"host_id!\", h.city_id as \"city_id!\", h.status as \"status!\", h.version as \"version!\",
                    h.public_lat as \"public_lat!\", h.public_lng as \"public_lng!\", h.cell as \"cell!\", h.source_ref as \"source_ref!\",
                    h.source_digest as \"digest!\"
             from unnest($3::text[]) as r (reference) cross join lateral
                  (select * from homes where tenant_id = $1 and source = $2 and source_ref = r.reference offset 0 for update) h",
            self.tenant().0,
            source,
            &sorted
        )
        .fetch_all(&mut **self)
        .await?;
        rows.into_iter()
            .map(|row| {
                let bad = |why: String| StoreError::BadRow { table: "homes", id: row.id.to_string(), why };
                let known = KnownImport {
                    id: HomeId(row.id),
                    host: MemberId(row.host_id),
                    city: CityId(row.city_id as u32),
                    status: HomeStatus::from_code(&row.status).ok_or_else(|| bad(format!("status {:?}", row.status)))?,
                    version: row.version as u32,
                    digest: row.digest,
                    public: public_place(row.cell, row.public_lat, row.public_lng).map_err(bad)?,
                };
                Ok((row.source_ref, known))
            })
            .collect()
    }

    /// Which of some ids are homes of this tenant already.
    pub async fn homes_among(&mut self, ids: &[Uuid]) -> Result<Vec<HomeId>, StoreError> {
        let found = sqlx::query_scalar!("select id from homes where tenant_id = $1 and id = any($2)", self.tenant().0, ids).fetch_all(&mut **self).await?;
        Ok(found.into_iter().map(HomeId).collect())
    }

    /// Locks the counts of some cities, in order, before homes in several of them change.
    pub async fn hold_cities(&mut self, cities: &[CityId]) -> Result<(), StoreError> {
        let ids: Vec<i64> = cities.iter().map(|city| i64::from(city.0)).collect();
        sqlx::query!("select city_id from city_counts where tenant_id = $1 and city_id = any($2) order by city_id for update", self.tenant().0, &ids)
            .fetch_all(&mut **self)
            .await?;
        Ok(())
    }

    /// One member for each host of a source, made where there is none yet: they cannot sign in.
    pub async fn placeholder_hosts(&mut self, source: &str, hosts: &[(String, String)]) -> Result<HashMap<String, MemberId>, StoreError> {
        let (refs, names): (Vec<String>, Vec<String>) = hosts.iter().cloned().unzip();
        let rows = sqlx::query!("select ref as \"reference!\", member_id as \"member!\" from placeholder_hosts($1, $2, $3)", source, &refs, &names)
            .fetch_all(&mut **self)
            .await?;
        Ok(rows.into_iter().map(|row| (row.reference, MemberId(row.member))).collect())
    }

    /// New homes with their rooms, in two statements.
    pub async fn insert_imported(&mut self, source: &str, rows: &[ImportedRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let tenant = self.tenant().0;
        let columns = Columns::of(rows);
        sqlx::query!(
            "insert into homes (tenant_id, source, id, host_id, city_id, status, kind, offer, title, description, guests, bedrooms, beds, price, currency,
                                lat, lng, approximate, public_lat, public_lng, cell, source_ref, source_digest)
             select $1, $2, * from unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::smallint[],
                                          $12::smallint[], $13::smallint[], $14::integer[], $15::text[], $16::float8[], $17::float8[], $18::boolean[],
                                          $19::float8[], $20::float8[], $21::bigint[], $22::text[], $23::bigint[])",
            tenant,
            source,
            &columns.id,
            &columns.host,
            &columns.city,
            &columns.status,
            &columns.kind,
            &columns.offer,
            &columns.title,
            &columns.description,
            &columns.guests,
            &columns.bedrooms as &[Option<i16>],
            &columns.beds as &[Option<i16>],
            &columns.price as &[Option<i32>],
            &columns.currency as &[Option<String>],
            &columns.lat,
            &columns.lng,
            &columns.approximate,
            &columns.public_lat,
            &columns.public_lng,
            &columns.cell,
            &columns.reference,
            &columns.digest
        )
        .execute(&mut **self)
        .await?;
        let rooms: Vec<(&Home, usize)> = rows.iter().flat_map(|row| (0..row.home.rooms.len()).map(move |n| (&row.home, n))).collect();
        let ids: Vec<Uuid> = rooms.iter().map(|(home, n)| home.rooms[*n].id.0).collect();
        let homes: Vec<Uuid> = rooms.iter().map(|(home, _)| home.id.0).collect();
        let names: Vec<String> = rooms.iter().map(|(home, n)| home.rooms[*n].name.as_str().to_owned()).collect();
        let guests: Vec<i16> = rooms.iter().map(|(home, n)| i16::from(home.rooms[*n].guests.get())).collect();
        let places: Vec<i16> = rooms.iter().map(|(_, n)| *n as i16).collect();
        sqlx::query!(
            "insert into rooms (tenant_id, id, home_id, name, guests, position)
             select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::smallint[], $6::smallint[])",
            tenant,
            &ids,
            &homes,
            &names,
            &guests,
            &places
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    /// Homes whose source says something new. Their rooms stay; an only room follows the home's guests.
    pub async fn update_imported(&mut self, rows: &[ImportedRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let tenant = self.tenant().0;
        let columns = Columns::of(rows);
        let versions: Vec<i32> = rows.iter().map(|row| row.home.version as i32).collect();
        let saved = sqlx::query!(
            "update homes h set status = u.status, kind = u.kind, offer = u.offer, title = u.title, description = u.description, guests = u.guests,
                    bedrooms = u.bedrooms, beds = u.beds, price = u.price, currency = u.currency, lat = u.lat, lng = u.lng, approximate = u.approximate,
                    public_lat = u.public_lat, public_lng = u.public_lng, cell = u.cell, source_digest = u.digest, city_id = u.city,
                    version = h.version + 1, updated_at = now()
             from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::smallint[], $10::smallint[],
                         $11::smallint[], $12::integer[], $13::text[], $14::float8[], $15::float8[], $16::boolean[], $17::float8[], $18::float8[],
                         $19::bigint[], $20::bigint[], $21::integer[])
                  as u (id, city, status, kind, offer, title, description, guests, bedrooms, beds, price, currency, lat, lng, approximate,
                        public_lat, public_lng, cell, digest, version)
             where h.tenant_id = $1 and h.id = u.id and h.version = u.version",
            tenant,
            &columns.id,
            &columns.city,
            &columns.status,
            &columns.kind,
            &columns.offer,
            &columns.title,
            &columns.description,
            &columns.guests,
            &columns.bedrooms as &[Option<i16>],
            &columns.beds as &[Option<i16>],
            &columns.price as &[Option<i32>],
            &columns.currency as &[Option<String>],
            &columns.lat,
            &columns.lng,
            &columns.approximate,
            &columns.public_lat,
            &columns.public_lng,
            &columns.cell,
            &columns.digest,
            &versions
        )
        .execute(&mut **self)
        .await?;
        if saved.rows_affected() != rows.len() as u64 {
            return Err(StoreError::Stale { table: "homes", id: format!("{} of an import", rows.len() as u64 - saved.rows_affected()) });
        }
        sqlx::query!(
            "update rooms r set guests = h.guests from homes h
             where r.tenant_id = $1 and r.home_id = any($2) and h.tenant_id = r.tenant_id and h.id = r.home_id and r.guests <> h.guests
               and not exists (select 1 from rooms o where o.tenant_id = r.tenant_id and o.home_id = r.home_id and o.id <> r.id)",
            tenant,
            &columns.id
        )
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

/// A batch turned on its side: one array per column.
#[derive(Default)]
struct Columns {
    id: Vec<Uuid>,
    host: Vec<Uuid>,
    city: Vec<i64>,
    status: Vec<String>,
    kind: Vec<String>,
    offer: Vec<String>,
    title: Vec<String>,
    description: Vec<String>,
    guests: Vec<i16>,
    bedrooms: Vec<Option<i16>>,
    beds: Vec<Option<i16>>,
    price: Vec<Option<i32>>,
    currency: Vec<Option<String>>,
    lat: Vec<f64>,
    lng: Vec<f64>,
    approximate: Vec<bool>,
    public_lat: Vec<f64>,
    public_lng: Vec<f64>,
    cell: Vec<i64>,
    reference: Vec<String>,
    digest: Vec<i64>,
}

impl Columns {
    fn of(rows: &[ImportedRow]) -> Self {
        let mut all = Self::default();
        for ImportedRow { home, reference, digest } in rows {
            let facts = &home.facts;
            all.id.push(home.id.0);
            all.host.push(home.host.0);
            all.city.push(i64::from(home.city.0));
            all.status.push(home.status.code().to_owned());
            all.kind.push(facts.kind.code().to_owned());
            all.offer.push(facts.offer.code().to_owned());
            all.title.push(facts.title.as_str().to_owned());
            all.description.push(facts.description.as_str().to_owned());
            all.guests.push(i16::from(facts.guests.get()));
            all.bedrooms.push(facts.bedrooms.map(i16::from));
            all.beds.push(facts.beds.map(i16::from));
            all.price.push(facts.price.map(|p| p.amount as i32));
            all.currency.push(facts.price.map(|p| p.currency.code().to_owned()));
            all.lat.push(home.exact.lat);
            all.lng.push(home.exact.lng);
            all.approximate.push(home.approximate);
            all.public_lat.push(home.public.at.lat);
            all.public_lng.push(home.public.at.lng);
            all.cell.push(home.public.cell.into());
            all.reference.push(reference.clone());
            all.digest.push(*digest);
        }
        all
    }
}

//! Takes in many homes of a source: each batch is one transaction with its events, so that a run that is killed goes on where it was when it
//! runs again.
//!
//! Called by `posada import homes` and by the makers of demo homes. A home is known by (source, reference): what the source says again changes
//! nothing and tells nobody; an edit made here stays until the source says something new of that home.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use actors::RelayHandle;
use domain::{
    CityId, Event, HomeId, MemberId, Position, RoomId, StreamName, TenantId,
    cell::PublicPlace,
    home::{Home, HomeFacts, HomeStatus, Room, RoomDraft},
    live::{CityChange, HomePoint},
};
use gazetteer::Gazetteer;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use super::place_city::{CannotPlace, Wanted, locate, settle};
use crate::store::{
    Store, StoreError, TenantTx,
    events::NewEvent,
    homes::{ImportedRow, KnownImport},
};

/// Homes of one transaction.
pub const BATCH: usize = 500;
/// Homes of one event: a frame stays small enough for a slow phone.
const EVENT: usize = 100;
/// How often a batch is tried again after Postgres ended it in favour of another transaction.
const TRIES: u32 = 4;

/// A home as a source has it, already within every limit.
#[derive(Clone, Debug)]
pub struct SourceHome {
    /// Its name in the source; once in a run.
    pub reference: String,
    pub host: HostOf,
    pub city: CityId,
    pub facts: HomeFacts,
    pub rooms: Vec<RoomDraft>,
    pub at: Position,
    pub approximate: bool,
    /// Taken in as active; else paused.
    pub on_offer: bool,
}

/// Whose home it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostOf {
    Member(MemberId),
    /// A placeholder member for the source's host: one for each, who cannot sign in.
    Source {
        reference: String,
        name: String,
    },
}

/// Where a batch goes.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    pub store: &'a Store,
    pub relay: &'a RelayHandle,
    pub gazetteer: &'a Gazetteer,
    pub tenant: TenantId,
    /// Lower-case letters, digits and hyphens.
    pub source: &'a str,
    /// Does all the work and takes it back.
    pub dry_run: bool,
}

/// What became of the homes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Taken {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Of the new and changed ones, those that are not on offer.
    pub paused: u64,
}

impl Taken {
    pub fn total(&self) -> u64 {
        self.new + self.changed + self.unchanged
    }
}

impl std::ops::AddAssign for Taken {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.paused += other.paused;
    }
}

#[derive(Debug, Error)]
pub enum CannotImport {
    #[error("a source is named by 1 to 30 lower-case letters, digits and hyphens, not {0:?}")]
    BadSource(String),
    #[error(transparent)]
    Place(#[from] CannotPlace),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes in all the homes, batch by batch; tells after each what has become of them so far.
pub async fn run(import: Import<'_>, homes: impl IntoIterator<Item = SourceHome>, mut told: impl FnMut(&Taken)) -> Result<Taken, CannotImport> {
    let mut taken = Taken::default();
    let mut homes = homes.into_iter();
    loop {
        let batch: Vec<SourceHome> = homes.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(taken);
        }
        taken += import.batch(&batch).await?;
        told(&taken);
    }
}

impl Import<'_> {
    /// One transaction: the homes, their rooms, the counts and the events.
    pub async fn batch(&self, homes: &[SourceHome]) -> Result<Taken, CannotImport> {
        let sane = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.source.is_empty() || self.source.len() > 30 || !self.source.chars().all(sane) {
            return Err(CannotImport::BadSource(self.source.chars().take(60).collect()));
        }
        let mut tried = 0;
        loop {
            tried += 1;
            match self.once(homes).await {
                Err(CannotImport::Store(error)) if tried < TRIES && is_race(&error) => {}
                Err(error) => return Err(error),
                Ok((taken, events)) => {
                    self.relay.publish(events);
                    metrics::counter!("posada_import_homes_total", "outcome" => "new").increment(taken.new);
                    metrics::counter!("posada_import_homes_total", "outcome" => "changed").increment(taken.changed);
                    metrics::counter!("posada_import_homes_total", "outcome" => "unchanged").increment(taken.unchanged);
                    return Ok(taken);
                }
            }
        }
    }

    async fn once(&self, homes: &[SourceHome]) -> Result<(Taken, Vec<Event>), CannotImport> {
        let mut tx = self.store.begin_as_tenant(self.tenant).await?;
        // Homes before cities, each in order: the same way round as a host's own commands.
        let references: Vec<String> = homes.iter().map(|home| home.reference.clone()).collect();
        let known = tx.known_imports(self.source, &references).await?;
        let here = self.exported_from_here(&mut tx, &references).await?;
        let mut plan = Plan::default();
        for home in homes.iter().filter(|home| !here.contains(&home.reference)) {
            plan.add(home, known.get(&home.reference));
        }
        plan.taken.unchanged += here.len() as u64;
        if plan.new.is_empty() && plan.changed.is_empty() {
            return Ok((plan.taken, Vec::new())); // nothing was written: the drop rolls back
        }
        for city in plan.new.iter().chain(plan.changed.iter().map(|(home, _)| home)).map(|home| home.city).collect::<BTreeSet<_>>() {
            settle(&mut tx, &locate(self.gazetteer, &Wanted { city: Some(city), ..Wanted::default() })?).await?;
        }
        let hosts = self.hosts(&mut tx, &plan.new).await?;
        let cities: BTreeSet<CityId> = plan.new.iter().map(|home| home.city).chain(plan.changed.iter().flat_map(|(home, was)| [home.city, was.city])).collect();
        tx.hold_cities(&cities.iter().copied().collect::<Vec<_>>()).await?;

        let now = OffsetDateTime::now_utc();
        let new = plan.new.iter().map(|home| new_row(home, &hosts, now)).collect::<Result<Vec<_>, _>>()?;
        let changed: Vec<ImportedRow> = plan.changed.iter().map(|(home, was)| changed_row(home, was, now)).collect();
        tx.insert_imported(self.source, &new).await?;
        tx.update_imported(&changed).await?;
        let on_map = || plan.changed.iter().zip(&changed).filter(|((_, was), _)| was.status.is_public()).map(|((_, was), row)| (*was, row));
        let goes = |was: &KnownImport, row: &ImportedRow| !row.home.status.is_public() || row.home.city != was.city;
        let left: Vec<(HomeId, CityId)> = on_map().filter(|(was, row)| goes(was, row)).map(|(was, _)| (was.id, was.city)).collect();
        let moved = on_map().filter(|(was, row)| goes(was, row) || row.home.public != was.public);
        let stood = moved.map(|(was, _)| ((was.id, was.city), was.public.at)).collect();
        let events = events(&mut tx, &new, &changed, left, &stood).await?;
        tx.record(events);
        if self.dry_run {
            return Ok((plan.taken, Vec::new()));
        }
        Ok((plan.taken, tx.commit().await?))
    }

    /// An export of this very community brings nothing new: its homes are known by their ids.
    async fn exported_from_here(&self, tx: &mut TenantTx, references: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let ids: Vec<Uuid> = references.iter().filter_map(|reference| Uuid::parse_str(reference).ok()).collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        Ok(tx.homes_among(&ids).await?.into_iter().map(|id| id.to_string()).collect())
    }

    /// The members of the hosts that the source names, by its names.
    async fn hosts(&self, tx: &mut TenantTx, homes: &[&SourceHome]) -> Result<HashMap<String, MemberId>, StoreError> {
        let named: BTreeMap<&String, &String> = homes
            .iter()
            .filter_map(|home| match &home.host {
                HostOf::Source { reference, name } => Some((reference, name)),
                HostOf::Member(_) => None,
            })
            .collect();
        if named.is_empty() {
            return Ok(HashMap::new());
        }
        let named: Vec<(String, String)> = named.into_iter().map(|(reference, name)| (reference.clone(), name.clone())).collect();
        tx.placeholder_hosts(self.source, &named).await
    }
}

/// What a city's watchers are told. A new home is told as it was just written; a changed one is read again, for the nights that are taken there.
///
/// `left`: gone from these cities. `stood`: where those stood that are gone or have moved.
async fn events(
    tx: &mut TenantTx,
    new: &[ImportedRow],
    changed: &[ImportedRow],
    left: Vec<(HomeId, CityId)>,
    stood: &HashMap<(HomeId, CityId), Position>,
) -> Result<Vec<NewEvent>, StoreError> {
    let mut cities: BTreeMap<CityId, (Vec<HomePoint>, Vec<HomeId>)> = BTreeMap::new();
    for row in new.iter().filter(|row| row.home.status.is_public()) {
        cities.entry(row.home.city).or_default().0.push(row.home.point(|_| Vec::new()));
    }
    if !changed.is_empty() {
        let city_of: HashMap<HomeId, CityId> = changed.iter().map(|row| (row.home.id, row.home.city)).collect();
        for point in tx.home_points(&city_of.keys().copied().collect::<Vec<_>>()).await? {
            cities.entry(city_of[&point.id]).or_default().0.push(point);
        }
    }
    for (home, city) in left {
        cities.entry(city).or_default().1.push(home);
    }
    let counts = tx.counts_of_cities(&cities.keys().copied().collect::<Vec<_>>()).await?;
    let mut events = Vec::new();
    for (city, (put, gone)) in cities {
        let counts = counts.get(&city).copied().unwrap_or_default();
        let (mut put, mut gone) = (put.into_iter().peekable(), gone.into_iter().peekable());
        while put.peek().is_some() || gone.peek().is_some() {
            let (put, gone): (Vec<_>, Vec<_>) = (put.by_ref().take(EVENT).collect(), gone.by_ref().take(EVENT).collect());
            let left = put.iter().map(|home| home.id).chain(gone.iter().copied()).filter_map(|home| stood.get(&(home, city)).copied()).collect();
            let change = CityChange { put, gone, left: Some(left), counts };
            events.push(NewEvent::new(StreamName::City(city), "homes_imported", &change)?);
        }
    }
    Ok(events)
}

/// Another transaction was in the way, or made the same homes this moment: the next try meets what it left.
fn is_race(error: &StoreError) -> bool {
    error.is_contention() || matches!(error, StoreError::Stale { .. }) || error.constraint() == Some("homes_imported_once")
}

/// What is to be done with each home of a batch.
#[derive(Default)]
struct Plan<'a> {
    new: Vec<&'a SourceHome>,
    changed: Vec<(&'a SourceHome, &'a KnownImport)>,
    seen: BTreeSet<&'a str>,
    taken: Taken,
}

impl<'a> Plan<'a> {
    fn add(&mut self, home: &'a SourceHome, known: Option<&'a KnownImport>) {
        let first = self.seen.insert(&home.reference);
        match known {
            _ if !first => self.taken.unchanged += 1,
            None => {
                self.taken.new += 1;
                self.taken.paused += u64::from(!home.on_offer);
                self.new.push(home);
            }
            // What was ended here stays ended, whatever the source says.
            Some(known) if known.digest == digest(home) || !known.status.is_editable() => self.taken.unchanged += 1,
            Some(known) => {
                self.taken.changed += 1;
                self.taken.paused += u64::from(!home.on_offer);
                self.changed.push((home, known));
            }
        }
    }
}

fn new_row(home: &SourceHome, hosts: &HashMap<String, MemberId>, now: OffsetDateTime) -> Result<ImportedRow, StoreError> {
    let host = match &home.host {
        HostOf::Member(member) => *member,
        // Absent only if another import is making the same host this moment: the batch is tried again.
        HostOf::Source { reference, .. } => {
            *hosts.get(reference).ok_or_else(|| StoreError::Stale { table: "members", id: format!("placeholder for {reference}") })?
        }
    };
    let rooms = home.rooms.iter().map(|room| Room { id: RoomId(Uuid::now_v7()), name: room.name.clone(), guests: room.guests }).collect();
    let public = PublicPlace::keep_or_choose(None, home.at, rand::random());
    let status = if home.on_offer { HomeStatus::Active } else { HomeStatus::Paused };
    Ok(row(home, Home { rooms, ..shell(home, HomeId(Uuid::now_v7()), host, status, public, 1, now) }))
}

fn changed_row(home: &SourceHome, was: &KnownImport, now: OffsetDateTime) -> ImportedRow {
    let was_on_offer = was.digest & 1 == 1;
    // Only when the source itself changed its mind: a host's own pause is theirs to end.
    let status = match was.status {
        HomeStatus::Active if was_on_offer && !home.on_offer => HomeStatus::Paused,
        HomeStatus::Paused if !was_on_offer && home.on_offer => HomeStatus::Active,
        status => status,
    };
    let public = PublicPlace::keep_or_choose(Some(was.public), home.at, rand::random());
    row(home, shell(home, was.id, was.host, status, public, was.version, now))
}

fn shell(home: &SourceHome, id: HomeId, host: MemberId, status: HomeStatus, public: PublicPlace, version: u32, now: OffsetDateTime) -> Home {
    Home {
        id,
        host,
        city: home.city,
        status,
        facts: home.facts.clone(),
        rooms: Vec::new(),
        exact: home.at,
        approximate: home.approximate,
        public,
        version,
        created_at: now,
        updated_at: now,
    }
}

fn row(source: &SourceHome, home: Home) -> ImportedRow {
    ImportedRow { home, reference: source.reference.clone(), digest: digest(source) }
}

/// What the source says of a home, as a number: equal while it says the same. The lowest bit: on offer.
fn digest(home: &SourceHome) -> i64 {
    let facts = &home.facts;
    let rooms: Vec<_> = home.rooms.iter().map(|room| (room.name.as_str(), room.guests.get())).collect();
    let price = facts.price.map(|price| (price.amount, price.currency.code()));
    let said = format!(
        "{:?}",
        (
            (facts.kind.code(), facts.offer.code(), facts.title.as_str(), facts.description.as_str(), facts.guests.get(), facts.bedrooms, facts.beds),
            (price, rooms, home.city.0, home.at.lat.to_bits(), home.at.lng.to_bits(), home.approximate),
        )
    );
    let hash = Sha256::digest(said.as_bytes());
    let first = i64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]]);
    first & !1 | i64::from(home.on_offer)
}

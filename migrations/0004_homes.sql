-- Homes, their rooms, and the counts a city's marker shows.

create table homes (
    tenant_id   uuid not null references tenants,
    id          uuid not null,
    host_id     uuid not null,
    city_id     bigint not null,
    status      text not null check (status in ('draft', 'pending_review', 'active', 'paused', 'retired', 'suspended')),
    kind        text not null check (kind in ('apartment', 'house', 'hotel', 'loft', 'cabin', 'boat')),
    offer       text not null check (offer in ('entire_place', 'private_room', 'shared_room')),
    title       text not null check (length(title) between 1 and 255),
    description text not null default '' check (length(description) <= 1000),
    guests      smallint not null check (guests between 1 and 20),
    bedrooms    smallint check (bedrooms between 0 and 50),
    beds        smallint check (beds between 1 and 50),
    price       integer check (price between 1 and 100000000),
    currency    text check (currency in ('EUR', 'USD', 'GBP', 'ARS', 'BRL', 'MXN', 'CHF')),
    -- Exact, in degrees: for the owner only.
    lat         double precision not null check (lat between -90 and 90),
    lng         double precision not null check (lng between -180 and 180),
    -- Only the city was known: the position is the city's centre.
    approximate boolean not null default false,
    -- Public: a point of the H3 cell, chosen once.
    public_lat  double precision not null,
    public_lng  double precision not null,
    cell        bigint not null,
    -- Where an imported home came from, and its name there.
    source      text,
    source_ref  text,
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, host_id) references members,
    foreign key (tenant_id, city_id) references cities,
    constraint homes_priced_whole check ((price is null) = (currency is null)),
    constraint homes_not_null_island check (not (abs(lat) < 0.01 and abs(lng) < 0.01)),
    constraint homes_source_whole check ((source is null) = (source_ref is null))
);
create unique index homes_imported_once on homes (tenant_id, source, source_ref) where source is not null;
create index homes_of_city on homes (tenant_id, city_id, status, created_at desc, id);
create index homes_of_host on homes (tenant_id, host_id, created_at desc, id);
create index homes_of_cell on homes (tenant_id, cell);
call posada_guard('homes');

create table rooms (
    tenant_id uuid not null,
    id        uuid not null,
    home_id   uuid not null,
    name      text not null check (length(name) between 1 and 120),
    guests    smallint not null check (guests between 1 and 20),
    position  smallint not null default 0,
    primary key (tenant_id, id),
    foreign key (tenant_id, home_id) references homes on delete cascade
);
create index rooms_of_home on rooms (tenant_id, home_id, position, id);
call posada_guard('rooms');

-- How many active homes a host has in a city; a host counts while this is above zero.
create table city_hosts (
    tenant_id uuid not null,
    city_id   bigint not null,
    host_id   uuid not null,
    homes     integer not null check (homes >= 0),
    primary key (tenant_id, city_id, host_id),
    foreign key (tenant_id, city_id) references cities
);
call posada_guard('city_hosts');

create table city_counts (
    tenant_id  uuid not null,
    city_id    bigint not null,
    homes      integer not null default 0 check (homes >= 0),
    hosts      integer not null default 0 check (hosts >= 0),
    changed_at timestamptz not null default now(),
    primary key (tenant_id, city_id),
    foreign key (tenant_id, city_id) references cities
);
create index city_counts_by_change on city_counts (tenant_id, changed_at);
call posada_guard('city_counts');

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
    -- What the source said when it was last taken in, hashed; the lowest bit: was it on offer there. An edit made here survives until the source says something new.
    source_digest bigint,
    version     integer not null default 1,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, host_id) references members,
    foreign key (tenant_id, city_id) references cities,
    constraint homes_priced_whole check ((price is null) = (currency is null)),
    constraint homes_not_null_island check (not (abs(lat) < 0.01 and abs(lng) < 0.01)),
    constraint homes_source_whole check ((source is null) = (source_ref is null) and (source is null) = (source_digest is null))
);
create unique index homes_imported_once on homes (tenant_id, source, source_ref) where source is not null;
-- Ids are UUID v7: their order is the order of making, newest first when read backwards.
create index homes_of_city on homes (tenant_id, city_id, status, id);
create index homes_of_host on homes (tenant_id, host_id, id);
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

-- Every city has its row of counts from the beginning: the row is also the lock under which its counts change and are read.
create function city_counts_begin() returns trigger language plpgsql as
$$
begin
    insert into city_counts (tenant_id, city_id) select tenant_id, id from added on conflict do nothing;
    return null;
end
$$;
create trigger city_counts_begin after insert on cities referencing new table as added
    for each statement execute function city_counts_begin();

-- Applies changes of "active homes of a host in a city" (one entry each, none of them zero) to city_hosts and city_counts.
-- The cities' rows are locked first and in order, so that two transactions never wait for each other in a circle.
create function city_counts_apply(tenants uuid[], cities bigint[], hosts uuid[], changes integer[]) returns void language plpgsql as
$$
begin
    perform 1 from city_counts c
        where (c.tenant_id, c.city_id) in (select t, city from unnest(tenants, cities) as d (t, city))
        order by c.tenant_id, c.city_id for update;

    with deltas as (select * from unnest(tenants, cities, hosts, changes) as d (tenant_id, city_id, host_id, n)),
    more as (
        insert into city_hosts as h (tenant_id, city_id, host_id, homes)
        select tenant_id, city_id, host_id, n from deltas where n > 0
        on conflict (tenant_id, city_id, host_id) do update set homes = h.homes + excluded.homes
        returning h.tenant_id, h.city_id, h.host_id, h.homes
    ), fewer as (
        update city_hosts h set homes = h.homes + d.n
        from deltas d where d.n < 0 and (h.tenant_id, h.city_id, h.host_id) = (d.tenant_id, d.city_id, d.host_id)
        returning h.tenant_id, h.city_id, h.host_id, h.homes
    ), now_at as (select * from more union all select * from fewer),
    sums as (
        select d.tenant_id, d.city_id, sum(d.n) as homes,
               sum((a.homes > 0)::integer - (a.homes - d.n > 0)::integer) as hosts
        from deltas d join now_at a using (tenant_id, city_id, host_id)
        group by d.tenant_id, d.city_id
    )
    update city_counts c set homes = c.homes + s.homes, hosts = c.hosts + s.hosts, changed_at = clock_timestamp()
    from sums s where (c.tenant_id, c.city_id) = (s.tenant_id, s.city_id);
end
$$;

-- Three triggers because a statement's tables of old and new rows have to be named for each kind; no path to `homes` can forget the counts.
create function city_counts_follow() returns trigger language plpgsql as
$$
declare
    tenants uuid[]; cities bigint[]; hosts uuid[]; changes integer[];
begin
    if tg_op = 'INSERT' then
        select array_agg(tenant_id), array_agg(city_id), array_agg(host_id), array_agg(n) into tenants, cities, hosts, changes
        from (select tenant_id, city_id, host_id, count(*)::integer as n from new_homes where status = 'active'
              group by tenant_id, city_id, host_id) d;
    elsif tg_op = 'DELETE' then
        select array_agg(tenant_id), array_agg(city_id), array_agg(host_id), array_agg(n) into tenants, cities, hosts, changes
        from (select tenant_id, city_id, host_id, -count(*)::integer as n from old_homes where status = 'active'
              group by tenant_id, city_id, host_id) d;
    else
        select array_agg(tenant_id), array_agg(city_id), array_agg(host_id), array_agg(n) into tenants, cities, hosts, changes
        from (select tenant_id, city_id, host_id, sum(n)::integer as n
              from (select tenant_id, city_id, host_id, 1 as n from new_homes where status = 'active'
                    union all
                    select tenant_id, city_id, host_id, -1 from old_homes where status = 'active') rows
              group by tenant_id, city_id, host_id having sum(n) <> 0) d;
        -- A move inside a city, a new price: nothing to count, but the world's picture of the city (its extent) may have changed.
        if tenants is null then
            update city_counts c set changed_at = clock_timestamp()
            where (c.tenant_id, c.city_id) in
                (select n.tenant_id, n.city_id from new_homes n join old_homes o on (o.tenant_id, o.id) = (n.tenant_id, n.id)
                 where n.status = 'active' and (n.public_lat, n.public_lng) <> (o.public_lat, o.public_lng));
        end if;
    end if;
    if tenants is not null then
        perform city_counts_apply(tenants, cities, hosts, changes);
    end if;
    return null;
end
$$;
create trigger city_counts_inserted after insert on homes referencing new table as new_homes
    for each statement execute function city_counts_follow();
create trigger city_counts_updated after update on homes referencing old table as old_homes new table as new_homes
    for each statement execute function city_counts_follow();
create trigger city_counts_deleted after delete on homes referencing old table as old_homes
    for each statement execute function city_counts_follow();

-- Members who stand for the hosts of a source, one each: accounts that cannot sign in (no password has this hash),
-- under the reserved domain .invalid. Only ever in the transaction's own tenant.
create function placeholder_email(source text, ref text, community text) returns text language sql immutable parallel safe as
$$ select left(encode(sha256(convert_to(ref, 'UTF8')), 'hex'), 24) || '.' || source || '@' || community || '.invalid' $$;

create function placeholder_hosts(source text, refs text[], names text[]) returns table (ref text, member_id uuid)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    here uuid := posada_tenant();
    community text := (select slug from tenants where id = here);
begin
    if here is null or community is null then
        raise exception 'placeholder hosts need a tenant';
    end if;
    -- Three statements, each with a fresh look: what another import made meanwhile is found, not missed.
    insert into accounts (id, email, password_hash)
        select gen_random_uuid(), placeholder_email(source, r, community), '!' from (select distinct unnest(refs) as r) a order by 2
        on conflict (email) do nothing;
    insert into members (tenant_id, id, account_id, name)
        select distinct on (c.id) here, gen_random_uuid(), c.id, a.n
        from unnest(refs, names) as a (r, n) join accounts c on c.email = placeholder_email(source, a.r, community)
        order by c.id
        on conflict (tenant_id, account_id) do nothing;
    return query
        select a.r, m.id from (select distinct unnest(refs) as r) a
        join accounts c on c.email = placeholder_email(source, a.r, community)
        join members m on m.tenant_id = here and m.account_id = c.id;
end
$$;
revoke all on function placeholder_hosts(text, text[], text[]) from public;
grant execute on function placeholder_hosts(text, text[], text[]) to posada_app;

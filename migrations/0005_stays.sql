-- Stays, and the nights they take. The exclusion constraint settles every race.

create table stays (
    tenant_id     uuid not null references tenants,
    id            uuid not null,
    home_id       uuid not null,
    room_id       uuid not null,
    guest_id      uuid not null,
    host_id       uuid not null,
    arrive        date not null,
    leave         date not null,
    guests        smallint not null check (guests between 1 and 20),
    message       text not null check (length(message) between 1 and 1000),
    total         bigint check (total > 0),
    currency      text,
    state         text not null check (state in ('requested', 'approved', 'declined', 'withdrawn', 'expired')),
    terms_version integer not null default 1,
    requested_at  timestamptz not null default now(),
    answer_by     timestamptz not null,
    delivered_at  timestamptz,
    seen_at       timestamptz,
    answered_at   timestamptz,
    reason        text check (length(reason) <= 1000),
    primary key (tenant_id, id),
    foreign key (tenant_id, home_id) references homes,
    foreign key (tenant_id, room_id) references rooms,
    foreign key (tenant_id, guest_id) references members,
    foreign key (tenant_id, host_id) references members,
    constraint stays_have_a_night check (leave > arrive),
    constraint stays_priced_whole check ((total is null) = (currency is null))
);
create index stays_of_guest on stays (tenant_id, guest_id, requested_at desc, id);
create index stays_of_host on stays (tenant_id, host_id, requested_at desc, id);
create index stays_to_expire on stays (tenant_id, answer_by) where state = 'requested';
call posada_guard('stays');

create table stay_nights (
    tenant_id uuid not null,
    stay_id   uuid not null,
    room_id   uuid not null,
    arrive    date not null,
    leave     date not null check (leave > arrive),
    primary key (tenant_id, stay_id),
    foreign key (tenant_id, stay_id) references stays on delete cascade,
    foreign key (tenant_id, room_id) references rooms,
    constraint stay_nights_apart exclude using gist (tenant_id with =, room_id with =, daterange(arrive, leave, '[)') with &&)
);
create index stay_nights_of_room on stay_nights (tenant_id, room_id, arrive);
call posada_guard('stay_nights');

-- The schedule asks where silence has to end before it can name a tenant: ids of tenants, nothing of theirs.
create function tenants_with_due_stays(at timestamptz) returns setof uuid
language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$ select distinct tenant_id from stays where state = 'requested' and answer_by <= at $$;

revoke all on function tenants_with_due_stays(timestamptz) from public;
grant execute on function tenants_with_due_stays(timestamptz) to posada_app;

-- Streams: a head row per stream gives the sequence inside the writing transaction (a bigserial's order is not commit order).

create table stream_heads (
    tenant_id  uuid not null references tenants,
    -- Compared by bytes, as the program sorts them: all streams of a kind (`city:…`) are one range of the key.
    stream     text collate "C" not null,
    head       bigint not null default 0 check (head >= 0),
    changed_at timestamptz not null default now(),
    primary key (tenant_id, stream)
);
call posada_guard('stream_heads');

create table events (
    tenant_id uuid not null,
    stream    text collate "C" not null,
    seq       bigint not null check (seq > 0),
    at        timestamptz not null default now(),
    kind      text not null,
    -- json, not jsonb: what a client got live and what it reads again are the same bytes.
    body      json not null,
    primary key (tenant_id, stream, seq),
    foreign key (tenant_id, stream) references stream_heads
);
call posada_guard('events');

-- How far a member's own stream has reached them: delivered to a device, seen by the person.
create table member_receipts (
    tenant_id uuid not null,
    member_id uuid not null,
    delivered bigint not null default 0,
    seen      bigint not null default 0,
    primary key (tenant_id, member_id),
    foreign key (tenant_id, member_id) references members on delete cascade
);
call posada_guard('member_receipts');

-- The answer to a mutation, stored in the command's own transaction: the same key gets the same answer.
create table idempotency_keys (
    tenant_id    uuid not null references tenants,
    -- The member's id, or for those who are none yet a hash of what they sent the request as.
    caller       text not null,
    key          text not null check (length(key) between 1 and 200),
    -- sha-256 over method, path and body.
    request_hash bytea not null,
    status       smallint,
    body         bytea,
    created_at   timestamptz not null default now(),
    primary key (tenant_id, caller, key)
);
create index idempotency_keys_by_age on idempotency_keys (tenant_id, created_at);
call posada_guard('idempotency_keys');

-- Answers old enough that nobody repeats the question, of every tenant.
create function forget_idempotency_keys(kept_seconds double precision) returns bigint
language sql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
    with gone as (
        delete from idempotency_keys
        where tenant_id in (select id from tenants) and created_at < now() - make_interval(secs => kept_seconds)
        returning 1
    ) select count(*) from gone
$$;
revoke all on function forget_idempotency_keys(double precision) from public;
grant execute on function forget_idempotency_keys(double precision) to posada_app;

-- Accounts and sessions belong to the installation; members, roles and groups to a tenant.

create table accounts (
    id            uuid primary key,
    -- NFC and lower case, made so by domain::person::Email. Compared by bytes: a locale's idea of lower case may change with its library.
    email         text collate "C" not null unique check (email = lower(email collate "C") and length(email) between 3 and 254),
    password_hash text not null,
    created_at    timestamptz not null default now()
);
call posada_guard('accounts', 'id', 'posada_account()');

create table sessions (
    -- sha-256 of the token; the token itself is never kept.
    token_hash   bytea primary key check (length(token_hash) = 32),
    account_id   uuid not null references accounts on delete cascade,
    csrf         text not null,
    user_agent   text,
    created_at   timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at   timestamptz not null,
    ended_at     timestamptz
);
create index sessions_of_account on sessions (account_id);
call posada_guard('sessions', 'account_id', 'posada_account()');

create table members (
    tenant_id     uuid not null references tenants,
    id            uuid not null,
    account_id    uuid not null references accounts,
    name          text not null check (length(name) between 1 and 120),
    home_city     bigint,
    platform_role text not null default 'member'
        check (platform_role in ('bot', 'guest', 'member', 'curator', 'moderator', 'admin', 'super_admin')),
    languages     text[] not null default '{}',
    created_at    timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, account_id)
);
create index members_of_city on members (tenant_id, home_city) where home_city is not null;
call posada_guard('members');

create table member_roles (
    tenant_id uuid not null,
    member_id uuid not null,
    role      text not null,
    primary key (tenant_id, member_id, role),
    foreign key (tenant_id, member_id) references members on delete cascade
);
call posada_guard('member_roles');

-- A tenant's city: exists once something is placed in it. Text never identifies a city; the gazetteer's id does.
create table cities (
    tenant_id  uuid not null references tenants,
    id         bigint not null check (id > 0),
    slug       text not null check (slug <> ''),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, slug)
);
call posada_guard('cities');
alter table members add constraint members_home_city foreign key (tenant_id, home_city) references cities;

create table groups (
    tenant_id  uuid not null references tenants,
    id         uuid not null,
    kind       text not null check (kind in ('city', 'professional', 'interest', 'practice', 'festival')),
    -- What the group is about inside its kind: a city's id, a role's code, a slug.
    key        text not null check (key <> ''),
    name       text not null,
    city_id    bigint,
    visibility text not null default 'public' check (visibility in ('hidden', 'protected', 'public')),
    access     text not null default 'open' check (access in ('closed', 'by_request', 'open')),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, kind, key),
    check ((kind = 'city') = (city_id is not null)),
    foreign key (tenant_id, city_id) references cities
);
create unique index groups_one_per_city on groups (tenant_id, city_id) where kind = 'city';
call posada_guard('groups');

create table group_members (
    tenant_id uuid not null,
    group_id  uuid not null,
    member_id uuid not null,
    -- Why they are in: what put them in takes them out again, and nothing else does.
    joined_by text not null check (joined_by in ('city', 'role', 'self')),
    joined_at timestamptz not null default now(),
    primary key (tenant_id, group_id, member_id),
    foreign key (tenant_id, group_id) references groups on delete cascade,
    foreign key (tenant_id, member_id) references members on delete cascade
);
create index group_members_of_member on group_members (tenant_id, member_id);
call posada_guard('group_members');

-- Sign-in reads by e-mail before anyone is known; a request reads its principal by token: one function call each.
create function account_by_email(named text) returns table (id uuid, password_hash text)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$ select id, password_hash from accounts where email = named $$;

-- Who holds a token that is still good, and who they are in one tenant: nobody's member there when `member_id` is null.
create function principal_by_token(hash bytea, tenant uuid, idle_seconds double precision)
returns table (account_id uuid, csrf text, expires_at timestamptz, last_used_at timestamptz, member_id uuid, name text, platform_role text)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select s.account_id, s.csrf, s.expires_at, s.last_used_at, m.id, m.name, m.platform_role
    from sessions s
    left join members m on m.tenant_id = tenant and m.account_id = s.account_id
    where s.token_hash = hash and s.ended_at is null and s.expires_at > now()
      and s.last_used_at > now() - make_interval(secs => idle_seconds)
$$;

-- Sessions that can never be used again, of everybody; a while after their end, for whoever asks what happened.
create function forget_dead_sessions(kept_seconds double precision, idle_seconds double precision) returns bigint
language sql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
    with gone as (
        delete from sessions
        where least(coalesce(ended_at, 'infinity'), expires_at, last_used_at + make_interval(secs => idle_seconds))
              < now() - make_interval(secs => kept_seconds)
        returning 1
    ) select count(*) from gone
$$;

revoke all on function account_by_email(text), principal_by_token(bytea, uuid, double precision),
    forget_dead_sessions(double precision, double precision) from public;
grant execute on function account_by_email(text), principal_by_token(bytea, uuid, double precision),
    forget_dead_sessions(double precision, double precision) to posada_app;

-- Tenants, and the rule that every later table keeps: a row is seen only by the tenant that the transaction names.

create extension if not exists btree_gist;

-- The tenant of this transaction; null (which matches nothing) where none was named.
create function posada_tenant() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('posada.tenant', true), '')::uuid $$;

-- The account of this transaction; null where nobody signed in.
create function posada_account() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('posada.account', true), '')::uuid $$;

-- `pg_temp` stands last in every security definer function below: named nowhere it would be searched first,
-- and a temporary table called `accounts` would be read in place of the real one.

-- Puts a table under row security: `tenant_id` is that of the transaction, for everybody, its owner included.
-- The owner's own policy serves migrations and the security definer functions below; the app can never become the owner.
create procedure posada_guard(guarded regclass, column_name text default 'tenant_id', setting text default 'posada_tenant()')
language plpgsql as
$$
begin
    execute format('alter table %s enable row level security', guarded);
    execute format('alter table %s force row level security', guarded);
    execute format('create policy tenant_only on %s for all to public using (%I = (select %s)) with check (%I = (select %s))',
                   guarded, column_name, setting, column_name, setting);
    execute format('create policy owner_all on %s for all to posada_owner using (true) with check (true)', guarded);
    execute format('grant select, insert, update, delete on %s to posada_app', guarded);
end
$$;
revoke all on procedure posada_guard(regclass, text, text) from public;

create table tenants (
    id          uuid primary key,
    slug        text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name        text not null check (length(name) between 1 and 120),
    domain      text unique check (domain = lower(domain)),
    -- Visitors who are not members may see the map.
    public_map  boolean not null default false,
    sign_up     text not null default 'closed' check (sign_up in ('open', 'closed')),
    tile_url    text,
    created_at  timestamptz not null default now()
);
call posada_guard('tenants', 'id');
-- Communities are made and changed by the owner (`posada tenant …`), never by a request.
revoke insert, update, delete on tenants from posada_app;

-- Finding the tenant a request names happens before there is a tenant: two narrow functions, one row at most.
create function tenant_by_domain(named text) returns setof tenants
language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$ select * from tenants where domain = lower(named) $$;

create function tenant_by_slug(named text) returns setof tenants
language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$ select * from tenants where slug = named $$;

revoke all on function tenant_by_domain(text), tenant_by_slug(text) from public;
grant execute on function tenant_by_domain(text), tenant_by_slug(text) to posada_app;

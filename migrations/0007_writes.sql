-- The write path, by what was measured (ADR 0054): the same rules, kept with less work.

-- That the tenant is there is said already by the references to its members, cities and homes, whose keys begin with it. One look-up and one
-- lock on the tenant's row less for every home and every stay.
alter table homes drop constraint homes_tenant_id_fkey;
alter table stays drop constraint stays_tenant_id_fkey;

-- As before, but what a host had before is read by key under the cities' locks, instead of joining what was just written with itself: a batch
-- of hosts costs what its hosts cost, not their square.
create or replace function city_counts_apply(tenants uuid[], cities bigint[], hosts uuid[], changes integer[]) returns void language plpgsql as
$$
begin
    perform 1 from city_counts c
        where (c.tenant_id, c.city_id) in (select t, city from unnest(tenants, cities) as d (t, city))
        order by c.tenant_id, c.city_id for update;

    with deltas as materialized (
        select d.*, coalesce(h.homes, 0) as before
        from unnest(tenants, cities, hosts, changes) as d (tenant_id, city_id, host_id, n)
        left join lateral (select homes from city_hosts where (tenant_id, city_id, host_id) = (d.tenant_id, d.city_id, d.host_id) offset 0) h on true
    ), more as (
        insert into city_hosts as h (tenant_id, city_id, host_id, homes)
        select tenant_id, city_id, host_id, n from deltas where n > 0
        on conflict (tenant_id, city_id, host_id) do update set homes = h.homes + excluded.homes
    ), fewer as (
        update city_hosts h set homes = h.homes + d.n
        from deltas d where d.n < 0 and (h.tenant_id, h.city_id, h.host_id) = (d.tenant_id, d.city_id, d.host_id)
    ), sums as (
        select tenant_id, city_id, sum(n) as homes, sum((before + n > 0)::integer - (before > 0)::integer) as hosts
        from deltas group by tenant_id, city_id
    )
    update city_counts c set homes = c.homes + s.homes, hosts = c.hosts + s.hosts, changed_at = clock_timestamp()
    from sums s where (c.tenant_id, c.city_id) = (s.tenant_id, s.city_id);
end
$$;

-- As before, but a host who is there is found by key and left alone: a source names most of its hosts again and again.
create or replace function placeholder_hosts(source text, refs text[], names text[]) returns table (ref text, member_id uuid)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as
$$
declare
    here uuid := posada_tenant();
    community text := (select slug from tenants where id = here);
    emails text[];
    missing_emails text[];
    missing_names text[];
begin
    if here is null or community is null then
        raise exception 'placeholder hosts need a tenant';
    end if;
    emails := array(select placeholder_email(source, r, community) from unnest(refs) with ordinality as a (r, n) order by n);
    select array_agg(a.email order by a.email), array_agg(a.n order by a.email) into missing_emails, missing_names
        from (select distinct on (e) e as email, n from unnest(emails, names) as u (e, n) order by e) a
        where not exists (select from accounts c join members m on m.tenant_id = here and m.account_id = c.id where c.email = a.email);
    if missing_emails is not null then
        -- Statements of their own, each with a fresh look: what another import made meanwhile is found, not missed.
        insert into accounts (id, email, password_hash)
            select gen_random_uuid(), e, '!' from unnest(missing_emails) as u (e)
            on conflict (email) do nothing;
        insert into members (tenant_id, id, account_id, name)
            select here, gen_random_uuid(), c.id, u.n
            from unnest(missing_emails, missing_names) as u (e, n)
            cross join lateral (select id from accounts where email = u.e offset 0) c
            on conflict (tenant_id, account_id) do nothing;
    end if;
    return query
        select u.r, m.id from unnest(refs, emails) as u (r, e)
        cross join lateral (select id from accounts where email = u.e offset 0) c
        cross join lateral (select x.id from members x where x.tenant_id = here and x.account_id = c.id offset 0) m;
end
$$;

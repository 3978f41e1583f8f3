-- Revocations: what was taken away from somebody, written beside it in the same transaction, so that every server hears of it, whoever
-- wrote: another server, the command line, or an operator at a prompt. Servers read what is new a few times a second.

create table revocations (
    -- The transaction that took it away. With `id` the place from which a server reads on: a transaction that commits late keeps its number.
    xid       xid8 not null default pg_current_xact_id(),
    id        bigint generated always as identity,
    -- One of these: a session; a member of a tenant; a tenant (whether visitors may look).
    session   bytea,
    tenant_id uuid,
    member_id uuid,
    at        timestamptz not null default clock_timestamp(),
    primary key (xid, id),
    check ((session is null) = (tenant_id is not null) and (member_id is null or tenant_id is not null))
);
call posada_guard('revocations');
-- Written by the triggers below alone.
revoke insert, update, delete on revocations from posada_app;

create function note_revocation() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
begin
    case tg_table_name
        when 'sessions' then insert into public.revocations (session) values (old.token_hash);
        when 'members' then insert into public.revocations (tenant_id, member_id) values (old.tenant_id, old.id);
        when 'tenants' then insert into public.revocations (tenant_id) values (old.id);
    end case;
    return null;
end
$$;

create trigger revocation_of_ended after update of ended_at on sessions
    for each row when (old.ended_at is null and new.ended_at is not null) execute function note_revocation();
create trigger revocation_of_gone after delete on sessions
    for each row when (old.ended_at is null) execute function note_revocation();
create trigger revocation_of_changed after update on members
    for each row when ((old.name, old.platform_role, old.account_id) is distinct from (new.name, new.platform_role, new.account_id))
    execute function note_revocation();
create trigger revocation_of_gone after delete on members for each row execute function note_revocation();
create trigger revocation_of_changed after update on tenants for each row when (old is distinct from new) execute function note_revocation();

-- What is to be heard from a place on, and the next place: every transaction before it has ended and been read. What a transaction from
-- there on has committed already comes again; the reader knows it by its `id`. Always a row, also where there is nothing to hear.
create function revocations_from(place bigint)
returns table (next bigint, id bigint, session bytea, tenant_id uuid, member_id uuid, age_seconds double precision)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as
$$
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, r.id, r.session, r.tenant_id, r.member_id, extract(epoch from clock_timestamp() - r.at)
    from (select) as always left join revocations r on r.xid >= place::text::xid8
    order by r.id
$$;

-- Revocations that every server has heard long since.
create function forget_revocations(kept_seconds double precision) returns bigint
language sql volatile security definer set search_path = pg_catalog, public, pg_temp as
$$
    with gone as (
        delete from revocations where at < now() - make_interval(secs => kept_seconds) and xid < pg_snapshot_xmin(pg_current_snapshot()) returning 1
    ) select count(*) from gone
$$;

revoke all on function note_revocation(), revocations_from(bigint), forget_revocations(double precision) from public;
grant execute on function revocations_from(bigint), forget_revocations(double precision) to posada_app;

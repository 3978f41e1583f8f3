-- A request for a stay in two round trips instead of six, or in one (ADR 0059). Each is a statement that is a transaction of its own, so each names its tenant
-- itself. Nothing here looks past row security: both functions are their caller, who could name the tenant just as well.

-- Names the tenant of this transaction, and gives it back: for `from posada_name_tenant($1) as here (tenant) cross join lateral (… here.tenant …)`.
-- What stands in the lateral needs the row, so it is read after the naming. Were it read before, it would find nothing: row security is closed.
create function posada_name_tenant(tenant uuid) returns uuid language sql volatile as
$$ select set_config('posada.tenant', tenant::text, true)::uuid $$;

-- That the tenant is there is said by the caller, a member, or by what else the transaction writes: one look-up and one lock on the tenant's row
-- less for every key, as for homes and stays in 0007.
alter table idempotency_keys drop constraint idempotency_keys_tenant_id_fkey;

-- Keeps a request for a stay, the answer to its key and the event that tells its host, and gives the event's place. No row: nothing was done and
-- somebody who can say why has to look, for the key is in use or known, or the home is not what the server read.
--
-- No rule of a stay is decided here. Parameters are called what the columns are; a name alone is the parameter.
create function keep_request(
    tenant_id uuid,
    -- The key, the lock that two requests with it meet at, and the answer.
    caller text, key text, request_hash bytea, key_lock bigint, status smallint, body bytea,
    -- The home as the server read it, and its host.
    home_id uuid, home_version integer, host_name text,
    id uuid, room_id uuid, guest_id uuid, host_id uuid, arrive date, leave date, guests smallint, message text, total bigint, currency text,
    terms_version integer, requested_at timestamptz, answer_by timestamptz,
    stream text, kind text, event text
) returns table (seq bigint, at timestamptz) language plpgsql volatile as
$$
#variable_conflict use_variable
begin
    perform posada_name_tenant(tenant_id);
    -- Whoever has to look finds nothing of this: all that may end it comes before the first row is written.
    if not pg_try_advisory_xact_lock(key_lock) then
        return;
    end if;
    perform from homes h join members m on m.tenant_id = h.tenant_id and m.id = h.host_id
        where h.tenant_id = tenant_id and h.id = home_id and h.version = home_version and h.status = 'active' and m.name = host_name;
    if not found then
        return;
    end if;
    -- Plain comparisons: range operators are not leakproof, and row security would drop the index.
    perform from stay_nights n where n.tenant_id = tenant_id and n.room_id = room_id and n.arrive < leave and n.leave > arrive;
    if found then
        return;
    end if;
    insert into idempotency_keys (tenant_id, caller, key, request_hash, status, body)
        values (tenant_id, caller, key, request_hash, status, body) on conflict do nothing;
    if not found then
        return;
    end if;
    insert into stays (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, message, total, currency, state,
                       terms_version, requested_at, answer_by)
        values (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, message, total, currency, 'requested',
                terms_version, requested_at, answer_by);
    -- The head last: it is held from here to the commit, which follows at once.
    insert into stream_heads as h (tenant_id, stream, head) values (tenant_id, stream, 1)
        on conflict on constraint stream_heads_pkey do update set head = h.head + 1, changed_at = now()
        returning h.head, now() into seq, at;
    insert into events (tenant_id, stream, seq, at, kind, body) values (tenant_id, stream, seq, at, kind, event::json);
    return next;
end
$$;

-- The roles of an installation. Run once per cluster by a role that may create roles, before the first migration.
do $$
begin
    if not exists (select from pg_roles where rolname = 'posada_owner') then
        create role posada_owner login nosuperuser nobypassrls;
    end if;
    if not exists (select from pg_roles where rolname = 'posada_app') then
        create role posada_app login nosuperuser nobypassrls;
    end if;
    if not exists (select from pg_roles where rolname = 'posada_relay') then
        create role posada_relay login nosuperuser nobypassrls;
    end if;
end
$$;

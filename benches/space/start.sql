-- A city of :homes homes and, elsewhere, one half as large.
insert into tenants (id, slug, name) values (:tenant, 'start', 'Start');
insert into cities (tenant_id, id, slug) values (:tenant, 3128760, 'barcelona'), (:tenant, 3117735, 'madrid');
insert into accounts (id, email, password_hash) select md5('a' || n)::uuid, 'host-' || n || '@example.org', '!' from generate_series(1, 10000) n;
insert into members (tenant_id, id, account_id, name, home_city) select :tenant, md5('m' || n)::uuid, md5('a' || n)::uuid, 'Member ' || n, 3128760 from generate_series(1, 10000) n;
insert into homes (tenant_id, id, host_id, city_id, status, kind, offer, title, guests, price, currency, lat, lng, public_lat, public_lng, cell)
    select :tenant, md5('h' || n)::uuid, md5('m' || 1 + n % 10000)::uuid, case when n <= :homes then 3128760 else 3117735 end, 'active',
           (array['apartment', 'house', 'loft'])[1 + n % 3], 'entire_place', 'Bright rooms near the market ' || n, 1 + n % 8, 2000 + n % 9000, 'EUR',
           lat, lng, lat, lng, n
    from (select n, case when n <= :homes then 41.39 else 40.42 end + (random() + random() + random() - 1.5) * 0.05 as lat,
                 case when n <= :homes then 2.16 else -3.70 end + (random() + random() + random() - 1.5) * 0.06 as lng
          from generate_series(1, :homes * 3 / 2) n) places;
insert into rooms (tenant_id, id, home_id, name, guests) select :tenant, md5('r' || n)::uuid, md5('h' || n)::uuid, 'Room', 2 from generate_series(1, :homes * 3 / 2) n;
insert into stays (tenant_id, id, home_id, room_id, guest_id, host_id, arrive, leave, guests, message, state, answer_by)
    select :tenant, md5('s' || n || '-' || k)::uuid, md5('h' || n)::uuid, md5('r' || n)::uuid, md5('m1')::uuid, md5('m2')::uuid,
           current_date + k * 20 + n % 15, current_date + k * 20 + n % 15 + 4, 2, 'Hello', 'approved', now() + interval '1 day'
    from generate_series(1, :homes * 3 / 2) n, generate_series(0, 1) k where n % 2 = 0;
insert into stay_nights (tenant_id, stay_id, room_id, arrive, leave) select tenant_id, id, room_id, arrive, leave from stays where tenant_id = :tenant;

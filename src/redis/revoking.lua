-- Tells the time, and whether a request to revoke was carried out before.
-- KEYS[1]  when the request was carried out, Unix ms
-- returns  now, then what KEYS[1] says, or ''
return { now, redis.call('GET', KEYS[1]) or '' }

-- Reads which devices were revoked.
-- KEYS[1]  as in revoke.lua
-- ARGV[3]  since when, Unix ms
-- returns  now, then the revocations
return { now, unpack(redis.call('ZRANGE', KEYS[1], ARGV[3], '+inf', 'BYSCORE', 'LIMIT', 0, 5000)) }

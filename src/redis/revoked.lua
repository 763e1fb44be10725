-- Reads which devices were revoked.
-- KEYS[1]  as in revoke.lua
-- ARGV[3]  since when, Unix ms
-- ARGV[4]  how many to pass over
-- ARGV[5]  how many at most
-- returns  now, then the revocations
return { now, unpack(redis.call('ZRANGE', KEYS[1], ARGV[3], '+inf', 'BYSCORE', 'LIMIT', ARGV[4], ARGV[5])) }

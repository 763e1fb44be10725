-- Notes that a device was revoked, and forgets whom that was long ago.
-- KEYS[1]  revocations, by when they were noted, Unix ms
-- ARGV[3]  the revocation
-- ARGV[4]  how long it is kept, ms
redis.call('ZADD', KEYS[1], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1

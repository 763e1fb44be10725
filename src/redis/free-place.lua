-- Frees a place.
-- KEYS[1]  who has a place
-- ARGV[3]  name of who wants it no more
return redis.call('HDEL', KEYS[1], ARGV[3])

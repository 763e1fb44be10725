-- Keeps a value, unless there is one already.
-- KEYS[1]  where
-- ARGV[3]  the value
-- ARGV[4]  for how long, ms
-- returns  what is kept there now
return redis.call('SET', KEYS[1], ARGV[3], 'NX', 'GET', 'PX', ARGV[4]) or ARGV[3]

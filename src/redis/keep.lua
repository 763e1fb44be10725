-- Keeps a value for a time, or drops it.
-- KEYS[1]  where
-- ARGV[3]  the value; '' : there is to be none
-- ARGV[4]  for how long, ms
-- returns  1 when there was a value, or is one now
if ARGV[3] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1

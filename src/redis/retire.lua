-- Makes a live call of an account a past one.
-- KEYS     as in enter.lua
-- ARGV[3]  name of the call
-- ARGV[4]  how long past calls are kept, ms
-- ARGV[5]  how long everything is kept while nothing happens, ms
local at = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not at then return 0 end
local id = string.match(redis.call('HGET', KEYS[3], ARGV[3]), '^%d+ (.*)$')
redis.call('ZREM', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], at, ARGV[3])
redis.call('HSET', KEYS[3], ARGV[3], string.format('%.0f ', now) .. id)
local keep = redis.call('EXISTS', KEYS[1]) == 1 and ARGV[5] or ARGV[4]
for i = 2, 3 do redis.call('PEXPIRE', KEYS[i], keep) end
return 1

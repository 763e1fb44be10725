-- Sets when a call is to be looked at, unless somebody knew better.
-- KEYS[1]  when each is due, Unix ms
-- KEYS[2]  version and id of each
-- ARGV[3]  name of the call
-- ARGV[4]  when it is due, Unix ms; '' : never
-- ARGV[5]  the call's id
-- ARGV[6]  the call's version: nothing is done when a later one is known; '' : that which is known
-- ARGV[7]  when it was due as last seen: nothing is done when that has changed; '' : whatever it was
-- ARGV[8]  how long it is kept, ms
local known = redis.call('HGET', KEYS[2], ARGV[3])
local version = known and tonumber(string.match(known, '^%d+')) or 0
if ARGV[6] ~= '' and version > tonumber(ARGV[6]) then return 0 end
if ARGV[7] ~= '' and redis.call('ZSCORE', KEYS[1], ARGV[3]) ~= ARGV[7] then return 0 end
if ARGV[4] == '' then
  redis.call('ZREM', KEYS[1], ARGV[3])
  redis.call('HDEL', KEYS[2], ARGV[3])
else
  redis.call('ZADD', KEYS[1], ARGV[4], ARGV[3])
  redis.call('HSET', KEYS[2], ARGV[3], (ARGV[6] == '' and version or ARGV[6]) .. ' ' .. ARGV[5])
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[8]) end
end
return 1

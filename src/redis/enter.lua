-- Enters a call in the index of an account, as live.
-- KEYS[1]  live calls, KEYS[2] past ones: each by when it was entered, Unix ms, fractions for those of one moment
-- KEYS[3]  of each call: when it stopped being live, Unix ms, or 0, and its id
-- ARGV[3]  name of the call
-- ARGV[4]  its id
-- ARGV[5]  how long past calls are kept, ms
-- ARGV[6]  how long everything is kept while nothing happens, ms
local at = now
for i = 1, 2 do
  local last = tonumber(redis.call('ZRANGE', KEYS[i], -1, -1, 'WITHSCORES')[2] or 0)
  if math.floor(last) == now then at = math.max(at, last + 1 / 1024) end
end
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZADD', KEYS[1], at, ARGV[3])
redis.call('HSET', KEYS[3], ARGV[3], '0 ' .. ARGV[4])
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, 9)) do
  local since = string.match(redis.call('HGET', KEYS[3], name) or '0 ', '^%d+')
  if since + ARGV[5] > now then break end
  redis.call('ZREM', KEYS[2], name)
  redis.call('HDEL', KEYS[3], name)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[6]) end
return 1

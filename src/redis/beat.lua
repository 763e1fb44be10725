-- Notes that the service is up, and what came between this and the last time.
-- KEYS[1]  the heartbeat: 'began', 'last', 'node:<id>' and 'outage:<from>', each with a time, Unix ms
-- ARGV[3]  id of the node
-- ARGV[4]  beats further apart than this have an outage between them, ms
-- ARGV[5]  how long an outage is kept after its end, ms
-- ARGV[6]  how long a node counts after its last beat, ms
-- ARGV[7]  how long all of it is kept after the last beat, ms
-- returns  now, then all fields and values
local last = tonumber(redis.call('HGET', KEYS[1], 'last') or now)
if now - last > tonumber(ARGV[4]) then redis.call('HSET', KEYS[1], 'outage:' .. string.format('%.0f', last), now) end
redis.call('HSETNX', KEYS[1], 'began', now)
redis.call('HSET', KEYS[1], 'last', math.max(last, now), 'node:' .. ARGV[3], now)
local keep = { outage = tonumber(ARGV[5]), node = tonumber(ARGV[6]) }
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local kept = keep[string.match(all[i], '^(%a+):')]
  if kept and tonumber(all[i + 1]) <= now - kept then redis.call('HDEL', KEYS[1], all[i]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return { now, unpack(redis.call('HGETALL', KEYS[1])) }

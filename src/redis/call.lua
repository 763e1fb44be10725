-- Reads calls of one slot.
-- KEYS     the calls
-- returns  now, then of each: its version and the call; nothing when it is not there
local reply = { now }
for _, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'version', 'expires', 'call')
  local there = held[1] and (held[2] == '' or tonumber(held[2]) > now)
  table.insert(reply, there and { tonumber(held[1]), held[3] } or {})
end
return reply

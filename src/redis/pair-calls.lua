-- Reads calls of one pair.
-- KEYS     the calls
-- returns  now, then of each call that is there: which of KEYS it is, its version, the call
local reply = { now }
for i, key in ipairs(KEYS) do
  local held = redis.call('HMGET', key, 'version', 'expires', 'call')
  if held[1] and (held[2] == '' or tonumber(held[2]) > now) then
    table.insert(reply, { i, tonumber(held[1]), held[3] })
  end
end
return reply

-- Reads a call.
-- KEYS[1]  the call
-- returns  now; when it is there also its version, and the call
local held = redis.call('HMGET', KEYS[1], 'version', 'expires', 'call')
if not held[1] or (held[2] ~= '' and tonumber(held[2]) <= now) then return { now } end
return { now, tonumber(held[1]), held[3] }

-- Reads which devices of an account have, or had, a stream; forgets those that had one too long ago.
-- KEYS[1]  the account's devices, as in stand.lua
-- ARGV[3]  how long a device is remembered, ms
-- returns  now, then of each: its field, its id, when its stream was last there (Unix ms), 1 when it has not left, its node
local reply = { now }
local devices = redis.call('HGETALL', KEYS[1])
for i = 1, #devices, 2 do
  local held = cmsgpack.unpack(devices[i + 1])
  if held.seen + ARGV[3] <= now then
    redis.call('HDEL', KEYS[1], devices[i])
  else
    table.insert(reply, { devices[i], held.id, held.seen, (held.left or held.revoked) and 0 or 1, held.node or '' })
  end
end
return reply

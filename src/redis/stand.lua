-- Says how a stream of a device stands, and that it is there.
-- KEYS[1]  the account's devices: each with the epoch, name and node of its stream, when that was last there (Unix ms), whether
--          it left or the device was revoked, and the device's id
-- ARGV[3]  field of the device
-- ARGV[4]  name of the stream
-- ARGV[5]  its epoch; '' : it cannot take the device's place
-- ARGV[6]  a stream up to this epoch gives way to it
-- ARGV[7]  id of the device
-- ARGV[8]  1 when the stream is new, 0 when it was there before
-- ARGV[9]  how long a device is remembered, ms
-- ARGV[10] name of the node that has the stream
-- returns  'CURRENT', 'TAKEN_OVER' or 'REVOKED'; 'REPLACED': it has taken the place of another one that had not left
local packed = redis.call('HGET', KEYS[1], ARGV[3])
local held = packed and cmsgpack.unpack(packed)
if held and held.seen + ARGV[9] <= now then held = nil end
local mine = held and held.stream == ARGV[4]
local answer = held and not mine and not held.left and 'REPLACED' or 'CURRENT'
if held and not mine and held.epoch > tonumber(ARGV[6]) then return 'TAKEN_OVER' end
if mine and ARGV[8] == '0' then
  if held.revoked then return 'REVOKED' end
  if not held.left then held.seen = now end
elseif ARGV[5] == '' then
  return 'TAKEN_OVER'
else
  held = { epoch = tonumber(ARGV[5]), stream = ARGV[4], seen = now, left = false, revoked = false, id = ARGV[7], node = ARGV[10] }
end
redis.call('HSET', KEYS[1], ARGV[3], cmsgpack.pack(held))
redis.call('PEXPIRE', KEYS[1], ARGV[9])
return answer

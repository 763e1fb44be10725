-- Notes of a device that its stream left, or that it was revoked.
-- KEYS[1]  the account's devices, as in stand.lua
-- ARGV[3]  field of the device
-- ARGV[4]  name of the stream that left; '' : the device was revoked
-- ARGV[5]  how long a device is remembered, ms
local packed = redis.call('HGET', KEYS[1], ARGV[3])
if not packed then return 0 end
local held = cmsgpack.unpack(packed)
if ARGV[4] == '' then
  held.revoked = true
elseif held.stream == ARGV[4] and not held.left then
  held.left = true
  held.seen = now
else
  return 0
end
redis.call('HSET', KEYS[1], ARGV[3], cmsgpack.pack(held))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1

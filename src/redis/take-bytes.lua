-- Notes how many bytes an account has in the log of a call, unless its live calls then had too many.
-- KEYS[1]  live calls, as in enter.lua
-- KEYS[2]  of each of them that has more than most: its bytes, and its id
-- ARGV[3]  name of the call
-- ARGV[4]  its id
-- ARGV[5]  its bytes
-- ARGV[6]  how many all of them may have
-- ARGV[7]  how long it is kept while nothing happens, ms
-- returns  1 when it is noted; else 0, then the names and values of the others
local total, others = tonumber(ARGV[5]), { 0 }
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  if not redis.call('ZSCORE', KEYS[1], all[i]) then
    redis.call('HDEL', KEYS[2], all[i])
  elseif all[i] ~= ARGV[3] then
    total = total + string.match(all[i + 1], '^%d+')
    table.insert(others, all[i])
    table.insert(others, all[i + 1])
  end
end
if total > tonumber(ARGV[6]) then return others end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[5] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return { 1 }

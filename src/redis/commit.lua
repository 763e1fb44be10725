-- Replaces calls of a pair, appends to their logs and records a start: all of it, or nothing.
-- KEYS     the pair, a start; then of each call: the call, its log, its starts
-- ARGV[3]  the last moment at which it holds, Unix ms, or ''
-- ARGV[4]  how long is kept what has no end yet, ms
-- ARGV[5]  the version of the pair that the start was made from, or '' : there is no start
-- ARGV[6]  the start's record
-- ARGV[7]  the name of its call
-- ARGV[8]  the field for the latest call of its starter, or '' : it is not the latest
-- then of each call: the version it was made from, how many starts it has, when it expires (Unix ms or ''), the call, positions
--   that leave its log, that of the first entry, how many entries follow (-1: its log goes), the entries
-- returns  'committed', 'stale' or 'late'; of a call that is not as it was: now, which of the calls it is, its version, the call
local writes, key, arg = {}, 3, 9
while arg <= #ARGV do
  local held = redis.call('HMGET', KEYS[key], 'version', 'expires')
  local there = held[1] and (held[2] == '' or tonumber(held[2]) > now)
  if (there and held[1] or '0') ~= ARGV[arg] then
    if not there then return 'stale' end
    return { now, #writes, tonumber(held[1]), redis.call('HGET', KEYS[key], 'call') }
  end
  table.insert(writes, { key = key, arg = arg })
  key = key + 2 + ARGV[arg + 1]
  arg = arg + 7 + math.max(0, ARGV[arg + 6])
end
if ARGV[5] ~= '' and (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[5] then return 'stale' end
if ARGV[3] ~= '' and now > tonumber(ARGV[3]) then return 'late' end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'version', ARGV[5] + 1)
  if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], ARGV[8], ARGV[7]) end
  redis.call('SET', KEYS[2], ARGV[7] .. ' ' .. ARGV[6], 'PX', ARGV[4])
end
for _, write in ipairs(writes) do
  key, arg = write.key, write.arg
  local expires, entries = ARGV[arg + 2], tonumber(ARGV[arg + 6])
  redis.call('HSET', KEYS[key], 'version', ARGV[arg] + 1, 'expires', expires, 'call', ARGV[arg + 3])
  if entries < 0 then redis.call('DEL', KEYS[key + 1]) end
  for i = 1, entries do redis.call('ZADD', KEYS[key + 1], ARGV[arg + 5] + i - 1, ARGV[arg + 6 + i]) end
  for gone in string.gmatch(ARGV[arg + 4], '%d+') do redis.call('ZREMRANGEBYSCORE', KEYS[key + 1], gone, gone) end
  local keep = expires == '' and ARGV[4] or math.max(1, expires - now)
  for kept = key, key + 1 + ARGV[arg + 1] do redis.call('PEXPIRE', KEYS[kept], keep) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'committed'

-- Reads what a pair of accounts has.
-- KEYS[1]  the pair
-- KEYS[2]  a start: name of its call, and its record
-- ARGV[3]  what the keys of the pair's calls begin with; they are in the same slot
-- returns  now, version of the pair or 0, the start's record or '', then of each starter's latest call: its name, version, call
local function read(name)
  local held = redis.call('HMGET', ARGV[3] .. name, 'version', 'expires', 'call')
  if held[1] and (held[2] == '' or tonumber(held[2]) > now) then return held end
end
local reply = { now, 0, '' }
local pair = redis.call('HGETALL', KEYS[1])
for i = 1, #pair, 2 do
  if pair[i] == 'version' then
    reply[2] = tonumber(pair[i + 1])
  else
    local held = read(pair[i + 1])
    if held then
      table.insert(reply, pair[i + 1])
      table.insert(reply, tonumber(held[1]))
      table.insert(reply, held[3])
    end
  end
end
local call, record = string.match(redis.call('GET', KEYS[2]) or '', '^([^ ]+) (.*)$')
if call and read(call) then reply[3] = record end
return reply

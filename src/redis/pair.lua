-- Reads what a pair of accounts has, save its calls: their keys are known only from what this returns.
-- KEYS[1]  the pair
-- KEYS[2]  a start: name of its call, and its record
-- returns  now, version of the pair or 0, the start or '', then the name of each starter's latest call
local pair = redis.call('HGETALL', KEYS[1])
local reply = { now, 0, redis.call('GET', KEYS[2]) or '' }
for i = 1, #pair, 2 do
  if pair[i] == 'version' then
    reply[2] = tonumber(pair[i + 1])
  else
    table.insert(reply, pair[i + 1])
  end
end
return reply

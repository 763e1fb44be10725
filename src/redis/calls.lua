-- Reads the index of an account.
-- KEYS     as in enter.lua
-- ARGV[3]  how many past calls at most, the newest
-- returns  now, then of each call: its name, when it was entered, what KEYS[3] says, 1 when it is live
local reply = { now }
local function add(calls, live)
  for i = 1, #calls, 2 do
    table.insert(reply, { calls[i], calls[i + 1], redis.call('HGET', KEYS[3], calls[i]) or '', live })
  end
end
add(redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), 1)
if ARGV[3] ~= '0' then add(redis.call('ZRANGE', KEYS[2], 0, ARGV[3] - 1, 'REV', 'WITHSCORES'), 0) end
return reply

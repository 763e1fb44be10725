-- Reads which calls are to be looked at.
-- KEYS[1]  when each is due, Unix ms
-- KEYS[2]  version and id of each
-- ARGV[3]  how many at most
-- returns  of each, the longest past first: its name, when it was due, its version and id
local reply = {}
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[3], 'WITHSCORES')
for i = 1, #due, 2 do
  table.insert(reply, { due[i], due[i + 1], redis.call('HGET', KEYS[2], due[i]) or '' })
end
return reply

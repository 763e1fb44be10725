-- Reads which calls are to be looked at: those that are due, and those that are further away than any deadline is,
-- which were scheduled before the clock was set back.
-- KEYS[1]  when each is due, Unix ms
-- KEYS[2]  version and id of each
-- ARGV[3]  how many at most
-- ARGV[4]  how far away a deadline can be, ms
-- returns  of each, the longest past first: its name, when it was due, its version and id
local reply = {}
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[3], 'WITHSCORES')
local left, ahead = ARGV[3] - #due / 2, string.format('(%.0f', now + ARGV[4])
for _, part in ipairs(redis.call('ZRANGE', KEYS[1], ahead, '+inf', 'BYSCORE', 'LIMIT', 0, left, 'WITHSCORES')) do
  table.insert(due, part)
end
for i = 1, #due, 2 do
  table.insert(reply, { due[i], due[i + 1], redis.call('HGET', KEYS[2], due[i]) or '' })
end
return reply

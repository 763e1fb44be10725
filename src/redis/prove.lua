-- Keeps the first proof of keys that is given, so that all nodes can tell whether theirs are the same.
-- KEYS[1]  the proof: what comes of one text by NAME_KEY ('named') and by ENCRYPTION_KEYS ('sealed')
-- ARGV[3]  the node's own 'named'
-- ARGV[4]  the node's own 'sealed'
-- ARGV[5]  the 'sealed' that the node's own is to replace, or ''
-- ARGV[6]  how long it is kept, ms
-- returns  what is kept now: 'named', 'sealed'
redis.call('HSETNX', KEYS[1], 'named', ARGV[3])
redis.call('HSETNX', KEYS[1], 'sealed', ARGV[4])
local held = redis.call('HMGET', KEYS[1], 'named', 'sealed')
if held[1] ~= ARGV[3] then return held end
if held[2] == ARGV[5] then
  redis.call('HSET', KEYS[1], 'sealed', ARGV[4])
  held[2] = ARGV[4]
end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return held

-- Takes one of so many places.
-- KEYS[1]  who has a place: since when, Unix ms, and the id
-- ARGV[3]  name of who wants one
-- ARGV[4]  its id
-- ARGV[5]  how many places there are
-- ARGV[6]  how long they are kept while nobody comes, ms
-- returns  1 when it has one; else 0, then the names and values of those who do
if redis.call('HEXISTS', KEYS[1], ARGV[3]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  return { 0, unpack(redis.call('HGETALL', KEYS[1])) }
end
redis.call('HSET', KEYS[1], ARGV[3], string.format('%.0f ', now) .. ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return { 1 }

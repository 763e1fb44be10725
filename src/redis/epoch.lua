-- Draws numbers greater than any before; also after the key was lost, as none is less than the time in microseconds.
-- KEYS[1]  the last number drawn
-- ARGV[3]  how long it is kept, ms
-- ARGV[4]  how many are drawn
-- returns  the first of them; the others follow
local drawn = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[1], string.format('%.0f', drawn + ARGV[4] - 1), 'PX', ARGV[3])
return drawn

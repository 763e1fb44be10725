-- Gives a permit back, if the window that it is of still lasts.
-- KEYS[1]  permits taken, and when the window ends, Unix ms
-- ARGV[3]  when the window of the permit ends, Unix ms
local window = redis.call('HMGET', KEYS[1], 'taken', 'ends')
if window[2] ~= ARGV[3] or tonumber(ARGV[3]) <= now or tonumber(window[1]) < 1 then return 0 end
return redis.call('HINCRBY', KEYS[1], 'taken', -1)

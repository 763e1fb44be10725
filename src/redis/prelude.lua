-- Stands before every other script.
-- ARGV[1]  when nobody waits for it any more, Unix ms by this server's clock: from then on nothing is done
-- ARGV[2]  the time to go by in place of this server's clock, Unix ms, or ''
-- sets     now, Unix ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now >= tonumber(ARGV[1]) then return redis.error_reply('GIVENUP nobody waits for this any more') end
if ARGV[2] ~= '' then now = tonumber(ARGV[2]) end

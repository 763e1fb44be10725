-- Takes permits within a fixed window that begins with the first: one, and more while many are left; a refusal takes none.
-- KEYS[1]  permits taken, and when the window ends, Unix ms
-- ARGV[3]  how many permits there are
-- ARGV[4]  how long a window lasts, ms
-- ARGV[5]  of those that are left one in so many is taken; 0 : one is
-- ARGV[6]  how many are taken at most
-- returns  how many were taken; when the window ends; how long that still is, ms
local window = redis.call('HMGET', KEYS[1], 'taken', 'ends')
local taken, ends = tonumber(window[1] or 0), tonumber(window[2] or 0)
if ends > now + ARGV[4] then
  -- The clock was set back: the window ends no later than one that begins now.
  ends = now + ARGV[4]
  redis.call('HSET', KEYS[1], 'ends', string.format('%.0f', ends))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
if ends <= now then
  taken, ends = 0, now + ARGV[4]
  redis.call('HSET', KEYS[1], 'taken', 0, 'ends', string.format('%.0f', ends))
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
if taken >= tonumber(ARGV[3]) then return { 0, ends, ends - now } end
local share = tonumber(ARGV[5])
local more = share > 0 and math.floor((ARGV[3] - taken) / share) or 1
more = math.max(1, math.min(more, tonumber(ARGV[6])))
redis.call('HINCRBY', KEYS[1], 'taken', more)
return { more, ends, ends - now }

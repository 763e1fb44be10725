-- Says what the user of this connection may not do.
-- ARGV[3]  and all after it: commands, with spaces between their words
-- returns  those that are refused; none where the server cannot tell
local refused = {}
for i = 3, #ARGV do
  local words = {}
  for word in string.gmatch(ARGV[i], '[^ ]+') do table.insert(words, word) end
  local told, allowed = pcall(redis.acl_check_cmd, unpack(words))
  if told and not allowed then table.insert(refused, ARGV[i]) end
end
return refused

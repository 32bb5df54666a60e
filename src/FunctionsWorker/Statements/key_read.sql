SELECT kind, function, name, salt, hash, readable
FROM keys
ORDER BY kind, function, name;

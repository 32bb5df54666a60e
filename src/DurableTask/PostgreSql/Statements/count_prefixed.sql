-- How many instances have an id that begins so, up to $2. "C" sorts by bytes: the last character of all ends the range.
SELECT count(*)::integer FROM (SELECT FROM instances WHERE instance_id >= $1 AND instance_id < $1 || U&'\+10FFFF' LIMIT $2) i;

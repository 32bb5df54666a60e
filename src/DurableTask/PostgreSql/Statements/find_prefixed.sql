-- At most $2 instances whose id begins so. "C" sorts by bytes: the last character of all ends the range.
SELECT instance_id FROM instances WHERE instance_id >= $1 AND instance_id < $1 || U&'\+10FFFF' LIMIT $2;

-- What follows in the history after entry $2, $3 entries at most; with the execution that it belongs to.
SELECT i.execution_id, h.seq, h.event
FROM history h
JOIN instances i ON i.instance_id = h.instance_id
WHERE h.instance_id = $1 AND h.seq > $2
ORDER BY h.seq
LIMIT $3;

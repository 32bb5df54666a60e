-- A row without an event says that the instance exists; no row at all, that it does not.
SELECT h.event
FROM instances i
LEFT JOIN history h ON h.instance_id = i.instance_id
WHERE i.instance_id = $1
ORDER BY h.seq;

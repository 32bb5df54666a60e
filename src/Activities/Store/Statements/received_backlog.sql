-- Counted up to a limit: a backlog of a million need not be counted to be noticed.
SELECT (SELECT count(*) FROM (SELECT FROM received_signal WHERE due_at IS NOT NULL AND looked_at IS NULL LIMIT $1) AS waiting),
       (SELECT min(received_at)
        FROM (
            SELECT received_at FROM received_signal WHERE due_at IS NOT NULL AND looked_at IS NULL ORDER BY due_at LIMIT 1000
        ) AS longest),
       (SELECT count(*) FROM (SELECT FROM received_signal WHERE parked_at IS NOT NULL LIMIT $1) AS parked),
       (SELECT count(*) FROM (SELECT FROM received_signal WHERE due_at IS NOT NULL AND looked_at IS NOT NULL LIMIT $1) AS looking);

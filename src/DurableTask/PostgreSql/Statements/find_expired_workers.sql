-- Workers that have not been heard of for longer than they said. One of this very process gets a second more: it may just be late.
SELECT DISTINCT worker_id FROM workers
WHERE alive_until < CASE WHEN session = $1 THEN now() - interval '1 s' ELSE now() END;

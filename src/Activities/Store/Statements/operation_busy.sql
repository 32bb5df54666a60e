-- Another operation on the target that has begun and not ended. Steps are kept under a target of their own and do not count.
SELECT key
FROM operation_ledger
WHERE target_key = $1 AND key <> $2 AND state = 'intended' AND intended_at > $3
ORDER BY intended_at
LIMIT 1;

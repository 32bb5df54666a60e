UPDATE timers
SET leased_until = clock_timestamp() + $3::interval
WHERE function = $1 AND fence = $2 AND owner IS NOT NULL
RETURNING fence;

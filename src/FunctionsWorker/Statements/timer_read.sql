-- Leases are judged by this server's clock: how much is left is told as a span, for hosts with clocks of their own.
SELECT schedule, last_started, next_due, updated_at, fence, leased_until - clock_timestamp(), clock_timestamp()
FROM timers
WHERE function = $1;

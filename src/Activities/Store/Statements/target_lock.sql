-- Whoever attaches a signal to a target's incident, opens or closes one, does so alone.
SELECT pg_advisory_xact_lock(hashtextextended('heal.target:' || $1, 0));

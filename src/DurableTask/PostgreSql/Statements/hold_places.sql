-- One worker at a time gives places away; until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('heal.places:' || current_schema(), 0));

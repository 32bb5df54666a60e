-- Payloads that nothing refers to any more.
DELETE FROM payloads WHERE id = ANY ($1::text[]);

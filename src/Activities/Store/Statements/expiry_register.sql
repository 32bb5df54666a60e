-- The first note of an effect's end stays.
INSERT INTO expiry (operation_key, request, due_at, registered_at)
VALUES ($1, $2::jsonb, $3, $4)
ON CONFLICT (operation_key) DO NOTHING;

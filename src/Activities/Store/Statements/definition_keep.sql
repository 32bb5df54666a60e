-- A domain that was forgotten meanwhile has no definition to keep.
INSERT INTO machine_definition (host, uuid, xml, autostart, locks_seen_at, kept_at)
SELECT host, uuid, $3::text, $4::boolean, $5::timestamptz, $6::timestamptz FROM machine WHERE host = $1 AND uuid = $2
ON CONFLICT ON CONSTRAINT a_definition_is_kept_once_per_host DO UPDATE
SET xml = excluded.xml, autostart = excluded.autostart, kept_at = excluded.kept_at,
    locks_seen_at = excluded.locks_seen_at
WHERE machine_definition.kept_at <= excluded.kept_at;

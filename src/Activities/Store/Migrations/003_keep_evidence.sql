-- Whole evidence bundles, gzipped JSON. The history of an incident holds their digests and, with the hash, which of them was judged on:
-- a look that is repeated after a failure may be kept twice under one step. Not bound to the incident's row: evidence must not fail for it.
CREATE TABLE evidence_bundle (
    incident_id  text        NOT NULL,
    step         integer     NOT NULL,
    hash         text        NOT NULL,
    target_key   text        NOT NULL,
    collected_at timestamptz NOT NULL,
    schema       integer     NOT NULL,
    plain_bytes  integer     NOT NULL,
    stored_bytes integer     NOT NULL,
    content      bytea       NOT NULL,
    CONSTRAINT a_bundle_is_kept_once PRIMARY KEY (incident_id, step, hash),
    CONSTRAINT steps_of_an_incident_start_at_one CHECK (step >= 1),
    CONSTRAINT a_bundle_says_its_size CHECK (stored_bytes = octet_length(content) AND plain_bytes > 0)
);
CREATE INDEX evidence_by_age ON evidence_bundle (collected_at);

-- It is compressed already.
ALTER TABLE evidence_bundle ALTER COLUMN content SET STORAGE EXTERNAL;

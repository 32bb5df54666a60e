-- Large payloads, compressed and apart: what is read at every turn stays small. Written before what refers to them, and without a lock
-- on the instance: hence no foreign key; those that nothing refers to are swept.
CREATE TABLE payloads (
    id          text COLLATE "C" NOT NULL CONSTRAINT payload_id_is_unique PRIMARY KEY,
    instance_id text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    data        bytea NOT NULL
);

-- They are compressed already.
ALTER TABLE payloads ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE INDEX payloads_by_instance ON payloads (instance_id);

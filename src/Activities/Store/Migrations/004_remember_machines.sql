-- What was last seen of each domain of a libvirt host, and when each host was last heard of. libvirt forgets why a guest is off when it
-- restarts itself; without this memory an operator's stop and a crash would look the same after that.
CREATE TABLE machine (
    host       text        NOT NULL,
    uuid       uuid        NOT NULL,
    name       text        NOT NULL,
    state      text        NOT NULL,
    reason     text        NOT NULL,
    run_id     integer,
    ran_at     timestamptz,
    stopped_by text,
    events     jsonb       NOT NULL,
    seen_at    timestamptz NOT NULL,
    CONSTRAINT a_domain_is_remembered_once_per_host PRIMARY KEY (host, uuid)
);
CREATE INDEX machines_by_name ON machine (name);

CREATE TABLE hypervisor (
    host    text        CONSTRAINT a_host_is_remembered_once PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

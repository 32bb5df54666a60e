-- What a guest of a dead host can be started from elsewhere, where that was done, and which hosts somebody works on.

-- The host itself, by the uuid that it gives: a second way to it is believed only when it leads to the same machine.
ALTER TABLE hypervisor ADD COLUMN identity uuid;

-- Only of guests that want to be restarted elsewhere. libvirt hands the documents out without passwords; one that had any is not kept.
CREATE TABLE machine_definition (
    host          text        NOT NULL,
    uuid          uuid        NOT NULL,
    xml           text        NOT NULL CONSTRAINT a_definition_has_at_most_262144_characters CHECK (char_length(xml) <= 262144),
    autostart     boolean     NOT NULL,
    -- When the locks of its running emulator were seen from here; null: never, and then that they are free proves nothing.
    locks_seen_at timestamptz,
    kept_at       timestamptz NOT NULL,
    CONSTRAINT a_definition_is_kept_once_per_host PRIMARY KEY (host, uuid),
    CONSTRAINT a_definition_goes_with_its_domain FOREIGN KEY (host, uuid) REFERENCES machine (host, uuid) ON DELETE CASCADE
);

-- Written before a guest is started elsewhere: from then on its old host must not start it any more.
CREATE TABLE machine_move (
    host          text        NOT NULL,
    uuid          uuid        NOT NULL,
    name          text        NOT NULL,
    destination   text        NOT NULL,
    operation_key text        NOT NULL,
    moved_at      timestamptz NOT NULL,
    -- What witnesses signed of the old copy, by which it was started.
    proofs        jsonb       NOT NULL,
    -- The old host has no copy any more, or the guest is back.
    ended_at      timestamptz,
    CONSTRAINT a_guest_leaves_a_host_once PRIMARY KEY (host, uuid)
);

CREATE TABLE host_maintenance (
    host          text        CONSTRAINT a_host_is_in_maintenance_once PRIMARY KEY,
    set_by        text        NOT NULL,
    reason        text        NOT NULL,
    since         timestamptz NOT NULL,
    until         timestamptz,
    operation_key text        NOT NULL
);

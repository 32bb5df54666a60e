-- Entities, apart from instances: nothing that looks for orchestrations or lists them meets an entity or one of its messages.

CREATE TABLE entities (
    entity_id      text COLLATE "C" NOT NULL CONSTRAINT entity_id_is_unique PRIMARY KEY,
    -- JSON; null for none.
    state          text,
    -- When an operation last ran.
    updated_at     timestamptz NOT NULL DEFAULT now(),
    -- The execution that has the entity in its critical section.
    holder         text COLLATE "C",
    holder_execution text COLLATE "C",
    -- The worker's lock, as that of an instance.
    locked_by      text,
    locked_until   timestamptz,
    fence          bigint NOT NULL DEFAULT 0,
    CONSTRAINT entity_id_is_at_name_at_key CHECK (entity_id ~ '^@[^@]+@' AND length(entity_id) <= 512),
    CONSTRAINT a_critical_section_names_its_execution CHECK ((holder IS NULL) = (holder_execution IS NULL)),
    CONSTRAINT an_entity_s_lock_has_an_end CHECK (locked_by IS NULL OR locked_until IS NOT NULL)
) WITH (fillfactor = 70);

CREATE INDEX entities_in_critical_sections ON entities (entity_id) WHERE holder IS NOT NULL;

-- What waits for an entity. Written without a lock on the entity, and before it exists: whoever locks it first creates its row.
CREATE TABLE entity_inbox (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT entity_inbox_id_is_unique PRIMARY KEY,
    entity_id  text COLLATE "C" NOT NULL,
    -- Null while the message waits for the end of somebody's critical section.
    visible_at timestamptz,
    message    text NOT NULL,
    CONSTRAINT message_is_for_at_name_at_key CHECK (entity_id ~ '^@[^@]+@' AND length(entity_id) <= 512)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX entity_inbox_by_time ON entity_inbox (visible_at) WHERE visible_at IS NOT NULL;
CREATE INDEX entity_inbox_by_entity ON entity_inbox (entity_id, id);

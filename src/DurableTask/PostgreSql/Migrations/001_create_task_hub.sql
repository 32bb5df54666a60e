-- A task hub. Texts sort by bytes ("C"), as the engine compares them. Payloads and events are JSON kept as text: the hub never looks
-- into them, and text also takes the escaped NUL that jsonb refuses.

CREATE TABLE instances (
    instance_id        text COLLATE "C" NOT NULL CONSTRAINT instance_id_is_unique PRIMARY KEY,
    execution_id       text COLLATE "C" NOT NULL,
    name               text NOT NULL,
    version            text,
    status             smallint NOT NULL,
    parent_instance_id text COLLATE "C",
    tags               jsonb,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    completed_at       timestamptz,
    -- Messages are not visible before: the scheduled start.
    starts_at          timestamptz NOT NULL DEFAULT now(),
    input              text,
    output             text,
    custom_status      text,
    failure            text,
    history_count      integer NOT NULL DEFAULT 0,
    -- The lock. locked_until without locked_by is an abandoned turn's delay.
    locked_by          text,
    locked_until       timestamptz,
    fence              bigint NOT NULL DEFAULT 1,
    CONSTRAINT instance_id_has_1_to_512_characters CHECK (length(instance_id) BETWEEN 1 AND 512),
    CONSTRAINT status_is_known CHECK (status BETWEEN 0 AND 7),
    CONSTRAINT a_lock_has_an_end CHECK (locked_by IS NULL OR locked_until IS NOT NULL),
    CONSTRAINT ended_instances_say_when CHECK ((status IN (1, 3, 4, 5)) = (completed_at IS NOT NULL)),
    CONSTRAINT ended_instances_are_not_locked CHECK (completed_at IS NULL OR locked_by IS NULL)
) WITH (fillfactor = 70); -- Every turn updates its row; the room lets the new version stay on the same page, without touching an index.

CREATE INDEX instances_by_creation ON instances (created_at, instance_id);
CREATE INDEX instances_by_parent ON instances (parent_instance_id) WHERE parent_instance_id IS NOT NULL;

-- The events of the current execution, append-only.
CREATE TABLE history (
    instance_id text COLLATE "C" NOT NULL,
    seq         integer NOT NULL,
    event       text NOT NULL,
    CONSTRAINT history_entries_are_numbered_once PRIMARY KEY (instance_id, seq)
);

-- What waits for an instance: messages, timers and scheduled starts (visible in the future). Written without a lock on the instance:
-- hence no foreign key, and messages for instances that ended meanwhile are ignored and swept.
CREATE TABLE inbox (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT inbox_id_is_unique PRIMARY KEY,
    instance_id  text COLLATE "C" NOT NULL,
    -- Only this execution may consume the message; null for any.
    execution_id text COLLATE "C",
    visible_at   timestamptz NOT NULL,
    timer_id     integer,
    event        text NOT NULL,
    CONSTRAINT timers_belong_to_an_execution CHECK (timer_id IS NULL OR execution_id IS NOT NULL)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX inbox_by_time ON inbox (visible_at);
CREATE INDEX inbox_by_instance ON inbox (instance_id, visible_at, id);
CREATE INDEX inbox_timers ON inbox (instance_id, timer_id) WHERE timer_id IS NOT NULL;

-- Scheduled activities, until their outcome is stored.
CREATE TABLE activities (
    id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT activity_id_is_unique PRIMARY KEY,
    instance_id    text COLLATE "C" NOT NULL,
    execution_id   text COLLATE "C" NOT NULL,
    task_id        integer NOT NULL,
    name           text,
    version        text,
    event          text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    -- Nobody may take it before: now, the end of a lease, or of an abandoned activity's delay. One column, so that one index finds work.
    visible_at     timestamptz NOT NULL DEFAULT now(),
    locked_by      text,
    fence          bigint NOT NULL DEFAULT 0,
    delivery_count integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

CREATE INDEX activities_by_time ON activities (visible_at, id);
CREATE INDEX activities_by_instance ON activities (instance_id);

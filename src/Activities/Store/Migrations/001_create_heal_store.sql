-- One row per incident. The orchestration holds its course; this table holds what must be decided in one transaction:
-- which incident of a target is open, and which signals belong to it.
CREATE TABLE incident (
    incident_id     text        CONSTRAINT incident_ids_are_unique PRIMARY KEY,
    target_key      text        NOT NULL,
    cluster         text        NOT NULL,
    kind            text        NOT NULL,
    namespace       text        NOT NULL,
    name            text        NOT NULL,
    episode         integer     NOT NULL,
    first_signal_id text        NOT NULL,
    workflow        text,
    input           jsonb       NOT NULL,
    opened_at       timestamptz NOT NULL,
    closed_at       timestamptz,
    outcome         text,
    reason          text,
    result          jsonb,
    CONSTRAINT episodes_of_a_target_are_numbered_once UNIQUE (target_key, episode),
    CONSTRAINT episodes_start_at_one CHECK (episode >= 1),
    CONSTRAINT a_closed_incident_has_an_outcome CHECK ((closed_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX one_open_incident_per_target ON incident (target_key) WHERE closed_at IS NULL;
CREATE INDEX incidents_by_opening ON incident (opened_at DESC);

-- Every signal that was ever accepted, with where it went. The number orders the signals of one incident.
CREATE TABLE incident_signal (
    signal_id   text        CONSTRAINT a_signal_is_recorded_once PRIMARY KEY,
    incident_id text        REFERENCES incident (incident_id) ON DELETE CASCADE,
    number      integer,
    route       text        NOT NULL,
    reason      text        NOT NULL,
    alert_name  text        NOT NULL,
    status      text        NOT NULL,
    starts_at   timestamptz NOT NULL,
    source      text        NOT NULL,
    received_at timestamptz NOT NULL,
    signal      jsonb       NOT NULL,
    CONSTRAINT an_attached_signal_has_a_number CHECK ((incident_id IS NULL) = (number IS NULL)),
    CONSTRAINT signals_of_an_incident_are_numbered_once UNIQUE (incident_id, number)
);

-- What was done to targets. A row is committed as 'intended' before anything is touched. It outlives the incident.
CREATE TABLE operation_ledger (
    key                   text        CONSTRAINT an_operation_happens_once PRIMARY KEY,
    incident_id           text        NOT NULL,
    action_id             text        NOT NULL,
    target_key            text        NOT NULL,
    undoes                text        CONSTRAINT an_undo_names_its_operation REFERENCES operation_ledger (key),
    state                 text        NOT NULL,
    pre_image             jsonb       NOT NULL,
    post_image            jsonb,
    removed_template_hash text,
    status                text,
    detail                text,
    intended_at           timestamptz NOT NULL,
    finished_at           timestamptz,
    CONSTRAINT operation_states_are_known CHECK (state IN ('intended', 'confirmed', 'abandoned')),
    CONSTRAINT a_finished_operation_has_a_time CHECK ((state = 'intended') = (finished_at IS NULL)),
    CONSTRAINT a_confirmed_operation_has_a_post_image CHECK (state <> 'confirmed' OR post_image IS NOT NULL)
);
CREATE INDEX operations_of_a_target ON operation_ledger (target_key, intended_at DESC);

-- What learning reads: cause, action and context against what came of it.
CREATE TABLE outcome (
    incident_id text             CONSTRAINT an_incident_has_one_outcome PRIMARY KEY,
    target_key  text             NOT NULL,
    workflow    text,
    cause       text,
    confidence  double precision,
    action_id   text,
    outcome     text             NOT NULL,
    context     jsonb            NOT NULL,
    seconds     double precision NOT NULL,
    ended_at    timestamptz      NOT NULL
);

-- What people were given. Delivery channels take it from here.
CREATE TABLE hand_off (
    incident_id  text        CONSTRAINT an_incident_is_handed_off_once PRIMARY KEY,
    target_key   text        NOT NULL,
    addressee    text        NOT NULL,
    bundle       jsonb       NOT NULL,
    recorded_at  timestamptz NOT NULL,
    delivered_at timestamptz
);

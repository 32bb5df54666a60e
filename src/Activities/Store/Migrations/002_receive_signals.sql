-- Every signal that was accepted, written before its sender is told so. It is the memory by which a copy is recognised, and the list of
-- those that wait to be routed: due_at is set while a signal waits, routed_at once it was brought to where it belongs, parked_at when
-- that failed for too long and a person has to look at it.
CREATE TABLE received_signal (
    signal_id   text COLLATE "C" CONSTRAINT a_signal_is_received_once PRIMARY KEY,
    signal      text,
    received_at timestamptz NOT NULL,
    due_at      timestamptz,
    attempts    integer     NOT NULL DEFAULT 0,
    reason      text,
    routed_at   timestamptz,
    parked_at   timestamptz,
    CONSTRAINT a_signal_waits_or_is_routed_or_is_parked CHECK (num_nonnulls(due_at, routed_at, parked_at) = 1),
    CONSTRAINT a_signal_that_is_not_routed_keeps_its_content CHECK (routed_at IS NOT NULL OR signal IS NOT NULL)
);
CREATE INDEX signals_that_wait ON received_signal (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX signals_that_are_parked ON received_signal (parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX signals_by_routing ON received_signal (routed_at) WHERE routed_at IS NOT NULL;

-- What was routed before this table existed is known, too.
INSERT INTO received_signal (signal_id, received_at, routed_at)
SELECT signal_id, received_at, received_at FROM incident_signal;

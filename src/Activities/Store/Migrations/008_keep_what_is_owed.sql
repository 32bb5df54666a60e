-- It only adds, and yet no older program can go on: it would carry on incidents by plans of this one, whose course it does not know. All
-- hosts of the older program are stopped before the first of this one starts (docs/operating/postgresql.md, "Upgrades").

-- A signal whose target is looked at (its last incident ended well) waits until that is done, and says since when. It is what the look is
-- begun again from, when its orchestration is lost. No constraint ties the column to due_at: an older program that is only just being
-- stopped ends the wait without knowing it.
ALTER TABLE received_signal ADD COLUMN looked_at timestamptz;

-- When the alert that always fires was heard last, and whether people know that it stays away. One row for each name that was set.
CREATE TABLE heartbeat (
    alert           text        CONSTRAINT a_heartbeat_has_one_row PRIMARY KEY,
    heard_at        timestamptz,
    listening_since timestamptz NOT NULL,
    looked_at       timestamptz NOT NULL,
    silent_since    timestamptz,
    told_at         timestamptz,
    CONSTRAINT only_a_silence_is_told CHECK (told_at IS NULL OR silent_since IS NOT NULL)
);

-- When people are told of a hand-off that they do not know of; null: they do, or nobody is to be told, or it was given up. Of those
-- from before it is not known.
ALTER TABLE hand_off ADD COLUMN due_at timestamptz;
CREATE INDEX hand_offs_to_be_told ON hand_off (due_at) WHERE due_at IS NOT NULL;

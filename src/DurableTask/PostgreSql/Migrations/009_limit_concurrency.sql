-- Who holds the places of names with a limit. Written when such work is locked only; a place is free again when what holds it has ended or
-- its lease is over, which is looked up when the next place is wanted.
CREATE TABLE activity_places (
    activity_id bigint NOT NULL CONSTRAINT an_activity_holds_one_place PRIMARY KEY,
    name        text NOT NULL
);

CREATE TABLE instance_places (
    instance_id text COLLATE "C" NOT NULL CONSTRAINT an_instance_holds_one_place PRIMARY KEY,
    name        text NOT NULL
);

-- What waits for a place is out of everybody's way: visible, or starting, at the end of time.
CREATE INDEX activities_without_place ON activities (lower(name), id) WHERE visible_at = 'infinity';
CREATE INDEX instances_without_place ON instances (lower(name), created_at) WHERE starts_at = 'infinity';

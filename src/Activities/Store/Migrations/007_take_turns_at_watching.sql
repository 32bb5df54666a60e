-- Programs from version 5 on can go on. They watch by themselves, as they did.
-- Which host watches, of those that share this store. Whoever wants to goes on renewing his turn; it is free once it has ended.
CREATE TABLE watch_turn (
    watch   text        CONSTRAINT a_watch_has_one_turn_at_a_time PRIMARY KEY,
    holder  text        NOT NULL,
    since   timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);

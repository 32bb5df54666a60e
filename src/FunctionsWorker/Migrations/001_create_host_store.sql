-- What the hosts of one application share: whose turn a timer is, and the keys of callers. One row per function or key; nothing grows.

CREATE TABLE timers (
    function     text COLLATE "C" CONSTRAINT function_has_one_timer PRIMARY KEY,
    -- The expression with its time zone: another text means another schedule, and next_due is computed anew.
    schedule     text NOT NULL,
    last_started timestamptz,
    -- The earliest occurrence that is not done; null when the schedule has none any more.
    next_due     timestamptz,
    updated_at   timestamptz NOT NULL,
    -- Who runs it now. The fence grows with each claim: what a former holder writes is not taken.
    owner        text,
    started_at   timestamptz,
    leased_until timestamptz,
    fence        bigint NOT NULL DEFAULT 0,
    CONSTRAINT a_lease_has_an_owner_a_start_and_an_end
        CHECK ((owner IS NULL) = (leased_until IS NULL) AND (owner IS NULL) = (started_at IS NULL))
);

CREATE TABLE keys (
    kind       text NOT NULL,
    function   text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    salt       bytea NOT NULL,
    hash       bytea NOT NULL,
    -- The key itself, of the one key that the host writes into its replies.
    readable   text,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT key_is_named_once PRIMARY KEY (kind, function, name),
    CONSTRAINT kind_is_known CHECK (kind IN ('Master', 'Host', 'System', 'Function')),
    CONSTRAINT function_keys_name_a_function CHECK ((kind = 'Function') = (function <> '')),
    CONSTRAINT only_the_key_of_links_is_readable
        CHECK (readable IS NULL OR (kind = 'System' AND name = 'durabletask_extension'))
);

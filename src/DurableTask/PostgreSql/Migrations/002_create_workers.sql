-- Which processes work here. A process holds an advisory lock, whose key is made of its session's name, for as long as its listening
-- connection lives: when the lock is free, the process is dead (or has lost that connection), and its leases need not be waited for.
CREATE TABLE workers (
    worker_id     text COLLATE "C" NOT NULL,
    session       text COLLATE "C" NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    -- Its leases were given back then. The row stays for one more look, at what a commit that was under way then has left.
    died_at       timestamptz,
    CONSTRAINT workers_register_once_per_session PRIMARY KEY (worker_id, session)
);

CREATE INDEX workers_by_session ON workers (session);

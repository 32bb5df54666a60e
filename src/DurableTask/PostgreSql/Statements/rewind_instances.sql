-- Failed instances run again and are told so; others are left alone. A row comes back for each.
WITH rewound AS (
    UPDATE instances i SET
        status = 0,
        updated_at = now(),
        completed_at = NULL,
        output = NULL,
        failure = NULL,
        fence = i.fence + 1
    FROM unnest($1::text[], $2::text[]) AS r (instance_id, event)
    WHERE i.instance_id = r.instance_id AND i.status = 3
    RETURNING i.instance_id, r.event
)
INSERT INTO inbox (instance_id, visible_at, event) SELECT instance_id, now(), event FROM rewound
RETURNING instance_id;

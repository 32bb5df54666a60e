INSERT INTO inbox (instance_id, execution_id, visible_at, timer_id, event)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[], $5::text[]);

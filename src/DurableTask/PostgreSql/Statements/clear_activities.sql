-- Before the messages, see clear_created_activities.
DELETE FROM activities WHERE instance_id = ANY ($1::text[]);

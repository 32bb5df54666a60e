SELECT incident_id, bundle, recorded_at
FROM hand_off
WHERE due_at <= $1
ORDER BY due_at
LIMIT $2;

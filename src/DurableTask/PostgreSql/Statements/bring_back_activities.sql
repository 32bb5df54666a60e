-- After the clock went back by $2: activities that were waiting for a worker go on waiting. $1: what the time would have been. One that was
-- taken out of the memory of a dead worker waits too, from its creation on, with the name of its holder; a lease ends later than it began.
UPDATE activities SET visible_at = visible_at - $2
WHERE visible_at > now() AND visible_at <= $1 AND (locked_by IS NULL OR visible_at = created_at);

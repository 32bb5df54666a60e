-- After the clock went back by $2: instances whose start was not scheduled for later start now. $1: what the time would have been.
UPDATE instances SET starts_at = starts_at - $2
WHERE created_at > now() AND created_at <= $1 AND status = 6 AND starts_at = created_at;

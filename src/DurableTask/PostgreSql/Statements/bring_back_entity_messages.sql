-- After the clock went back by $2: operations that were visible stay visible, in their order. $1: what the time would have been.
UPDATE entity_inbox SET visible_at = visible_at - $2 WHERE visible_at > now() AND visible_at <= $1;

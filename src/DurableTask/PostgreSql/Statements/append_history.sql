INSERT INTO history (instance_id, seq, event) SELECT * FROM unnest($1::text[], $2::integer[], $3::text[]);

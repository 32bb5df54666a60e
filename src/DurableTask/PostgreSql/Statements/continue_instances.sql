UPDATE instances i SET execution_id = t.execution_id, name = t.name, version = t.version, input = t.input
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS t (instance_id, execution_id, name, version, input)
WHERE i.instance_id = t.instance_id;

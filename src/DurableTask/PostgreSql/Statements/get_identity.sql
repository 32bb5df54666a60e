SELECT execution_id, status FROM instances WHERE instance_id = $1;

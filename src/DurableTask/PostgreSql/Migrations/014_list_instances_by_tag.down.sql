DROP TRIGGER tags_of_new_instances ON instances;
DROP TRIGGER tags_of_replaced_instances ON instances;
DROP TRIGGER tags_of_purged_instances ON instances;
DROP FUNCTION keep_instance_tags();
DROP TABLE instance_tags;

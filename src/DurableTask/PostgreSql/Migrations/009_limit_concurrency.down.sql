UPDATE activities SET visible_at = created_at WHERE visible_at = 'infinity';
UPDATE inbox m SET visible_at = now() FROM instances i WHERE i.starts_at = 'infinity' AND m.instance_id = i.instance_id;
UPDATE instances SET starts_at = now() WHERE starts_at = 'infinity';
DROP INDEX instances_without_place;
DROP INDEX activities_without_place;
DROP TABLE instance_places;
DROP TABLE activity_places;

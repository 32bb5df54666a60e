-- Programs from version 12 on can go on.
-- Instances by their tags, in the order of the lists: the index of tags that there is says which instances have a tag, but not which of
-- them are the oldest. A table beside the instances, because one instance has several tags. Triggers keep it, because programs of an
-- older version know nothing of it; they do nothing for instances without tags. A tag is a hash of its name and value: whoever reads
-- looks at the instance's tags too. A tag without a value has no row.
-- The index stays for the lists of the older programs, and because dropping it here would keep all readers out until this has ended: a
-- later version drops it. While this runs, writers wait.
CREATE TABLE instance_tags (
    tag         bigint NOT NULL,
    created_at  timestamptz NOT NULL,
    instance_id text COLLATE "C" NOT NULL,
    CONSTRAINT an_instance_has_a_tag_once PRIMARY KEY (tag, created_at, instance_id)
);

CREATE FUNCTION keep_instance_tags() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM instance_tags i USING jsonb_each_text(OLD.tags) t
        WHERE i.tag = hashtextextended(t.value, hashtextextended(t.key, 0))
          AND i.created_at = OLD.created_at AND i.instance_id = OLD.instance_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO instance_tags (tag, created_at, instance_id)
        SELECT hashtextextended(t.value, hashtextextended(t.key, 0)), NEW.created_at, NEW.instance_id
        FROM jsonb_each_text(NEW.tags) t WHERE t.value IS NOT NULL
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER tags_of_new_instances AFTER INSERT ON instances
    FOR EACH ROW WHEN (NEW.tags IS NOT NULL) EXECUTE FUNCTION keep_instance_tags();
CREATE TRIGGER tags_of_replaced_instances AFTER UPDATE OF tags, created_at ON instances
    FOR EACH ROW WHEN (OLD.tags IS NOT NULL OR NEW.tags IS NOT NULL) EXECUTE FUNCTION keep_instance_tags();
CREATE TRIGGER tags_of_purged_instances AFTER DELETE ON instances
    FOR EACH ROW WHEN (OLD.tags IS NOT NULL) EXECUTE FUNCTION keep_instance_tags();

INSERT INTO instance_tags (tag, created_at, instance_id)
SELECT hashtextextended(t.value, hashtextextended(t.key, 0)), i.created_at, i.instance_id
FROM instances i CROSS JOIN jsonb_each_text(i.tags) t
WHERE i.tags IS NOT NULL AND t.value IS NOT NULL
ON CONFLICT DO NOTHING;

-- The oldest are purged first: where each list begins.
ALTER TABLE instance_tags SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 1000);

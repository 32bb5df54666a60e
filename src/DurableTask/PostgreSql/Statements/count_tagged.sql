-- How many instances have a tag of this name and value, up to $3.
SELECT count(*)::integer
FROM (SELECT FROM instance_tags WHERE tag = hashtextextended($2::text, hashtextextended($1::text, 0)) LIMIT $3) i;

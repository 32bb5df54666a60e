-- Until the end of the transaction, every unqualified name means this schema.
SELECT set_config('search_path', quote_ident($1), true);

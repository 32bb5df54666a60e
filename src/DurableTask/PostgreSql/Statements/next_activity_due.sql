SELECT extract(epoch FROM min(visible_at) - now())::float8 FROM activities;

-- Until the end of the transaction: an index of the GIN kind serves bitmaps only.
SELECT set_config('enable_bitmapscan', 'on', true);

SELECT count(*) FROM things;

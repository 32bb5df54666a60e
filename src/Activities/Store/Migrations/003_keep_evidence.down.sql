DROP TABLE evidence_bundle;

DROP INDEX incidents_by_status;
DROP TABLE documents;

-- What people keep for themselves and others: saved searches, risks that were accepted, choices about rules. kind and key name
-- it; the whole is JSON.
CREATE TABLE documents (
    kind    TEXT C NOT NULL,
    key     TEXT C NOT NULL,
    updated BIGINT NOT NULL,
    json    TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) CLUSTERED;

-- Closed incidents are counted by the time of their last event.
CREATE INDEX incidents_by_status ON incidents (status, last_at, level);

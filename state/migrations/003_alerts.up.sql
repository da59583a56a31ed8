-- What became of hits. What lists are made by stands in columns, the whole as JSON beside it. What people have said of an
-- incident is kept in columns only, which what rules find never writes.
CREATE TABLE alerts (
    key      TEXT C NOT NULL PRIMARY KEY,
    incident TEXT C NOT NULL,
    rule_id  TEXT C NOT NULL,
    level    BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    hits     BIGINT NOT NULL,
    through  BIGINT NOT NULL,
    silence  TEXT C NOT NULL,
    json     TEXT NOT NULL
);
CREATE INDEX alerts_by_incident ON alerts (incident, level, last_at, key);
CREATE INDEX alerts_by_last ON alerts (last_at, key);
CREATE INDEX alerts_by_rule ON alerts (rule_id, last_at, key);
CREATE INDEX alerts_by_silence ON alerts (silence, last_at, key);

CREATE TABLE incidents (
    key        TEXT C NOT NULL PRIMARY KEY,
    score      BIGINT NOT NULL,
    level      BIGINT NOT NULL,
    background BOOLEAN NOT NULL,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    updated    BIGINT NOT NULL,
    json       TEXT NOT NULL,
    status     TEXT C NOT NULL,
    owner      TEXT NOT NULL,
    verdict    TEXT C NOT NULL,
    note       TEXT NOT NULL,
    until      BIGINT NOT NULL,
    decided    BIGINT NOT NULL,
    into_key   TEXT C NOT NULL,
    again      BOOLEAN NOT NULL,
    case_key   TEXT C NOT NULL
);
CREATE INDEX incidents_by_score ON incidents (status, score, last_at, key);
CREATE INDEX incidents_by_last ON incidents (last_at, key);
CREATE INDEX incidents_by_case ON incidents (case_key, key);

CREATE TABLE incident_entities (
    incident TEXT C NOT NULL,
    value    TEXT C NOT NULL,
    PRIMARY KEY (incident, value)
) CLUSTERED;
CREATE INDEX incident_entities_by_value ON incident_entities (value, incident);

CREATE TABLE silences (
    id      TEXT C NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL,
    json    TEXT NOT NULL
);

CREATE TABLE cases (
    key     TEXT C NOT NULL PRIMARY KEY,
    status  TEXT C NOT NULL,
    updated BIGINT NOT NULL,
    version BIGINT NOT NULL,
    json    TEXT NOT NULL
);
CREATE INDEX cases_by_update ON cases (updated, key);

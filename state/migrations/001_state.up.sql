-- C stands for the collation that compares bytes, so that both engines sort texts in one way, CLUSTERED for
-- a table that is its primary key's index, as SQLite has it.
CREATE TABLE hits (
    key        TEXT C NOT NULL PRIMARY KEY,
    rule_id    TEXT C NOT NULL,
    rule_title TEXT NOT NULL,
    level      BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    updated    BIGINT NOT NULL,
    events     BIGINT NOT NULL,
    open       BOOLEAN NOT NULL,
    file       TEXT NOT NULL,
    record     BIGINT NOT NULL,
    event_id   TEXT NOT NULL,
    hosts      TEXT NOT NULL,
    users      TEXT NOT NULL,
    addresses  TEXT NOT NULL,
    tags       TEXT NOT NULL,
    json       TEXT NOT NULL
);
-- Each is for an order and a condition; what stands behind the key lets hits be counted without a look at their rows.
CREATE INDEX hits_by_time ON hits (at, key, level, events, last_at);
CREATE INDEX hits_by_level ON hits (level, at, key, events, last_at);
CREATE INDEX hits_by_rule ON hits (rule_id, at, key, level, events, last_at);
CREATE INDEX hits_by_update ON hits (updated, key);

-- The hosts, users and addresses of hits, in lower case.
CREATE TABLE hit_entities (
    hit   TEXT C NOT NULL,
    value TEXT C NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (hit, value)
) CLUSTERED;
CREATE INDEX hit_entities_by_value ON hit_entities (value, at, hit);

-- The titles of rules, and in lower case as they are asked for.
CREATE TABLE hit_rules (
    id     TEXT C NOT NULL,
    folded TEXT C NOT NULL,
    title  TEXT C NOT NULL,
    PRIMARY KEY (id, folded)
) CLUSTERED;

CREATE TABLE facts (
    name  TEXT C NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) CLUSTERED;

CREATE TABLE audit (
    seq    BIGINT NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    actor  TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    prev   TEXT NOT NULL,
    hash   TEXT NOT NULL
);

-- C stands for the collation that compares bytes, so that both engines sort texts in one way.
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
CREATE INDEX hits_by_time ON hits (at, key);
CREATE INDEX hits_by_level ON hits (level, at, key);
CREATE INDEX hits_by_rule ON hits (rule_id, at, key);
CREATE INDEX hits_by_update ON hits (updated, key);
CREATE INDEX hits_by_end ON hits (last_at);

-- The hosts, users and addresses of hits, in lower case.
CREATE TABLE hit_entities (
    hit   TEXT C NOT NULL,
    value TEXT C NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (hit, value)
);
CREATE INDEX hit_entities_by_value ON hit_entities (value, at, hit);

-- The titles, in lower case, by which a rule can be asked for.
CREATE TABLE hit_rules (
    id    TEXT C NOT NULL,
    title TEXT C NOT NULL,
    PRIMARY KEY (id, title)
);

CREATE TABLE facts (
    name  TEXT C NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

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

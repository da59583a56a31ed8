-- What people were told, and what is still to be sent to them. What is looked for by stands in columns, the whole as JSON.
CREATE TABLE outbox (
    kind  TEXT C NOT NULL,
    key   TEXT C NOT NULL,
    way   TEXT C NOT NULL,
    state TEXT C NOT NULL,
    level BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    json  TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX outbox_by_state ON outbox (kind, state, at, key);

-- What changes the world. version counts the changes of a row, so that nobody overwrites what he has not seen.
CREATE TABLE actions (
    key     TEXT C NOT NULL PRIMARY KEY,
    kind    TEXT C NOT NULL,
    target  TEXT C NOT NULL,
    state   TEXT C NOT NULL,
    asked   BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    version BIGINT NOT NULL,
    json    TEXT NOT NULL
);
CREATE INDEX actions_by_state ON actions (state, key);
CREATE INDEX actions_by_end ON actions (until, state, key);
CREATE INDEX actions_by_asked ON actions (asked, key);

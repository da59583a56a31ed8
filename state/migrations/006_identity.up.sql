-- Who may come in: users, sessions, tokens, links. What is looked for by stands in columns, the whole as JSON. version counts
-- the changes of a row, so that nobody overwrites what he has not seen.
CREATE TABLE identity (
    kind    TEXT C NOT NULL,
    key     TEXT C NOT NULL,
    owner   TEXT C NOT NULL,
    ends    BIGINT NOT NULL,
    version BIGINT NOT NULL,
    json    TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) CLUSTERED;
CREATE INDEX identity_by_owner ON identity (kind, owner, key);
CREATE INDEX identity_by_end ON identity (ends) WHERE ends > 0;

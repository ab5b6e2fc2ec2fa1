-- Times are milliseconds since 1970 UTC. Values that conditions look at have columns; the rest is the
-- JSON in `doc`. Columns that are empty most of the time are NULL then, so that partial indexes stay small.

-- Accepted messages: how each stands. Small rows, as deciding rewrites them.
CREATE TABLE messages (
    n            INTEGER PRIMARY KEY,
    key          TEXT    NOT NULL UNIQUE,
    channel      TEXT    NOT NULL,
    received_at  INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    state        TEXT    NOT NULL DEFAULT 'new',
    queue        TEXT    NOT NULL DEFAULT 'triage',
    conversation TEXT,
    seq          INTEGER NOT NULL DEFAULT 0,
    reason       TEXT    NOT NULL DEFAULT '',
    parked_at    INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_new ON messages (state, received_at, channel, key, due_at) WHERE state = 'new';
CREATE INDEX messages_parked ON messages (state, parked_at, key, queue, channel) WHERE state = 'parked';
CREATE INDEX messages_of ON messages (conversation, seq) WHERE conversation IS NOT NULL;
CREATE INDEX messages_arrived ON messages (received_at, queue, channel);

-- What they say; written once.
CREATE TABLE bodies (
    n   INTEGER PRIMARY KEY,
    doc BLOB    NOT NULL
) STRICT;

CREATE TABLE conversations (
    n             INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    reference     TEXT    NOT NULL UNIQUE,
    customer      TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    queue         TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    owner         TEXT,
    accountable   TEXT    NOT NULL,
    lane          TEXT,
    urgency       REAL    NOT NULL,
    waiting_since INTEGER NOT NULL,
    due_at        INTEGER,
    send_at       INTEGER,
    wake_at       INTEGER,
    updated_at    INTEGER NOT NULL,
    sent_at       INTEGER,
    seq           INTEGER NOT NULL,
    searched      INTEGER NOT NULL DEFAULT 0,
    doc           BLOB    NOT NULL
) STRICT;
CREATE INDEX conversations_waiting ON conversations (lane, urgency, id) WHERE lane IS NOT NULL;
CREATE INDEX conversations_owned ON conversations (owner, urgency, id) WHERE status = 'open' AND owner IS NOT NULL;
CREATE INDEX conversations_watched ON conversations (accountable, urgency, id) WHERE status = 'open' AND owner IS NULL;
CREATE INDEX conversations_listed ON conversations (status, urgency, id);
CREATE INDEX conversations_queued ON conversations (status, queue, urgency, id);
CREATE INDEX conversations_send ON conversations (send_at, id) WHERE send_at IS NOT NULL;
CREATE INDEX conversations_wake ON conversations (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX conversations_customer ON conversations (customer, updated_at, id);
CREATE INDEX conversations_sent ON conversations (sent_at, id) WHERE sent_at IS NOT NULL;
CREATE INDEX conversations_standing ON conversations (status, queue, channel, owner, due_at, waiting_since) WHERE status = 'open';
CREATE INDEX conversations_unsearched ON conversations (n) WHERE searched < seq;

-- Names by which a conversation is found; also those that its document no longer remembers.
CREATE TABLE links (
    link         TEXT    NOT NULL,
    opened_at    INTEGER NOT NULL,
    conversation TEXT    NOT NULL,
    PRIMARY KEY (link, opened_at, conversation)
) STRICT, WITHOUT ROWID;

-- Settled outbox items that left the document.
CREATE TABLE archive (
    n            INTEGER PRIMARY KEY,
    conversation TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    id           TEXT    NOT NULL,
    doc          BLOB    NOT NULL,
    UNIQUE (conversation, seq, id)
) STRICT;

-- `first` is the identity with which a customer came to us; nobody else can come with it.
CREATE TABLE customers (
    id      TEXT    PRIMARY KEY,
    version INTEGER NOT NULL,
    first   TEXT    UNIQUE,
    doc     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE identities (
    key      TEXT NOT NULL,
    customer TEXT NOT NULL,
    PRIMARY KEY (key, customer)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    id      TEXT    PRIMARY KEY,
    version INTEGER NOT NULL,
    seen_at INTEGER,
    doc     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Automatic notes by recipient, the refused ones too: asking again gives the same answer.
CREATE TABLE notes (
    identity TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    allowed  INTEGER NOT NULL,
    PRIMARY KEY (identity, note)
) STRICT, WITHOUT ROWID;
CREATE INDEX notes_recent ON notes (identity, at) WHERE allowed = 1;
CREATE INDEX notes_old ON notes (at);

CREATE TABLE leases (
    name   TEXT    PRIMARY KEY,
    holder TEXT    NOT NULL,
    fence  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    value  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    expires_at INTEGER,
    doc        BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX records_expiring ON records (expires_at) WHERE expires_at IS NOT NULL;

-- Append-only; one writer at a time makes `n` grow in the order of the commits.
CREATE TABLE log (
    n       INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    queue   TEXT    NOT NULL,
    channel TEXT    NOT NULL,
    doc     BLOB    NOT NULL
) STRICT;
CREATE INDEX log_counted ON log (kind, at, queue, channel)
    WHERE kind IN ('answered', 'promised', 'kept', 'renewed', 'broken', 'withdrawn');

-- Words of messages and answers; rowid = conversations.n * 2^20 + seq. Text comes in folded (stores/words.py),
-- so the simplest tokenizer does: letters outside ASCII all count as letters.
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', detail = none, tokenize = "ascii tokenchars '_'");

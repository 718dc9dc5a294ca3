CREATE TABLE store (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    bytes    INTEGER NOT NULL,
    entries  INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    version  INTEGER NOT NULL
);
INSERT INTO store VALUES (1, 0, 0, 0, 0);

CREATE TABLE function (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    path      TEXT NOT NULL,
    site      TEXT NOT NULL,
    code      BLOB NOT NULL,
    shape     BLOB NOT NULL,
    UNIQUE (namespace, path, site, code, shape)
);
CREATE INDEX function_site ON function (namespace, site);

CREATE TABLE entry (
    id       INTEGER PRIMARY KEY,
    function INTEGER NOT NULL,
    slot     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    uses     INTEGER NOT NULL DEFAULT 0,
    expires  INTEGER,
    boot     INTEGER,
    file     TEXT,
    head     BLOB NOT NULL,
    payload  BLOB
);
CREATE INDEX entry_key ON entry (function, slot, bytes);
CREATE INDEX entry_accessed ON entry (accessed);
CREATE INDEX entry_expires ON entry (expires) WHERE expires IS NOT NULL;
CREATE INDEX entry_file ON entry (file) WHERE file IS NOT NULL;

CREATE TABLE departed (
    seq      INTEGER PRIMARY KEY,
    function INTEGER NOT NULL,
    slot     INTEGER NOT NULL,
    reason   INTEGER NOT NULL
);
CREATE INDEX departed_key ON departed (function, slot);

CREATE TABLE forgotten (
    seq   INTEGER PRIMARY KEY,
    word  INTEGER NOT NULL,
    value INTEGER NOT NULL,
    what  BLOB NOT NULL
);
CREATE INDEX forgotten_word ON forgotten (word, value);
CREATE TABLE forgotten_floor (
    word  INTEGER PRIMARY KEY,
    value INTEGER NOT NULL
);

CREATE TABLE metadata (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE quota (
    namespace TEXT PRIMARY KEY,
    bytes     INTEGER NOT NULL,
    used      INTEGER NOT NULL
) WITHOUT ROWID;

-- The counts as of the entry `last_id`; those since then are in the view `totals`.
CREATE TABLE store (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    bytes    INTEGER NOT NULL,
    entries  INTEGER NOT NULL,
    last_id  INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    latest   INTEGER NOT NULL,
    settled  INTEGER NOT NULL
);
INSERT INTO store VALUES (1, 0, 0, 0, 0, 0, 0);

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
    total    INTEGER NOT NULL,
    stored   INTEGER NOT NULL,
    accessed INTEGER,
    uses     INTEGER NOT NULL DEFAULT 0,
    expires  INTEGER,
    boot     INTEGER,
    file     TEXT,
    head     BLOB NOT NULL,
    payload  BLOB
);
CREATE INDEX entry_key ON entry (function, slot, bytes);
CREATE INDEX entry_accessed ON entry (accessed) WHERE accessed IS NOT NULL;
CREATE INDEX entry_expires ON entry (expires) WHERE expires IS NOT NULL;
CREATE INDEX entry_file ON entry (file) WHERE file IS NOT NULL;

-- The present counts. A new entry is one row more and says itself what all are charged with it, so that to put it
-- changes no other page; whatever else changes the counts writes the row of `store` anew.
CREATE VIEW totals AS
    SELECT CASE WHEN e.id > s.last_id THEN e.total ELSE s.bytes END AS bytes,
           s.entries + max(coalesce(e.id, 0) - s.last_id, 0) AS entries,
           max(coalesce(e.id, 0), s.last_id) AS last_id,
           s.version + max(coalesce(e.id, 0) - s.last_id, 0) AS version,
           max(coalesce(e.stored, 0), s.latest) AS latest,
           s.settled AS settled,
           -- Damage may have made anything of them, and a sum makes a number of anything.
           typeof(s.bytes) = 'integer' AND typeof(s.entries) = 'integer' AND typeof(s.last_id) = 'integer'
           AND typeof(s.version) = 'integer' AND typeof(s.latest) = 'integer' AND typeof(s.settled) = 'integer'
           AND (e.id IS NULL OR typeof(e.total) = 'integer' AND typeof(e.stored) = 'integer') AS sound
    FROM store s LEFT JOIN entry e ON e.id = (SELECT max(id) FROM entry) WHERE s.id = 1;
-- The youngest entry must not take the counts along.
CREATE TRIGGER entry_leaves BEFORE DELETE ON entry WHEN OLD.id > (SELECT last_id FROM store WHERE id = 1)
BEGIN
    UPDATE store SET (bytes, entries, last_id, version, latest) =
        (SELECT bytes, entries, last_id, version, latest FROM totals) WHERE id = 1;
END;

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

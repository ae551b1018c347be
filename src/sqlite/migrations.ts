/**
 * The schema of index.db, as numbered steps that are never edited once released. `user_version` is the
 * number of steps applied; a database with more than we know is refused, never touched.
 */
export const MIGRATIONS: readonly string[] = [
  `
  -- Single facts about the account: next_run, unfinished_run, retired_run, moving_folder, labels_seen, last_report, last_success_at, hold, accepted, journaled, spent, check_position.
  CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- Runs that changed something or went wrong; a run without change leaves no row.
  CREATE TABLE run (
    run INTEGER NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,            -- ms since 1970
    duration_ms INTEGER NOT NULL,
    status TEXT NOT NULL,
    tier TEXT,
    added INTEGER NOT NULL,
    adopted INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    flags_changed INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    bytes_downloaded INTEGER NOT NULL,
    mailboxes INTEGER NOT NULL,
    mailboxes_changed INTEGER NOT NULL,
    hold INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE mailbox (
    id INTEGER NOT NULL PRIMARY KEY,
    wire_name TEXT NOT NULL,                -- raw octets, one char each: the identity on the server
    path TEXT NOT NULL,                     -- for people
    components TEXT NOT NULL,               -- JSON array of decoded names
    folder TEXT NOT NULL UNIQUE,            -- below mail/ and removed/
    special_use TEXT,
    subscribed INTEGER NOT NULL,
    generation INTEGER NOT NULL,            -- +1 whenever the server's id space changed
    checkpoint TEXT,                        -- opaque to all but the source
    uid_validity TEXT,
    mailbox_id TEXT,                        -- MAILBOXID (RFC 8474) as the server told it last
    on_server INTEGER NOT NULL,             -- messages as the server said last
    first_run INTEGER NOT NULL,
    last_run INTEGER,                       -- NULL while listed
    since_run INTEGER NOT NULL,             -- run since which its names, generation and place in the list are these
    last_synced_at INTEGER                  -- ms since 1970
  ) STRICT;
  CREATE UNIQUE INDEX mailbox_listed ON mailbox (wire_name) WHERE last_run IS NULL;

  -- Content: immutable, named by its hash.
  CREATE TABLE message (
    id INTEGER NOT NULL PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,                  -- octets
    header_sha256 BLOB NOT NULL,
    message_id TEXT
  ) STRICT;

  CREATE TABLE flag_set (id INTEGER NOT NULL PRIMARY KEY, flags TEXT NOT NULL UNIQUE) STRICT;

  -- A message in one mailbox under one UID, with its life span.
  CREATE TABLE placement (
    id INTEGER NOT NULL PRIMARY KEY,
    mailbox INTEGER NOT NULL REFERENCES mailbox (id),
    generation INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    flag_set INTEGER NOT NULL REFERENCES flag_set (id),
    flags_run INTEGER NOT NULL,             -- run since which the flags are these
    received_at INTEGER NOT NULL,           -- INTERNALDATE, seconds since 1970
    received_derived INTEGER NOT NULL DEFAULT 0, -- 1 where the server lists none: received_at comes from the message, once it is here
    server_size INTEGER NOT NULL,           -- RFC822.SIZE as the server says
    email_id TEXT,
    message INTEGER REFERENCES message (id), -- NULL until its octets are durable here
    tree TEXT CHECK (tree IN ('mail', 'removed')), -- where its file was when last settled
    letters TEXT NOT NULL,                  -- the flags its file name carried when last settled
    settled INTEGER NOT NULL,               -- 0 until the file is known to match the row
    adopted INTEGER NOT NULL,               -- run that found the octets here already; 0 where they were downloaded
    first_run INTEGER NOT NULL,
    gone_run INTEGER,                       -- the server holds it no more since this run ...
    last_run INTEGER,                       -- ... and this run believed it and retired the file
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,       -- ms since 1970
    last_error TEXT,
    UNIQUE (mailbox, generation, uid)
  ) STRICT;
  CREATE INDEX placement_message ON placement (message) WHERE message IS NOT NULL;
  CREATE INDEX placement_unsettled ON placement (mailbox, uid) WHERE settled = 0;
  CREATE INDEX placement_leaving ON placement (mailbox) WHERE gone_run IS NOT NULL AND last_run IS NULL;
  CREATE INDEX placement_gone ON placement (mailbox, generation) WHERE gone_run IS NOT NULL;
  CREATE INDEX placement_received ON placement (received_at, server_size);
  CREATE INDEX placement_derived ON placement (server_size) WHERE received_derived = 1;
  CREATE INDEX placement_email ON placement (email_id) WHERE email_id IS NOT NULL;

  -- Flags a placement had before, and when.
  CREATE TABLE past_flags (
    placement INTEGER NOT NULL REFERENCES placement (id),
    flag_set INTEGER NOT NULL REFERENCES flag_set (id),
    first_run INTEGER NOT NULL,
    last_run INTEGER NOT NULL,              -- the first run in which they were different
    PRIMARY KEY (placement, first_run)
  ) STRICT, WITHOUT ROWID;

  -- Keyword letters of a folder: position 0 is "a".
  CREATE TABLE keyword (
    mailbox INTEGER NOT NULL REFERENCES mailbox (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (mailbox, position)
  ) STRICT, WITHOUT ROWID;

  -- History beyond what the rows above carry. A span of runs begins with first_run and ends before last_run.
  -- What a mailbox was called and which UIDs it had before.
  CREATE TABLE past_mailbox (
    mailbox INTEGER NOT NULL REFERENCES mailbox (id),
    first_run INTEGER NOT NULL,
    last_run INTEGER NOT NULL,
    wire_name TEXT NOT NULL,
    path TEXT NOT NULL,
    components TEXT NOT NULL,
    special_use TEXT,
    generation INTEGER NOT NULL,
    uid_validity TEXT,
    listed INTEGER NOT NULL,
    PRIMARY KEY (mailbox, first_run)
  ) STRICT, WITHOUT ROWID;

  -- What the journal does not tell yet: JSON, see core/journal.ts.
  CREATE TABLE journal_entry (id INTEGER NOT NULL PRIMARY KEY, change TEXT NOT NULL) STRICT;

  -- Spans in which a placement was there before it left, was retired, and came back under its old UID.
  CREATE TABLE past_life (
    placement INTEGER NOT NULL REFERENCES placement (id),
    first_run INTEGER NOT NULL,
    last_run INTEGER NOT NULL,
    PRIMARY KEY (placement, first_run)
  ) STRICT, WITHOUT ROWID;

  -- X-GM-LABELS of a placement, and when. No row: nobody told.
  CREATE TABLE label_set (id INTEGER NOT NULL PRIMARY KEY, labels TEXT NOT NULL UNIQUE) STRICT; -- JSON array, sorted
  CREATE TABLE placement_labels (
    placement INTEGER NOT NULL REFERENCES placement (id) ON DELETE CASCADE,
    label_set INTEGER NOT NULL REFERENCES label_set (id),
    first_run INTEGER NOT NULL,
    last_run INTEGER,                       -- the first run in which they were different; NULL while they are these
    PRIMARY KEY (placement, first_run)
  ) STRICT, WITHOUT ROWID;

  -- Content that placements had and whose file was damaged or gone, until the same octets are back.
  CREATE TABLE awaited (
    placement INTEGER NOT NULL PRIMARY KEY REFERENCES placement (id),
    message INTEGER NOT NULL REFERENCES message (id),
    accepted INTEGER NOT NULL               -- 1: a person knows that it is lost
  ) STRICT;

  -- Placements whose file prune has deleted, or (done = 0) is deleting.
  CREATE TABLE pruned (
    placement INTEGER NOT NULL PRIMARY KEY REFERENCES placement (id),
    pruned_at INTEGER NOT NULL,             -- ms since 1970
    done INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX pruning ON pruned (placement) WHERE done = 0;

  -- Placements that came with an import: no server has told of them.
  CREATE TABLE imported (
    placement INTEGER NOT NULL PRIMARY KEY REFERENCES placement (id),
    size INTEGER NOT NULL,                  -- octets
    open INTEGER NOT NULL                   -- 1 until a message on the server was found to be the same
  ) STRICT;
  CREATE INDEX imported_open ON imported (size) WHERE open = 1;

  -- Where stored mail is deleted from the server after a while (pop3: delete_after).
  CREATE TABLE server_copy (
    placement INTEGER NOT NULL PRIMARY KEY REFERENCES placement (id),
    since INTEGER NOT NULL,                 -- ms since 1970: found durable here for the first time
    deleted_run INTEGER                     -- run in which mailkeep had it deleted there; the placement stays present
  ) STRICT;

  -- How much mail each mailbox has here, so that nobody has to count: in the transaction of the rows, whoever writes them.
  CREATE TABLE mail_count (
    mailbox INTEGER NOT NULL PRIMARY KEY REFERENCES mailbox (id) ON DELETE CASCADE,
    messages INTEGER NOT NULL,              -- placements with content that were not retired
    bytes INTEGER NOT NULL,                 -- octets of those
    removed INTEGER NOT NULL                -- placements whose file is in removed/
  ) STRICT;
  CREATE TRIGGER count_mailbox AFTER INSERT ON mailbox BEGIN
    INSERT INTO mail_count (mailbox, messages, bytes, removed) VALUES (new.id, 0, 0, 0);
  END;
  CREATE TRIGGER count_inserted AFTER INSERT ON placement WHEN new.message IS NOT NULL BEGIN
    UPDATE mail_count SET messages = messages + (new.last_run IS NULL),
      bytes = bytes + iif(new.last_run IS NULL, (SELECT size FROM message WHERE id = new.message), 0),
      removed = removed + (new.tree IS 'removed')
    WHERE mailbox = new.mailbox;
  END;
  CREATE TRIGGER count_updated AFTER UPDATE OF message, tree, last_run ON placement
  WHEN new.message IS NOT old.message OR (new.last_run IS NULL) <> (old.last_run IS NULL) OR new.tree IS NOT old.tree BEGIN
    UPDATE mail_count SET
      messages = messages + (new.message IS NOT NULL AND new.last_run IS NULL) - (old.message IS NOT NULL AND old.last_run IS NULL),
      bytes = bytes + iif(new.last_run IS NULL, coalesce((SELECT size FROM message WHERE id = new.message), 0), 0)
        - iif(old.last_run IS NULL, coalesce((SELECT size FROM message WHERE id = old.message), 0), 0),
      removed = removed + (new.message IS NOT NULL AND new.tree IS 'removed') - (old.message IS NOT NULL AND old.tree IS 'removed')
    WHERE mailbox = new.mailbox;
  END;
  -- What the counts rest on: a placement stays in its mailbox for good, and content is what it is.
  CREATE TRIGGER placement_moved BEFORE UPDATE OF mailbox ON placement BEGIN
    SELECT raise(ABORT, 'a placement stays in its mailbox');
  END;
  CREATE TRIGGER placement_deleted BEFORE DELETE ON placement BEGIN
    SELECT raise(ABORT, 'a placement stays for good');
  END;
  CREATE TRIGGER message_resized BEFORE UPDATE OF size ON message BEGIN
    SELECT raise(ABORT, 'content does not change');
  END;
  `,
];

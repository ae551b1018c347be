/**
 * The schema of search.db: what search knows of each message, computed from the files. It is a cache of its
 * own beside index.db, so that the index that everything else needs stays small and quick. Another schema
 * than this one is thrown away and filled anew; nothing in it can't be computed again.
 */
import type Database from 'better-sqlite3';
import { connect } from './connection.js';
import { rememberStatements } from './database.js';
import { createPrivate } from './private-file.js';

/** 'MKSE', and the number of the schema; it also changes when messages are read otherwise than before. */
const APPLICATION_ID = 0x4d4b5345;
const VERSION = 1;

const SCHEMA = `
  -- Single facts: entered (the message of index.db up to which all headers are here).
  CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE message (
    id INTEGER NOT NULL PRIMARY KEY,        -- as in index.db ...
    sha256 BLOB NOT NULL,                   -- ... which means this message only while the hash agrees
    progress INTEGER NOT NULL,              -- 0 header, 1 text too, 2 header: its text can't be read, 3 nothing: it had no file
    reason TEXT,                            -- why the text, or some of it, can't be read
    date INTEGER,                           -- of the Date field, ms since 1970
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,               -- JSON array: the mailboxes of To
    copies TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT,                        -- without angle brackets
    refs TEXT NOT NULL,                     -- Message-IDs of References and In-Reply-To, one space between
    list_id TEXT,
    authentication TEXT,                    -- the topmost Authentication-Results
    attached INTEGER NOT NULL,              -- whether has:attachment finds it
    protection TEXT,                        -- signed, encrypted
    attachments TEXT NOT NULL               -- JSON array
  ) STRICT;
  CREATE INDEX message_waiting ON message (id) WHERE progress = 0;
  CREATE INDEX message_broken ON message (id) WHERE progress = 2;
  CREATE INDEX message_lost ON message (id) WHERE progress = 3;
  CREATE INDEX message_message_id ON message (message_id) WHERE message_id IS NOT NULL;

  -- The text as it reads, for snippets: UTF-8, raw deflate.
  CREATE TABLE body (id INTEGER NOT NULL PRIMARY KEY, text BLOB NOT NULL) STRICT;

  -- Tokens made by core/query/search-text.ts. The tokenizer only has to part them at spaces.
  CREATE VIRTUAL TABLE words USING fts5 (
    subject, sender, recipients, copies, names, text,
    content = '', contentless_delete = 1, tokenize = 'ascii'
  );
`;

/** Opens and where needed makes search.db, with index.db beside it as schema `archive`. Only `search.db` is written. */
export function openSearchDatabase(file: string, indexFile: string): Database.Database {
  createPrivate(file);
  const database = connect(file);
  try {
    database.pragma('busy_timeout = 10000');
    database.pragma('journal_mode = WAL');
    // A power cut may take the last messages out of this file again; the next search puts them back.
    database.pragma('synchronous = NORMAL');
    // Checkpoints wait for the disk, beside a run that waits for it too: one for each 32 MB.
    database.pragma('wal_autocheckpoint = 8192');
    database.pragma('cache_size = -16000');
    database.pragma('journal_size_limit = 67108864');
    if (!isCurrent(database)) recreate(database);
    rememberStatements(database);
    database.prepare('ATTACH ? AS archive').run(indexFile);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function isCurrent(database: Database.Database): boolean {
  return (
    database.pragma('application_id', { simple: true }) === APPLICATION_ID &&
    database.pragma('user_version', { simple: true }) === VERSION
  );
}

function recreate(database: Database.Database): void {
  database
    .transaction(() => {
      // Another process may have done it in the meantime.
      if (isCurrent(database)) return;
      const tables = database
        .prepare<[], { name: string }>(
          `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             AND name NOT LIKE 'words\\__%' ESCAPE '\\' ORDER BY name`,
        )
        .all();
      for (const { name } of tables) database.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`);
      database.exec(SCHEMA);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${VERSION}`);
    })
    .immediate();
}

/**
 * Changes that the journal tells by the names of files, into an index that is made anew: what was pruned, and
 * content that is waited for.
 */
import type { JournalChange } from '../core/journal.js';
import { type MaildirName, parseMaildirFileName } from '../core/mailbox/maildir-name.js';
import type { Database } from './database.js';

/** Of what is no more, the history still tells size and date. `at` is in ms since 1970. */
export function prune(
  database: Database,
  { mailbox, files }: Extract<JournalChange, { do: 'prune' }>,
  at: number,
): void {
  const placement = database.prepare(
    `UPDATE placement SET message = (SELECT id FROM message WHERE sha256 = unhex(@sha256)), received_at = @receivedAt,
       server_size = @size WHERE mailbox = @mailbox AND generation = @generation AND uid = @uid`,
  );
  const pruned = database.prepare(
    `INSERT INTO pruned (placement, pruned_at, done) SELECT id, @at, 1 FROM placement
     WHERE mailbox = @mailbox AND generation = @generation AND uid = @uid ON CONFLICT DO UPDATE SET pruned_at = excluded.pruned_at`,
  );
  for (const name of contentsOf(database, files)) {
    placement.run({ ...name, mailbox });
    pruned.run({ ...name, mailbox, at });
  }
}

/** The file that is found afterwards tells whether the octets are back. */
export function awaitContent(
  database: Database,
  { state, mailbox, files }: Extract<JournalChange, { do: 'await' }>,
): void {
  const begin = database.prepare(
    `INSERT INTO awaited (placement, message, accepted) SELECT p.id, g.id, 0 FROM placement p, message g
     WHERE ${NAMED} AND g.sha256 = unhex(@sha256) ON CONFLICT DO NOTHING`,
  );
  const size = database.prepare(
    `UPDATE placement AS p SET received_at = @receivedAt, server_size = @size WHERE ${NAMED}`,
  );
  const accept = database.prepare(
    `UPDATE awaited SET accepted = 1 WHERE placement = (SELECT p.id FROM placement p WHERE ${NAMED})`,
  );
  const end = database.prepare(
    `DELETE FROM awaited WHERE placement = (SELECT p.id FROM placement p WHERE ${NAMED})`,
  );
  for (const name of contentsOf(database, files)) {
    const row = { ...name, mailbox };
    if (state === 'over') end.run(row);
    else {
      begin.run(row);
      size.run(row);
      if (state === 'accepted') accept.run(row);
    }
  }
}

/** What the names tell, with a row for each content; its header block nobody knows. */
function contentsOf(database: Database, files: readonly string[]): MaildirName[] {
  const message = database.prepare(
    `INSERT INTO message (sha256, size, header_sha256, message_id) VALUES (unhex(@sha256), @size, x'', NULL) ON CONFLICT DO NOTHING`,
  );
  return files.flatMap((file) => {
    const name = parseMaildirFileName(file);
    if (name === null) return [];
    message.run(name);
    return [name];
  });
}

/** Placement p, by the name of its file. */
const NAMED = 'p.mailbox = @mailbox AND p.generation = @generation AND p.uid = @uid';

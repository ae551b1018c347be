// An archive of any number of messages without their files, and the server that it is the backup of: both are
// synthetic, so that a million messages cost seconds to make. The spine is what a real run listed; only the content
// that it would have fetched is entered by hand. For work that looks at rows and at the server, never at files.

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { PASSWORD } from '../test/support/dovecot-config.js';
import { ImapServer } from '../test/support/imap-server/server.js';
import { MailkeepHome, SOURCE } from './contestants.js';
import type { Sample } from './measured.js';
import type { Setting } from './setting.js';

export interface FilledArchive {
  readonly server: ImapServer;
  readonly home: MailkeepHome;
  /** The run that listed every message. */
  readonly listing: Sample;
}

const USER = 'synthetic';
const OCTETS = 400;

/** One INBOX with so many messages, all of them backed up but for their files. */
export async function filledArchive(setting: Setting, messages: number): Promise<FilledArchive> {
  const server = setting.owned(await ImapServer.start({ users: { [USER]: PASSWORD } }), (it) => it.close());
  addMessages(server, messages);
  // Lists everything, and stops after the first message that it fetches.
  const reach = { port: server.port, user: USER };
  const home = setting.owned(await MailkeepHome.make({ ...reach, rateLimit: `${OCTETS}B/day` }), (it) =>
    it.remove(),
  );
  const listing = await setting.run({ ...home.command('sync', '--json'), endsWith: [3, 75] });
  enterContent(join(home.folder, 'data', SOURCE));
  await home.setAccount(SOURCE, reach);
  return { server, home, listing };
}

export function addMessages(server: ImapServer, count: number): void {
  server.store(USER).inbox.fill(count, {
    body: (uid) =>
      Buffer.from(`Message-ID: <${uid}@example.org>\r\nSubject: ${uid}\r\n\r\n`.padEnd(OCTETS, '.')),
    size: () => OCTETS,
    internalDate: (uid) => ({ seconds: 1_200_000_000 + uid * 60, zone: 0 }),
  });
}

/** As if every body had been fetched, made durable and entered in the search index. */
function enterContent(archive: string): void {
  const database = new Database(join(archive, 'index.db'));
  try {
    // 10 is more than the ids of what was fetched; the header block is nobody's.
    database.exec(`
      INSERT INTO message (id, sha256, size, header_sha256, message_id)
      SELECT id + 10, randomblob(32), server_size, randomblob(32), '<' || uid || '@example.org>'
      FROM placement WHERE message IS NULL;
      UPDATE placement SET message = id + 10, tree = 'mail', letters = '', settled = 1 WHERE message IS NULL;
    `);
    const newest = database.prepare(
      'SELECT id, lower(hex(sha256)) AS sha256 FROM message ORDER BY id DESC LIMIT 1',
    );
    const mark = JSON.stringify(newest.get());
    const search = new Database(join(archive, 'search.db'));
    search.prepare(`UPDATE state SET value = ? WHERE key = 'entered'`).run(mark);
    search.close();
  } finally {
    database.close();
  }
}

// Real messages with all their faults (malformed MIME, odd line ends, NUL, old charsets) come back octet for octet as
// the server sends them. The messages stand outside the project; MAILKEEP_CORPUS may name their folder.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveLines, type Lines, serverLines } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { ENGINES, Mailkeep } from '../support/mailkeep.js';

const FOLDER =
  process.env.MAILKEEP_CORPUS ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url));
const MANIFEST = join(FOLDER, 'MANIFEST.tsv');

describe('a corpus of real messages', () => {
  if (!existsSync(MANIFEST)) {
    const message = `skipped, there is no corpus at ${FOLDER} (MAILKEEP_CORPUS names another folder)`;
    console.warn(`SKIPPED "a corpus of real messages": ${message}`);
    test.skip(message, () => {});
    return;
  }
  describeWithDovecot('put into Dovecot', () => {
    let server: Dovecot;
    let truth: Lines;
    let count = 0;
    beforeAll(async () => {
      const [head, ...rows] = readFileSync(MANIFEST, 'utf8').trimEnd().split('\n');
      const column = head!.split('\t').indexOf('file');
      const bodies = rows.map((row) => readFileSync(join(FOLDER, row.split('\t')[column]!)));
      // A file without a single octet is no message to a server.
      const messages = bodies.filter((body) => body.length > 0).map((body) => ({ body }));
      count = messages.length;
      server = await Dovecot.start();
      await server.putMessages('alice', 'INBOX', messages);
      truth = serverLines(await server.state('alice'));
    });
    afterAll(() => server?.stop());

    test.each(ENGINES)('comes back as FETCH sends it (%s)', async (engine) => {
      expect(count).toBeGreaterThan(1000);
      expect(truth.INBOX).toHaveLength(count);
      const account = { port: server.port, user: 'alice', password: server.password, engine };
      await using mailkeep = await Mailkeep.create(account);
      const { code, report } = await mailkeep.sync();
      expect([code, report.failures]).toEqual([0, []]);
      expect(report).toMatchObject({ status: 'ok', added: count });
      expect(archiveLines(mailkeep.archive())).toEqual(truth);
      expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, bytes_downloaded: 0 });
      expect(await mailkeep.check()).toMatchObject({ code: 0, files: count, unindexed: [] });
    });
  });
});

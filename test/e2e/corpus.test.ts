// Real messages with all their faults (malformed MIME, odd line ends, NUL, old charsets) come back octet for octet as
// the server sends them. The messages stand outside the project; MAILKEEP_CORPUS may name their folder.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveLines, type Lines, serverLines } from '../support/archive.js';
import { corpusMessages, describeWithCorpus } from '../support/corpus.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { ENGINES, Mailkeep } from '../support/mailkeep.js';

describeWithCorpus('a corpus of real messages', () => {
  describeWithDovecot('put into Dovecot', () => {
    let server: Dovecot;
    let truth: Lines;
    let count = 0;
    beforeAll(async () => {
      const messages = corpusMessages().map((body) => ({ body }));
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

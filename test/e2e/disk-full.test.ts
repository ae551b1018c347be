// A disk that fills up in the middle of a run: what the run says it added is here, and the next one adds the rest.

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { SmallDisk } from '../support/small-disk.js';

const BOXES = 6;
const EACH = 120;

test.skipIf(SmallDisk.whyNot() !== undefined).each([1, 2, 3])(
  'a run that fills a disk of %i MB counts what it stored, and the next one with room adds the rest',
  async (megabytes) => {
    await using server = await ImapServer.start({ users: { alice: 'pass' } });
    for (let box = 0; box < BOXES; box++) {
      const mailbox = server.store('alice').create(`box${box}`);
      for (let n = 0; n < EACH; n++)
        mailbox.append({ body: Buffer.from(`Subject: ${box} ${n}\r\n\r\n${'z'.repeat(4000)}\r\n`) });
    }
    using disk = SmallDisk.make(megabytes);
    const top = { data_dir: disk.folder };
    await using mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: 'pass', top });
    let added = 0;
    for (let run = 1; run <= 2; run++) {
      const { code, report } = await mailkeep.sync();
      expect([code, report.error?.code]).toEqual([1, 'disk_full']);
      added += report.added;
      expect([run, added]).toEqual([run, (await mailkeep.status()).messages]);
    }
    execFileSync('mount', ['-o', 'remount,size=40m', disk.folder]);
    const { code, report } = await mailkeep.sync();
    expect([code, report.error, report.added]).toEqual([0, null, BOXES * EACH - added]);
    expect(await mailkeep.check()).toMatchObject({ code: 0, files: BOXES * EACH, unindexed: [] });
  },
);

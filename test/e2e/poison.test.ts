// One message that a server can't hand out, or hands out wrongly, stops nothing: it is named and counted, everything
// else is stored right, never under another UID, and once the server is well the next run puts it right.

import { describe, expect } from 'vitest';
import {
  changeRows,
  hideUid,
  miscountLiteral,
  nilBody,
  omitRow,
  poison,
  pretendUid,
  repeatRow,
} from '../support/imap-server/fault-actions.js';
import type { FaultAction } from '../support/imap-server/faults.js';
import { archived } from './every-tier.js';
import { onServer, put, type Scene, testScene } from './in-process.js';

const COUNT = 20;
const BAD = 8;

const emptyBody = (): FaultAction =>
  changeRows((row) => [
    { ...row, items: row.items.map((item) => (isBody(item) ? { ...item, value: '""' } : item)) },
  ]);

const isBody = ({ name }: { name: string }) => name.startsWith('BODY[');

/** Mailboxes in which UID 8 can't be had while the server is ill. */
const LOST: Readonly<Record<string, FaultAction>> = {
  'a NIL body': nilBody(),
  'an empty body': emptyBody(),
  'no row': omitRow(),
  BYE: poison('FETCH failed. Internal error occurred.'),
  'no UID': hideUid(),
  'UID 0': pretendUid(0),
  "the neighbour's UID": pretendUid(BAD + 1),
  'a UID nobody asked for': pretendUid(4_000_000),
};
/** Mailboxes in which an engine may find out what is right, or name the message. */
const DOUBTFUL: Readonly<Record<string, FaultAction>> = {
  'a row twice': repeatRow(),
  'a literal that is longer': miscountLiteral(-7),
};
/** imapflow's parser is swallowed by it. */
const WIRE_ONLY: Readonly<Record<string, FaultAction>> = { 'a literal that is shorter': miscountLiteral(7) };

describe('messages that the server hands out wrongly or not at all', () => {
  testScene('cost themselves at most, until the server is well', async (scene) => {
    const { server, store, mailkeep, engine } = scene;
    const ill = { ...LOST, ...DOUBTFUL, ...(engine === 'wire' ? WIRE_ONLY : {}) };
    for (const mailbox of ['INBOX', ...Object.keys(ill)]) put(store, mailbox, COUNT);
    const faults = Object.entries(ill).map(([mailbox, action]) =>
      server.faults.add({ command: 'UID FETCH', mailbox, uid: BAD, text: /BODY/ }, action),
    );
    const { code, report } = await mailkeep.sync();
    expect(faults.map(({ hits }) => hits > 0)).toEqual(faults.map(() => true));
    expect([code, report.status, report.error]).toEqual([3, 'incomplete', null]);
    const failed = report.failures.map(({ mailbox }) => mailbox);
    expect(report.failures).toEqual(
      failed.map((mailbox) => ({ mailbox, uid: BAD, reason: expect.stringMatching(/\w/) })),
    );
    expect(failed).toEqual(expect.arrayContaining(Object.keys(LOST)));
    expect(Object.keys(ill)).toEqual(expect.arrayContaining(failed));
    expect(report).toMatchObject({
      failed: failed.length,
      added: COUNT * (1 + faults.length) - failed.length,
    });

    const truth = onServer(store);
    for (const mailbox of failed)
      truth[mailbox] = truth[mailbox]!.filter((line) => !line.startsWith(`${BAD} `));
    expect(archived(mailkeep.archive())).toEqual(truth);
    const { mailboxes } = await mailkeep.status();
    for (const path of failed)
      expect(mailboxes).toContainEqual(
        expect.objectContaining({ path, on_server: COUNT, stored: COUNT - 1, pending: 0, failed: 1 }),
      );
    server.faults.clear();
    await expectWhole(scene, failed.length);
  });
});

/** The next run is whole; nothing was ever opened for writing and no flag of the server has changed. */
async function expectWhole({ server, store, mailkeep }: Scene, added: number): Promise<void> {
  const { code, report } = await mailkeep.sync();
  expect([code, report.failures]).toEqual([0, []]);
  expect(report).toMatchObject({ status: 'ok', added, removed: 0, flags_changed: 0 });
  expect(archived(mailkeep.archive())).toEqual(onServer(store));
  expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [] });
  const altering =
    /^(SELECT|(UID )?(STORE|COPY|MOVE|EXPUNGE)|CLOSE|APPEND|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE)$/;
  expect(server.log.names.filter((name) => altering.test(name))).toEqual([]);
  expect(server.log.named('UID FETCH').filter(({ text }) => /BODY\[|RFC822(?!\.SIZE)/.test(text))).toEqual(
    [],
  );
  expect(store.inbox.get(1)!.flags).toEqual([]);
}

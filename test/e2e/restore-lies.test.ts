// Targets that don't tell the truth about what they were given: wrong UIDs, sizes that are guesses, two messages kept as
// one. What is there counts as there, what isn't is named, and running twice adds nothing.

import { describe, expect, test } from 'vitest';
import { changeRows, rewrite } from '../support/imap-server/fault-actions.js';
import { bodyOf } from '../support/imap-server/message.js';
import type { FetchRow } from '../support/imap-server/responses.js';
import { allSubjects, inboxStage, numbered, numberedBody, subjects } from '../support/scripted-restore.js';
import { restore } from './restore-stage.js';

/** APPENDUID names a UID that is so much off. */
const namesUid = (by: number) =>
  rewrite((answer) =>
    Buffer.from(
      answer
        .toString('latin1')
        .replace(/\[APPENDUID (\d+) ([\d:,]+)\]/, (_, validity: string, set: string) => {
          const moved = set.replace(/\d+/g, (uid) => String(Math.max(1, Number(uid) + by)));
          return `[APPENDUID ${validity} ${moved}]`;
        }),
      'latin1',
    ),
  );

/** RFC822.SIZE as Exchange has it. */
const guessesSizes = changeRows((row: FetchRow) => [
  {
    ...row,
    items: row.items.map((item) =>
      item.name === 'RFC822.SIZE' ? { ...item, value: String(Number(item.value) + 137) } : item,
    ),
  },
]);

describe('restore to a target', () => {
  test.each([
    ['one too many', 1],
    ['one too few', -1],
    ['that nobody has', 1000],
  ])('that names UIDs %s finds the messages by looking', async (_, by) => {
    await using it = await inboxStage(growing(6), { capabilities: NO_MULTIAPPEND });
    const fault = it.target.faults.add({ command: 'APPEND' }, namesUid(by));
    const run = await it.toOther('--verify');
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 6, []]);
    it.target.faults.remove(fault);
    expect((await it.toOther('--verify')).report).toMatchObject({ restored: 0, present: 6 });
    expect(subjects(it.target)).toHaveLength(6);
  });

  test('that only guesses sizes compares the octets, also without the ledger', async () => {
    await using it = await inboxStage(numbered(5));
    it.target.faults.add({ command: 'UID FETCH' }, guessesSizes);
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 5, []]);
    await it.forgetLedger();
    expect((await it.toOther()).report).toMatchObject({ restored: 0, present: 5, failed: 0 });
    expect(subjects(it.target)).toHaveLength(5);
  });

  test('that is the source itself, and only guesses sizes, gets nothing again', async () => {
    await using it = await inboxStage([...numbered(3), { body: Buffer.from('Subject: no ID\r\n\r\nx\r\n') }]);
    it.source.faults.add({ command: 'UID FETCH' }, guessesSizes);
    const run = await restore(it.mailkeep, '--in-place');
    expect([run.code, run.report.restored, run.report.present]).toEqual([0, 0, 4]);
  });

  test('that keeps two messages as one names the second', async () => {
    const twice = { body: numberedBody(0), internalDate: { seconds: 1e9, zone: 0 } };
    await using it = await inboxStage([twice, twice, ...numbered(3).slice(1)], {
      capabilities: NO_MULTIAPPEND,
    });
    const { inbox } = it.target.store('bob');
    const append = inbox.append.bind(inbox);
    inbox.append = (message) => {
      const same = inbox.uids
        .map((uid) => inbox.get(uid)!)
        .find(
          ({ content }) =>
            content === message.body || (Buffer.isBuffer(content) && content.equals(message.body as Buffer)),
        );
      return same ?? append(message);
    };
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.failed]).toEqual([3, 3, 1]);
    expect(run.report.failures[0]).toMatchObject({ reason: expect.stringContaining('does not show it') });
  });
});

describe('restore to a mailbox that is in use', () => {
  test.each([
    ['a modern server', {}],
    ['a server without UIDPLUS', { tier: 'plain', capabilities: ['IMAP4rev1', 'NAMESPACE'] }],
  ] as const)('lets others come and go meanwhile, on %s', async (_, options) => {
    await using it = await inboxStage(numbered(30), options);
    const { inbox } = it.target.store('bob');
    for (let n = 0; n < 10; n++) inbox.append({ body: `Subject: phone ${n}\r\n\r\n${n}\r\n` });
    let next = 10;
    it.target.faults.add(
      { command: /^(APPEND|SELECT)$/ },
      {
        before: () => {
          // The phone: one comes, one goes, one is read.
          inbox.append({ body: `Subject: phone ${next++}\r\n\r\nx\r\n` });
          const mine = inbox.uids.filter((uid) => bodyOf(inbox.get(uid)!).includes('Subject: phone'));
          inbox.expunge(mine.slice(0, 1));
          inbox.setFlags(mine.slice(1, 2), 'add', ['\\Seen']);
          return undefined;
        },
      },
    );
    const run = await it.toOther('--verify');
    expect([run.code, run.report.restored, run.report.failures]).toEqual([0, 30, []]);
    expect((await it.toOther()).report).toMatchObject({ restored: 0, present: 30 });
    const held = subjects(it.target);
    expect(held.filter((subject) => subject.startsWith('number')).sort()).toEqual(allSubjects(30).sort());
    expect(held.filter((subject) => subject.startsWith('phone'))).toHaveLength(10);
  });

  test('takes its time only for what may be ours where there are 100,000 messages already', async () => {
    await using it = await inboxStage(numbered(20));
    const { inbox } = it.target.store('bob');
    const body = (uid: number) => Buffer.from(`Message-ID: <there${uid}@x>\r\n\r\n${uid}\r\n`);
    inbox.fill(100_000, { body, size: (uid) => body(uid).length });
    for (const message of numbered(5)) inbox.append(message);
    const run = await it.toOther();
    expect([run.code, run.report.restored, run.report.present]).toEqual([0, 15, 5]);
    expect(inbox.size).toBe(100_020);
    expect(run.milliseconds).toBeLessThan(60_000);
  });
});

/** No two of one size, so that a wrong UID shows. */
const growing = (count: number) =>
  numbered(count).map((message, n) => ({ ...message, body: numberedBody(n, 300 + 100 * n) }));

const NO_MULTIAPPEND = ['IMAP4rev1', 'NAMESPACE', 'LITERAL+', 'UIDPLUS'];

// To Gmail: each content is appended once and labelled for the other mailboxes it was in, and nothing is done twice.

import { describe, expect, test } from 'vitest';
import { dropBefore } from '../support/imap-server/fault-actions.js';
import { bodyOf } from '../support/imap-server/message.js';
import type { ImapServer } from '../support/imap-server/server.js';
import { markedMessage } from '../support/messages.js';
import { scriptedStage } from '../support/scripted-restore.js';

const DATE = { seconds: 1_500_000_000, zone: 0 };

const stage = () =>
  scriptedStage({ target: { gmail: true } }, (source, target) => {
    const store = source.store('alice');
    for (const name of ['Work', 'B&APw-ro &-', 'Junk'])
      store.create(name, name === 'Junk' ? { attributes: ['\\Junk'] } : {});
    const put = (mailbox: string, text: string) =>
      store.mailbox(mailbox).append({ body: markedMessage(text), internalDate: DATE, flags: ['\\Seen'] });
    for (const text of ['one', 'two', 'three']) put('INBOX', text);
    for (const text of ['two', 'three', 'four', 'five']) put('Work', text);
    put('B&APw-ro &-', 'three');
    for (const text of ['one', 'spam']) put('Junk', text);
    const gmail = target.store('bob');
    gmail.create('[Gmail]', { attributes: ['\\Noselect'] });
    for (const [name, use] of [
      ['All Mail', '\\All'],
      ['Spam', '\\Junk'],
      ['Trash', '\\Trash'],
    ] as const)
      gmail.create(`[Gmail]/${name}`, { attributes: [use] });
    const old = { body: markedMessage('four'), internalDate: DATE, labels: ['Old'] };
    gmail.mailbox('[Gmail]/All Mail').append(old);
  });

/** Text of each message with its labels, by mailbox. */
function held(target: ImapServer): Record<string, string[]> {
  const boxes = [...target.store('bob').mailboxes.values()].filter(({ size }) => size > 0);
  return Object.fromEntries(
    boxes.map((box) => [
      box.name,
      box.uids.map((uid) => {
        const message = box.get(uid)!;
        const text = bodyOf(message).toString().trim().split('\r\n').at(-1);
        return `${text}: ${[...message.labels].sort().join(' ')}`.trim();
      }),
    ]),
  );
}

const WANTED = {
  INBOX: ['one:', 'two: "Work"', 'three: "B&APw-ro &-" "Work"'],
  Work: ['five:'],
  '[Gmail]/Spam': ['one:', 'spam:'],
  '[Gmail]/All Mail': ['four: "Work" Old'],
};

describe('restore to Gmail', () => {
  test('sends each message once and sets its labels, once', async () => {
    await using it = await stage();
    const dry = await it.toOther('--dry-run');
    expect(dry.report).toMatchObject({ planned: 10, append: 10, failed: 0 });
    expect(dry.report.mailboxes.map(({ label }) => label)).toEqual([0, 1, 0, 3]);
    const run = await it.toOther();
    expect([run.code, run.report.failures]).toEqual([0, []]);
    expect(run.report).toMatchObject({ restored: 10, present: 0 });
    expect(held(it.target)).toEqual(WANTED);
    const again = await it.toOther('--verify');
    expect([again.code, again.report.restored, again.report.present]).toEqual([0, 0, 10]);
    expect(held(it.target)).toEqual(WANTED);
  });

  test('gives back labels whose mailboxes were not selected', async () => {
    const all = '[Gmail]/All Mail';
    const labels = ['"B&APw-ro"', '\\Inbox', '\\Trash'];
    await using it = await scriptedStage(
      { source: { gmail: true }, target: { gmail: true } },
      (source, target) => {
        source.store('alice').create(all, { attributes: ['\\All'] });
        target.store('bob').create(all, { attributes: ['\\All'] });
        source
          .store('alice')
          .mailbox(all)
          .append({ body: markedMessage('six'), internalDate: DATE, labels });
      },
    );
    const run = await it.toOther();
    expect([run.code, run.report.restored]).toEqual([0, 1]);
    expect(held(it.target)).toEqual({ [all]: ['six: "B&APw-ro" \\Inbox'] });
  });

  test('goes on after a connection that was lost at the labels', async () => {
    await using it = await stage();
    it.target.faults.add({ command: 'UID STORE', nth: 2 }, dropBefore('fin'));
    const run = await it.toOther();
    expect([run.code, run.report.failures]).toEqual([0, []]);
    expect(held(it.target)).toEqual(WANTED);
  });
});

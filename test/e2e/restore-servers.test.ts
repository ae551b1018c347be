// An account with 31 odd mailbox names, 10 keywords, duplicates, twins and messages without Message-ID goes from
// Dovecot into an archive and on to other servers, and is equal there by octets, dates and what each can hold of
// flags and names. MAILKEEP_RESTORE_MESSAGES=5000 makes it as large as the promise says.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithCourier, startCourier } from '../support/courier.js';
import { describeWithCyrus, startCyrus } from '../support/cyrus.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import type { Mailkeep } from '../support/mailkeep.js';
import type { OverlayServer } from '../support/overlay-server.js';
import type { ServerState } from '../support/server-state.js';
import {
  archiveOf,
  fillOdd,
  linesByMailbox,
  ODD_NAMES,
  type RestoreReport,
  restore,
  targetAccount,
} from './restore-stage.js';

const COUNT = Number(process.env.MAILKEEP_RESTORE_MESSAGES ?? 600);
const TIMEOUT = 60_000 + COUNT * 60;

describeWithDovecot('restore from Dovecot', () => {
  let source: Dovecot;
  let truth: ServerState;
  beforeAll(async () => {
    source = await Dovecot.start();
    await fillOdd(source, 'alice', COUNT, 5);
    truth = await source.state('alice');
  }, TIMEOUT);
  afterAll(async () => {
    await source?.stop();
  });

  test('to another Dovecot and in place is equal to the last flag, and adds nothing twice', {
    timeout: TIMEOUT,
  }, async () => {
    const others = [targetAccount('other', source, 'bob')];
    await using mailkeep = await archiveOf(source, 'alice', others);
    const total = messagesIn(truth);
    const planned = await restore(mailkeep, '--to', 'other', '--in-place', '--dry-run');
    expect([planned.code, planned.report.failed]).toEqual([0, 0]);
    expect(planned.report).toMatchObject({ dry_run: true, append: total, restored: 0, present: 0 });
    expect([...(await source.state('bob')).keys()]).toEqual(['INBOX']);

    const first = await restore(mailkeep, '--to', 'other', '--in-place', '--verify');
    expect([first.code, first.report.failures, first.report.remarks]).toEqual([0, [], []]);
    expect(first.report).toMatchObject({ restored: total, present: 0 });
    expect(linesByMailbox(await source.state('bob'))).toEqual(linesByMailbox(truth));
    const subscribed = (await (await source.client('bob')).list()).filter((box) => box.subscribed);
    expect(subscribed.length).toBeGreaterThanOrEqual(ODD_NAMES.length);

    const again = await restore(mailkeep, '--to', 'other', '--in-place', '--verify');
    expect([again.code, again.report.restored, again.report.present]).toEqual([0, 0, total]);
    const inPlace = await restore(mailkeep, '--in-place');
    expect([inPlace.code, inPlace.report.restored, inPlace.report.present]).toEqual([0, 0, total]);
    await source.wipe('alice');
    const back = await restore(mailkeep, '--in-place');
    expect([back.code, back.report.failures]).toEqual([0, []]);
    expect(linesByMailbox(await source.state('alice'))).toEqual(linesByMailbox(truth));
    await source.wipe('alice');
    await fillOdd(source, 'alice', COUNT, 5);
  });

  describeWithCyrus('to Cyrus', () => {
    goesTo(startCyrus);
  });

  describeWithCourier('to Courier', () => {
    goesTo(startCourier);
  });

  function goesTo(start: () => Promise<OverlayServer>): void {
    let server: OverlayServer;
    beforeAll(async () => {
      server = await start();
    }, 120_000);
    afterAll(async () => {
      await server?.stop();
    });

    test('is equal by octets, dates and flags under names that it can spell', {
      timeout: TIMEOUT * 2,
    }, async () => {
      const others = [targetAccount('other', server, 'bob')];
      await using mailkeep: Mailkeep = await archiveOf(source, 'alice', others);
      const total = messagesIn(truth);
      const first = await restore(mailkeep, '--to', 'other', '--in-place', '--verify');
      expect([first.report.error, first.report.failures?.slice(0, 5)]).toEqual([null, []]);
      expect([first.code, first.report.restored]).toEqual([0, total]);
      const renamed = new Map(first.report.mailboxes.map(({ from, to }) => [from, to]));
      expect(new Set(renamed.values()).size).toBe(renamed.size);
      for (const [from, to] of renamed) {
        const said = first.report.remarks.some((remark) => remark.startsWith(`${from}: `));
        expect([from, to, from === to || said]).toEqual([from, to, true]);
      }
      const arrived = linesByMailbox(await server.state('bob'), pathOnCyrusOrCourier);
      const wanted = linesByMailbox(truth, (name) => renamed.get(name) ?? name);
      expect(arrived).toEqual(wanted);

      const again = await restore(mailkeep, '--to', 'other', '--in-place');
      expect(summary(again.report)).toEqual({ restored: 0, present: total, failed: 0 });
      expect(linesByMailbox(await server.state('bob'), pathOnCyrusOrCourier)).toEqual(wanted);
      const dry = await restore(mailkeep, '--to', 'other', '--in-place', '--dry-run');
      expect([dry.report.append, dry.report.present]).toEqual([0, total]);

      const below = [
        '--to',
        'other',
        '--prefix',
        'Restored/1.2.2026',
        '--mailbox',
        'INBOX',
        '--mailbox',
        'v1*',
      ];
      const prefixed = await restore(mailkeep, ...below, '--verify');
      expect([prefixed.code, prefixed.report.error, prefixed.report.failures]).toEqual([0, null, []]);
      expect(prefixed.report.restored).toBe(prefixed.report.planned);
      expect(new Set(prefixed.report.mailboxes.map(({ to }) => to)).size).toBe(3);
      expect((await restore(mailkeep, ...below)).report).toMatchObject({ restored: 0, failed: 0 });
    });
  }
});

function messagesIn(state: ServerState): number {
  return [...state.values()].reduce((sum, { messages }) => sum + messages.size, 0);
}

function summary({ restored, present, failed }: RestoreReport) {
  return { restored, present, failed };
}

/** "INBOX.a.b" is what people see as "a/b". */
function pathOnCyrusOrCourier(name: string): string {
  return name === 'INBOX'
    ? name
    : name
        .replace(/^INBOX\./, '')
        .replaceAll('/', '%2F')
        .replaceAll('.', '/');
}

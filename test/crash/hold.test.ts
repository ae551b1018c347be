// The mass-deletion guard under stops: however often the run that trips it is cut short, nothing leaves
// mail/ before a person accepts; and an acceptance is used up only by a run that has retired everything.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSyncIndex } from '../../src/sqlite/sync-index.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import { differences, fingerprint } from './archive-files.js';
import { copyOf, demand, expectNone, temporaryFolder } from './crash-everywhere.js';
import { checkFindings, type RunOptions, runOnce } from './one-run.js';
import { put } from './scenarios.js';

const settings: RunOptions = { guard: { maxRemovedPercent: 50, minMessages: 3 } };

function serverOf(change: (mail: MailStore) => void) {
  const mail = new MailStore();
  for (const marker of ['one', 'two', 'three', 'four', 'five']) put(mail.inbox, marker, ['Work']);
  put(mail.create('Archive'), 'six');
  change(mail);
  return { mail, tier: 'qresync' as const, objectId: false };
}
const whole = () => serverOf(() => undefined);
const wiped = () =>
  serverOf((mail) => {
    mail.inbox.expunge([1, 2, 3, 4]);
    put(mail.inbox, 'seven');
  });

function accept(root: string): void {
  const index = openSyncIndex(join(root, 'index.db'));
  index.accept();
  index.close();
}

async function eachStop(base: string, work: (root: string, stop: number) => Promise<void>): Promise<number> {
  const trial = copyOf(base, `${base}-trial`);
  const { effects } = await runOnce(trial, wiped(), settings);
  for (let stop = 1; stop <= effects.count; stop++) {
    const root = copyOf(base, `${base}-${stop}`);
    await runOnce(root, wiped(), { ...settings, crashAfter: stop, powerCut: stop % 2 === 0 });
    await work(root, stop);
    rmSync(root, { recursive: true });
  }
  return effects.count;
}

describe('a run that trips the mass-deletion guard', () => {
  test('keeps everything wherever it is stopped, and the run after it holds', async () => {
    const folder = temporaryFolder();
    const base = join(folder, 'base');
    mkdirSync(base);
    await runOnce(base, whole(), settings);
    const before = fingerprint(base);
    const stops = await eachStop(base, async (root) => {
      const { report } = await runOnce(root, wiped(), settings);
      expect(report).toMatchObject({ status: 'incomplete', hold: true, removed: 0 });
      expect(report!.error?.code).toBe('hold');
      const after = fingerprint(root);
      expectNone(
        'moved',
        before.filter((line) => !after.includes(line)),
      );
      expectNone('check', await checkFindings(root));
      expect((await runOnce(root, wiped(), settings)).report).toMatchObject({
        hold: true,
        added: 0,
        removed: 0,
      });
      // The mail is back: the hold ends by itself.
      const back = whole();
      put(back.mail.inbox, 'seven');
      back.mail.inbox.bumpUidValidity();
      expect((await runOnce(root, back, settings)).report).toMatchObject({ status: 'ok', hold: false });
      expectNone('differs', differences(root, back.mail));
    });
    expect(stops).toBeGreaterThan(12);
    rmSync(folder, { recursive: true });
  });

  test('retires what left once it is accepted, wherever the accepted run is stopped', async () => {
    const folder = temporaryFolder();
    const base = join(folder, 'base');
    mkdirSync(base);
    await runOnce(base, whole(), settings);
    await runOnce(base, wiped(), settings);
    accept(base);
    const stops = await eachStop(base, async (root) => {
      expect((await runOnce(root, wiped(), settings)).report).toMatchObject({ status: 'ok', hold: false });
      await demand(root, wiped(), settings);
      expect(fingerprint(root).filter((line) => line.startsWith('removed/INBOX/'))).toHaveLength(4);
    });
    expect(stops).toBeGreaterThan(12);

    // One acceptance is good for one loss.
    await runOnce(base, wiped(), settings);
    const emptied = serverOf((mail) => {
      for (let number = 0; number < 4; number++) put(mail.inbox, `later ${number}`);
      mail.inbox.expunge([1, 2, 3, 4]);
    });
    await runOnce(base, emptied, settings);
    emptied.mail.inbox.wipe();
    expect((await runOnce(base, emptied, settings)).report).toMatchObject({ hold: true });
    rmSync(folder, { recursive: true });
  });
});

// Every kind of damage: check names it, repair puts it right wherever it is stopped, check is clean after, and the
// archive is again what the server holds.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tree } from '../../src/core/ports/store.js';
import { type Finding, isDamage } from '../../src/core/proof/findings.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { DAMAGES, type Damage, fileIn } from '../support/damage.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { differences } from './archive-files.js';
import { complete, contentsOf, copyOf, demand, expectNone, temporaryFolder } from './crash-everywhere.js';
import { findingsOf, repairOnce } from './one-repair.js';
import { put } from './scenarios.js';

let folder: string;
let whole: string;
beforeAll(async () => {
  folder = temporaryFolder();
  whole = join(folder, 'whole');
  const steps = [fill, copy, expunge];
  for (let count = 1; count <= steps.length; count++)
    await complete(whole, serverAfter(steps.slice(0, count)), {});
});
afterAll(() => rmSync(folder, { recursive: true }));

function serverAfter(steps: readonly ((mail: MailStore) => void)[]): MemoryServer {
  const mail = new MailStore();
  for (const step of steps) step(mail);
  return { mail, tier: 'condstore', objectId: false };
}

function fill(mail: MailStore): void {
  for (let n = 0; n < 24; n++) put(mail.inbox, `in ${n}`, n % 3 === 0 ? ['\\Seen', 'Project'] : []);
  const work = mail.create('Work');
  for (let n = 0; n < 4; n++) put(work, `work ${n}`);
  mail.create('Copies');
}

function copy(mail: MailStore): void {
  mail.copy('INBOX', [20, 21, 22], 'Copies');
}

function expunge(mail: MailStore): void {
  mail.inbox.expunge([20, 23]);
}

const server = () => serverAfter([fill, copy, expunge]);
let copies = 0;
const freshCopy = () => copyOf(whole, join(folder, `copy-${++copies}`));

test('a date that the file system can only hold the nearest of is no finding', async () => {
  const mail = new MailStore();
  for (const seconds of [-2_209_075_200, 253_402_300_799])
    mail.inbox.append({ body: `dated ${seconds}`, internalDate: { seconds, zone: 0 } });
  const root = join(folder, 'dates');
  await complete(root, { mail, tier: 'condstore', objectId: false }, {});
  const cur = join(root, 'mail/INBOX/cur');
  for (const name of readdirSync(cur)) {
    // What ext4 makes of them.
    const nearest = new Date((name.startsWith('-') ? -0x8000_0000 : 15_032_385_535) * 1000);
    utimesSync(join(cur, name), nearest, nearest);
  }
  expect(await findingsOf(root)).toEqual([]);
});

describe('damage on disk', () => {
  const cases = DAMAGES.map((damage) => ({ name: damage.name, damage }));

  test.each(cases)('is named, repaired, and gone after: $name', async ({ damage }) => {
    const root = freshCopy();
    expect(await findingsOf(root)).toEqual([]);
    const file = damage.plant(root);
    const found = await findingsOf(root);
    const named = found.filter(({ reason }) => damage.says.test(reason));
    expect(named.length).toBeGreaterThan(0);
    if (file !== null) expect(named.map((finding) => finding.file)).toContain(file);
    expect(found.some(isDamage)).toBe(damage.isDamage);
    const { report } = await repairOnce(root, server());
    expect(report).toMatchObject({ lost: [], pending: [], clean: true });
    await isRight(root, damage);
  });

  test.each(cases)('is repaired wherever the repair is stopped: $name', async ({ damage }) => {
    const spoilt = freshCopy();
    damage.plant(spoilt);
    for (const powerCut of [false, true]) {
      for (let stop = 1; ; stop++) {
        const root = copyOf(spoilt, join(folder, `stop-${++copies}`));
        const { report } = await repairOnce(root, server(), { crashAfter: stop, powerCut });
        if (report === null) {
          const second = await repairOnce(root, server());
          expect([stop, second.report?.lost, second.report?.clean]).toEqual([stop, [], true]);
        }
        await isRight(root, damage);
        expectNone(
          `lost at stop ${stop}`,
          [...contentsOf(whole)].filter((sha256) => !contentsOf(root).has(sha256)),
        );
        rmSync(root, { recursive: true });
        if (report !== null) break;
      }
    }
  });
});

describe('a check of names', () => {
  const told = (findings: readonly Finding[]) => findings.map(({ kind, file }) => [kind, file]);

  test('takes the file in new/ where cur/ has a folder of its name', async () => {
    const root = freshCopy();
    const file = fileIn(root, 'mail/INBOX', 4);
    const moved = file.replace('/cur/', '/new/');
    renameSync(file, moved);
    mkdirSync(file);
    expect(told(await findingsOf(root))).toEqual([['flags', relative(root, moved)]]);
  });

  test('takes what goes away after its name was read as not there', async () => {
    const root = freshCopy();
    const known = fileIn(root, 'mail/INBOX', 4);
    const stray = join(dirname(known), 'stray');
    writeFileSync(stray, 'not a message of ours');
    const folders = new (class extends MaildirInventory {
      override names(tree: Tree, folder: string) {
        const names = super.names(tree, folder);
        for (const file of [known, stray]) rmSync(file, { force: true });
        return names;
      }
    })(root);
    expect(told(await findingsOf(root, folders))).toEqual([['missing', relative(root, known)]]);
  });
});

describe('a repair that can find no copy', () => {
  test('wherever it is stopped has deleted nothing', async () => {
    const spoilt = freshCopy();
    for (const name of ['a flipped bit', 'a file that was cut short'])
      DAMAGES.find((damage) => damage.name === name)!.plant(spoilt);
    const before = octetsOf(spoilt);
    for (let stop = 1; ; stop++) {
      const root = copyOf(spoilt, join(folder, `stop-${++copies}`));
      const { report } = await repairOnce(root, server(), { crashAfter: stop, powerCut: true });
      const after = octetsOf(root);
      expectNone(
        `gone at stop ${stop}`,
        [...before].filter((sha256) => !after.has(sha256)),
      );
      rmSync(root, { recursive: true });
      if (report !== null) break;
    }
  });

  test('names what is lost, and check goes on naming it', async () => {
    const root = freshCopy();
    rmSync(fileIn(root, 'removed/INBOX', 0));
    const { report } = await repairOnce(root, server());
    expect(report).toMatchObject({ clean: false, lost: [{ mailbox: 'INBOX', uid: 23 }] });
    expect((await findingsOf(root)).map(({ kind }) => kind)).toEqual(['missing']);
  });

  test('says so where the server has other octets for the same UID by now', async () => {
    const root = freshCopy();
    rmSync(fileIn(root, 'mail/Work', 0));
    const other = server();
    const message = other.mail.mailbox('Work').get(1)!;
    Object.assign(message, { content: Buffer.from('Subject: another\r\n\r\nText\r\n') });
    const { report } = await repairOnce(root, other);
    expect(report?.lost).toMatchObject([
      { mailbox: 'Work', uid: 1, reason: expect.stringContaining('other octets') },
    ]);
    expect(await findingsOf(root)).toEqual([]);
  });
});

async function isRight(root: string, damage: Damage): Promise<void> {
  if (damage.stays === true) {
    expect((await findingsOf(root)).map(({ kind }) => kind)).toEqual(['hidden']);
    rmSync(join(root, 'mail/INBOX/cur/.DS_Store'));
  }
  expect(await findingsOf(root)).toEqual([]);
  expectNone('differs from the server', differences(root, server().mail));
  await demand(root, server(), {});
}

/** Of every file, also in quarantine/. */
function octetsOf(root: string): Set<string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.parentPath !== root,
  );
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  return new Set(files.map((entry) => digest(join(entry.parentPath, entry.name))));
}

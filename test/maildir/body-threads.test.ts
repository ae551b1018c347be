// What a thread writes is what the main thread would have written, and its failures are the disk's.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { maildirFileName, maildirLetters } from '../../src/core/mailbox/maildir-name.js';
import type { PendingBody } from '../../src/core/ports/store.js';
import { MaildirStore } from '../../src/maildir/store.js';
import { makeMessages } from '../support/messages.js';

/** A thread runs JavaScript, so this is about the built one. */
const BUILT = new URL('../../dist/body-thread.js', import.meta.url);

let root: string;
let stores: MaildirStore[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mailkeep-threads-'));
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  stores = [];
  rmSync(root, { recursive: true });
});

async function openStore(threads: number, folder = 'INBOX') {
  const store = new MaildirStore(join(root, `${threads}`), { threads, entry: BUILT });
  stores.push(store);
  await store.prepareFolders('mail', [folder]);
  return store;
}

async function written(store: MaildirStore, bodies: readonly Uint8Array[]) {
  const pending: PendingBody[] = [];
  let waits = 0;
  for (const [at, body] of bodies.entries()) {
    const writer = store.create('INBOX', 1_700_000_000 + at);
    for (let from = 0; from < body.length; from += 50_000)
      await writer.write(body.subarray(from, from + 50_000));
    const finished = writer.finish();
    if (finished instanceof Promise) waits += 1;
    pending.push(await finished);
  }
  return { bodies: await store.collect(pending), waits };
}

const BODIES = [
  ...makeMessages({ seed: 8, count: 600, medianBytes: 4000 }).map(({ body }) => body),
  Buffer.alloc(0),
  Buffer.from('no header end'),
  Buffer.from('\r\nbody only'),
  Buffer.alloc(256 * 1024, 'a'),
  Buffer.concat([Buffer.from('Subject: large\r\n\r\n'), Buffer.alloc(2_000_000, 'b')]),
];

describe('bodies written by threads', () => {
  test.each([1, 2])('are those that the main thread writes (%i)', async (threads) => {
    const plain = await openStore(0);
    const threaded = await openStore(threads);
    const [ours, theirs] = [await written(plain, BODIES), await written(threaded, BODIES)];
    const facts = (body: (typeof ours.bodies)[number]) => ({ ...body, file: '', descriptor: 0 });
    expect(theirs.bodies.map(facts)).toEqual(ours.bodies.map(facts));
    const placed = theirs.bodies.map((body, uid) => ({
      body,
      linkTo: null,
      place: {
        tree: 'mail' as const,
        folder: 'INBOX',
        name: maildirFileName(
          { receivedAt: 1_700_000_000 + uid, generation: 1, uid, sha256: body.sha256, size: body.size },
          maildirLetters('', []),
        ),
      },
    }));
    await threaded.commit(placed);
    for (const [at, { place }] of placed.entries()) {
      const file = join(root, `${threads}`, 'mail/INBOX/cur', place.name);
      expect(readFileSync(file).equals(BODIES[at]!)).toBe(true);
      expect(statSync(file).mtimeMs / 1000).toBe(1_700_000_000 + at);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(readdirSync(join(root, `${threads}`, 'mail/INBOX/tmp'))).toEqual([]);
  });

  test('make the writer wait when they are behind', async () => {
    const store = await openStore(1);
    const many = Array.from({ length: 400 }, () => Buffer.alloc(250_000, 'x'));
    expect((await written(store, many)).waits).toBeGreaterThan(0);
  });

  test('that meet a disk that refuses say so, and nothing of the batch stays behind', async () => {
    const store = await openStore(1);
    await written(store, BODIES.slice(0, 200));
    const tmp = join(root, '1/mail/INBOX/tmp');
    const before = readdirSync(tmp).length;
    const good = store.create('INBOX', 1);
    void good.write(Buffer.from('good'));
    const bad = store.create('Nowhere', 1);
    void bad.write(Buffer.from('bad'));
    const pending = [await good.finish(), await bad.finish()];
    await expect(store.collect(pending)).rejects.toMatchObject({ name: 'ArchiveError', code: 'io' });
    expect(readdirSync(tmp)).toHaveLength(before);
  });
});

test('the program is built', () => {
  expect(existsSync(BUILT)).toBe(true);
});

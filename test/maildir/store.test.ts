import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { maildirFileName } from '../../src/core/mailbox/maildir-name.js';
import type { FilePlace, Tree } from '../../src/core/ports/store.js';
import { readKeywords } from '../../src/maildir/keywords-file.js';
import { MaildirStore } from '../../src/maildir/store.js';

let root: string;
let store: MaildirStore;
beforeEach(async () => {
  root = join(mkdtempSync(join(tmpdir(), 'mailkeep-store-')), 'account');
  mkdirSync(root);
  store = new MaildirStore(root);
  await store.prepareFolders('mail', ['INBOX', 'Old', 'Old/Below']);
});
afterEach(() => rmSync(join(root, '..'), { recursive: true }));

const RECEIVED = 1_200_000_000;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function placeOf(
  text: string,
  { tree = 'mail' as Tree, folder = 'INBOX', uid = 1, letters = 'S', receivedAt = RECEIVED } = {},
): FilePlace {
  const name = { receivedAt, generation: 1, uid, sha256: sha256(text), size: text.length };
  return { tree, folder, name: maildirFileName(name, letters) };
}
const pathOf = (place: FilePlace) => join(root, place.tree, place.folder, 'cur', place.name);

async function written(text: string, folder = 'INBOX', receivedAt = RECEIVED) {
  await store.prepareFolders('mail', [folder]);
  const writer = store.create(folder, receivedAt);
  for (const octet of text) void writer.write(Buffer.from(octet));
  return (await writer.finish()).written;
}

async function stored(text: string, options: Parameters<typeof placeOf>[1] = {}): Promise<FilePlace> {
  const place = placeOf(text, options);
  await store.commit([{ body: await written(text, place.folder, options.receivedAt), place, linkTo: null }]);
  return place;
}

describe('a committed body', () => {
  test('lies under its name with its octets, its mtime and nothing for others to read', async () => {
    const header = 'Message-ID: <a@example.org>\r\n\r\n';
    const text = `${header}Message-ID: <b@example.org>\r\n\r\n\0\xff`;
    const body = await written(text);
    expect(body).toMatchObject({
      size: Buffer.byteLength(text),
      sha256: sha256(text),
      headerSha256: sha256(header),
      messageId: '<a@example.org>',
    });
    const place = placeOf(text);
    await store.commit([{ body, place, linkTo: null }]);
    expect(readFileSync(pathOf(place), 'utf8')).toBe(text);
    const facts = statSync(pathOf(place));
    expect([facts.mtimeMs / 1000, facts.mode & 0o777]).toEqual([RECEIVED, 0o600]);
    for (const folder of ['', 'cur', 'new', 'tmp'])
      expect(statSync(join(root, 'mail/INBOX', folder)).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root, 'mail/INBOX/tmp'))).toEqual([]);
  });

  test('is a link where an equal file is there, and a file of its own where that one is gone or of another size', async () => {
    const first = await stored('text');
    const linked = placeOf('text', { uid: 2 });
    const alone = placeOf('text', { uid: 3 });
    const differing = placeOf('text', { uid: 4 });
    const broken = await stored('longer text', { uid: 5 });
    await store.commit([
      { body: await written('text'), place: linked, linkTo: first },
      { body: await written('text'), place: alone, linkTo: placeOf('text', { uid: 99 }) },
      { body: await written('text'), place: differing, linkTo: broken },
    ]);
    const inode = (place: FilePlace) => statSync(pathOf(place)).ino;
    expect(inode(linked)).toBe(inode(first));
    expect(new Set([inode(first), inode(alone), inode(differing)]).size).toBe(3);
    for (const place of [linked, alone, differing]) expect(readFileSync(pathOf(place), 'utf8')).toBe('text');
    expect(readdirSync(join(root, 'mail/INBOX/tmp'))).toEqual([]);
  });

  test('may be committed again under the same name', async () => {
    const place = await stored('text');
    await store.commit([{ body: await written('text'), place, linkTo: null }]);
    expect(readFileSync(pathOf(place), 'utf8')).toBe('text');
  });

  test('leaves nothing behind when it was given up', async () => {
    await store.prepareFolders('mail', ['INBOX']);
    const writer = store.create('INBOX', RECEIVED);
    void writer.write(Buffer.from('half'));
    writer.abort();
    expect(readdirSync(join(root, 'mail/INBOX/tmp'))).toEqual([]);
  });

  test('keeps an INTERNALDATE before 1970', async () => {
    const place = await stored('text', { receivedAt: -86_400 });
    expect(statSync(pathOf(place)).mtimeMs).toBe(-86_400_000);
  });
});

describe('a link to known content', () => {
  test('shares the inode with the same date and is a copy with another', async () => {
    const from = await stored('text');
    const same = placeOf('text', { folder: 'Archive', uid: 7 });
    const other = placeOf('text', { folder: 'Archive', uid: 8, receivedAt: RECEIVED + 1 });
    const outcome = await store.link([
      { from, to: same, receivedAt: RECEIVED },
      { from, to: other, receivedAt: RECEIVED + 1 },
      { from: placeOf('nothing', { uid: 50 }), to: placeOf('nothing', { uid: 51 }), receivedAt: RECEIVED },
    ]);
    expect(outcome).toEqual(['done', 'done', 'missing']);
    expect(statSync(pathOf(same)).ino).toBe(statSync(pathOf(from)).ino);
    expect(statSync(pathOf(other)).mtimeMs).toBe((RECEIVED + 1) * 1000);
    expect(statSync(pathOf(from)).mtimeMs).toBe(RECEIVED * 1000);
  });

  test('finds a file whose flags somebody changed, and one that waits in new/', async () => {
    const from = await stored('text');
    const renamed = { ...from, name: from.name.replace(':2,S', ':2,FRS') };
    await store.move([{ from, to: renamed }]);
    const unseen = placeOf('other', { uid: 3, letters: '' });
    writeFileSync(join(root, 'mail/INBOX/new', unseen.name.replace(':2,', '')), 'other');
    utimesSync(join(root, 'mail/INBOX/new', unseen.name.replace(':2,', '')), RECEIVED, RECEIVED);
    const outcome = await store.link([
      { from, to: placeOf('text', { folder: 'A' }), receivedAt: RECEIVED },
      { from: unseen, to: placeOf('other', { folder: 'A', uid: 3 }), receivedAt: RECEIVED },
    ]);
    expect(outcome).toEqual(['done', 'done']);
  });
});

describe('a move', () => {
  test('renames, crosses to the other tree and back, and is done where it was done', async () => {
    const from = await stored('text');
    const to = placeOf('text', { tree: 'removed', letters: 'FS' });
    expect(await store.move([{ from, to }])).toEqual(['done']);
    expect([existsSync(pathOf(from)), existsSync(pathOf(to))]).toEqual([false, true]);
    expect(await store.move([{ from, to }])).toEqual(['done']);
    expect(await store.move([{ from: to, to: from }])).toEqual(['done']);
    expect(existsSync(pathOf(from))).toBe(true);
  });

  test('tells of a file that is nowhere', async () => {
    expect(await store.move([{ from: placeOf('text'), to: placeOf('text', { letters: '' }) }])).toEqual([
      'missing',
    ]);
  });
});

describe('dropping a link', () => {
  test('takes only a name whose octets live on under the other', async () => {
    const kept = await stored('text');
    const drop = placeOf('text', { folder: 'Old', uid: 9 });
    await store.link([{ from: kept, to: drop, receivedAt: RECEIVED }]);
    const copy = await stored('text', { folder: 'Old', uid: 10 });
    const outcome = await store.dropLinks([
      { drop, kept },
      { drop: copy, kept },
      { drop: kept, kept },
      { drop: copy, kept: placeOf('text', { uid: 77 }) },
      { drop, kept },
    ]);
    expect(outcome).toEqual(['done', 'missing', 'missing', 'missing', 'done']);
    expect([existsSync(pathOf(drop)), existsSync(pathOf(copy)), existsSync(pathOf(kept))]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('what belongs to a folder', () => {
  test('is its keyword letters, written whole and read back by position', async () => {
    await store.writeKeywords('mail', 'INBOX', ['Work', '$Junk']);
    await store.writeKeywords('mail', 'INBOX', ['Work', '$Junk', 'Later']);
    expect(readFileSync(join(root, 'mail/INBOX/dovecot-keywords'), 'utf8')).toBe(
      '0 Work\n1 $Junk\n2 Later\n',
    );
    expect(readKeywords(join(root, 'mail/INBOX'))).toEqual(['Work', '$Junk', 'Later']);
    const many = Array.from({ length: 40 }, (_, at) => `k${at}`);
    await store.writeKeywords('mail', 'INBOX', many);
    expect(readKeywords(join(root, 'mail/INBOX'))).toEqual(many.slice(0, 26));
  });

  test('is read from a keyword file with holes and nonsense in it', () => {
    mkdirSync(join(root, 'x'));
    writeFileSync(join(root, 'x', 'dovecot-keywords'), '2 c\nnonsense\n99 z\n0 a\n');
    expect(readKeywords(join(root, 'x'))).toEqual(['a', '', 'c']);
    expect(readKeywords(join(root, 'nowhere'))).toEqual([]);
  });

  test('is swept of leftovers in tmp/ of both trees, and of nothing else', async () => {
    const place = await stored('text');
    await store.prepareFolders('removed', ['INBOX']);
    for (const tree of ['mail', 'removed']) writeFileSync(join(root, tree, 'INBOX/tmp/left'), 'half');
    expect(await store.sweep(['INBOX', 'never there'])).toBe(2);
    expect(existsSync(pathOf(place))).toBe(true);
    expect(await store.list('mail', 'INBOX')).toEqual([place.name]);
    expect(await store.list('mail', 'never there')).toEqual([]);
  });

  test('moves to another name without the mailboxes below it, as often as asked', async () => {
    const own = await stored('text', { folder: 'Old' });
    const below = await stored('below', { folder: 'Old/Below' });
    await store.writeKeywords('mail', 'Old', ['Work']);
    for (let times = 0; times < 2; times++) await store.moveFolder('Old', 'New/Name');
    expect(existsSync(pathOf({ ...own, folder: 'New/Name' }))).toBe(true);
    expect(existsSync(pathOf(below))).toBe(true);
    expect(readKeywords(join(root, 'mail/New/Name'))).toEqual(['Work']);
    await store.moveFolder('Old/Below', 'New/Below');
    expect(existsSync(pathOf({ ...below, folder: 'New/Below' }))).toBe(true);
  });
});

describe('reading', () => {
  test('measures, slices and streams what is there', async () => {
    const place = await stored('Subject: a\n\nbody');
    expect(await store.measure(place)).toMatchObject({ sha256: sha256('Subject: a\n\nbody'), size: 16 });
    expect(Buffer.from((await store.slice(place, 12, 100))!).toString()).toBe('body');
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.read(place)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('Subject: a\n\nbody');
  });

  test('fills memory that is there, if there is enough of it', async () => {
    const place = await stored('Subject: a\n\nbody');
    const octets = Buffer.alloc(20, '.');
    expect(store.readInto(place, octets)).toBe(16);
    expect(octets.toString()).toBe('Subject: a\n\nbody....');
    expect(() => store.readInto(place, octets.subarray(0, 15))).toThrow(RangeError);
  });

  test('tells that nothing is there', async () => {
    const nowhere = placeOf('text');
    expect(await store.measure(nowhere)).toBeNull();
    expect(await store.slice(nowhere, 0, 1)).toBeNull();
    await expect(store.read(nowhere)[Symbol.asyncIterator]().next()).rejects.toThrow(
      expect.objectContaining({ code: 'damage' }),
    );
    expect(() => store.readInto(nowhere, Buffer.alloc(1))).toThrow(
      expect.objectContaining({ code: 'damage' }),
    );
  });
});

test.skipIf(process.getuid?.() === 0)(
  'a folder that refuses writes is an io error with a hint (not as root)',
  async () => {
    await store.prepareFolders('mail', ['INBOX']);
    chmodSync(join(root, 'mail/INBOX/tmp'), 0o500);
    expect(() => store.create('INBOX', RECEIVED)).toThrow(expect.objectContaining({ code: 'io' }));
    chmodSync(join(root, 'mail/INBOX/tmp'), 0o700);
  },
);

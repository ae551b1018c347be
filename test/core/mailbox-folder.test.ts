import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mailboxFolder } from '../../src/core/mailbox/mailbox-folder.js';
import { mailboxPath, type PathComponent } from '../../src/core/mailbox/mailbox-path.js';
import { pathOf } from '../../src/imap/names.js';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const folderOf = (components: readonly PathComponent[]) => mailboxFolder({ components }, digest);

/** Pieces that are likely to meet: what names are spelled with, and what they are encoded with. */
const piece = fc.constantFrom(
  ...[
    'a',
    'A',
    '.',
    '..',
    '/',
    '%',
    '%2E',
    '%2e',
    '%2F',
    '%25',
    '%long%',
    'cur',
    'new',
    'tmp',
    'dovecot-keywords',
  ],
  ...[
    '\0',
    '\n',
    '\x7f',
    '\x80',
    '\x85',
    '\xc2',
    '\xe9',
    'é',
    'e\u0301',
    '&',
    '&-',
    '&AIA-',
    '本',
    '😀',
    ' ',
    'x'.repeat(90),
    '本'.repeat(50),
  ],
);
const hostileText = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));

/** Components as decoding makes them: of text, or of raw octets that are none. */
const component: fc.Arbitrary<PathComponent> = fc.oneof(
  hostileText.map((text) => ({ text, exact: true })),
  hostileText.map((text) => ({ text: `${text.replace(/[^\0-\xff]/g, '')}&`, exact: false })),
);
const components = fc.array(component, { minLength: 1, maxLength: 6 });

describe('the folder of a mailbox', () => {
  test('is never shared by two mailboxes', () => {
    fc.assert(
      fc.property(fc.array(components, { minLength: 2, maxLength: 30 }), (paths) => {
        const owners = new Map<string, string>();
        for (const path of paths) {
          const folder = folderOf(path);
          const owner = JSON.stringify(path);
          expect(owners.get(folder) ?? owner).toBe(owner);
          owners.set(folder, owner);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('is never shared by two names on the wire, whatever their octets', () => {
    const raw = fc.array(
      fc.constantFrom(
        '&',
        '-',
        'AIA',
        '&AIA-',
        '&AOk-',
        '\xc2',
        '\x80',
        '\xe9',
        '%C2%80',
        '%26',
        'a',
        '/',
        '.',
        '%',
        '\0',
      ),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(
          raw.map((parts) => parts.join('')),
          { minLength: 2, maxLength: 20 },
        ),
        fc.boolean(),
        (names, utf8) => {
          const folders = names.map((name) =>
            mailboxFolder(pathOf(name, { delimiter: '/', prefix: '', utf8 }), digest),
          );
          expect(new Set(folders).size).toBe(names.length);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('cannot be climbed out of, and every name in it can be one of a file', () => {
    fc.assert(
      fc.property(components, (path) => {
        const folder = folderOf(path);
        expect(Buffer.byteLength(folder)).toBeLessThanOrEqual(2000);
        for (const name of folder.split('/')) {
          expect(name).not.toBe('');
          expect(name.startsWith('.')).toBe(false);
          expect(['cur', 'new', 'tmp', 'dovecot-keywords', 'dovecot-uidlist']).not.toContain(name);
          expect(name).not.toMatch(/[\0-\x1f\x7f]/);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
          expect(Buffer.from(name).toString()).toBe(name);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('has a length that any file system takes, 40 levels and 500 octets a name', () => {
    const deep = folderOf(
      Array.from({ length: 40 }, (_, at) => ({ text: `level ${at} ${'y'.repeat(500)}`, exact: true })),
    );
    expect(Buffer.byteLength(deep)).toBeLessThanOrEqual(2000);
  });

  test('is the name itself where that is harmless', () => {
    expect(mailboxFolder(mailboxPath('INBOX'), digest)).toBe('INBOX');
    expect(mailboxFolder(mailboxPath('Entwürfe', '本', '100% sure'), digest)).toBe('Entwürfe/本/100% sure');
  });

  test.each([
    [['.hidden'], '%2Ehidden'],
    [['..'], '%2E.'],
    [['a/b'], 'a%2Fb'],
    [['cur'], '%63ur'],
    [[''], '%'],
    [['%'], '%25'],
    [['%2E'], '%252E'],
    [['a\nb'], 'a%0Ab'],
  ])('spells %j as %s', (texts, folder) => {
    expect(mailboxFolder(mailboxPath(...texts), digest)).toBe(folder);
  });
});

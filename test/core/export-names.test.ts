/** Names in an export: readable, and safe on every file system. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DistinctNames, emlName, portableFolder } from '../../src/core/message/export-names.js';

const PARTS = {
  receivedAt: 1_767_600_002,
  generation: 1,
  uid: 17,
  sha256: '3f5d4608c118f384d93717feea8c028e8829887597f75d80299624c36c478b8f',
};

const name = (from: string, subject: string) => emlName({ ...PARTS, facts: { from, subject } });

describe('the name of an eml file', () => {
  test('tells date, sender, subject and ID', () => {
    expect(name('Ada Bell <ada@example.org>', 'Grüße aus Köln')).toBe(
      '2026-01-05 08.00.02 Ada Bell - Grüße aus Köln 1.17-3f5d4608.eml',
    );
    expect(name('ada@example.org', '')).toBe('2026-01-05 08.00.02 ada@example.org 1.17-3f5d4608.eml');
    expect(name('', '')).toBe('2026-01-05 08.00.02 1.17-3f5d4608.eml');
    expect(name('"Bell, Ada" <ada@example.org>, Bob <b@example.org>', 'Re: a/b')).toBe(
      '2026-01-05 08.00.02 Bell, Ada - Re_ a_b 1.17-3f5d4608.eml',
    );
  });

  test('is one line of bounded length without what a file system refuses, whatever the message says', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom(
        '../../etc/passwd',
        'a\nb\u202e\0',
        '👩‍👩‍👧‍👦'.repeat(40),
        '\ud800',
        ' . ',
        'CON',
        'x'.repeat(500),
      ),
    );
    fc.assert(
      fc.property(text, text, (from, subject) => {
        const made = name(from, subject);
        expect(made).toMatch(/^2026-01-05 08\.00\.02 .*1\.17-3f5d4608\.eml$/u);
        expect(made).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e<>:"/\\|?*]/u);
        expect(Buffer.byteLength(made)).toBeLessThanOrEqual(143);
      }),
      { numRuns: 2000 },
    );
  });

  test('leaves the date out where there can be none', () => {
    expect(emlName({ ...PARTS, receivedAt: 1e15, facts: { from: 'a', subject: 'b' } })).toBe(
      'a - b 1.17-3f5d4608.eml',
    );
  });
});

describe("a mailbox's folder in an export", () => {
  test('is encoded where Windows could not hold it', () => {
    expect(portableFolder('Work/2024', '')).toBe('Work/2024');
    expect(portableFolder('a:b?/con/Nul.txt/end./日本語', '')).toBe('a%3Ab%3F/%63on/%4Eul.txt/end%2E/日本語');
  });

  test('never looks like a file of the format', () => {
    expect(portableFolder('Work.mbox/x', '.mbox')).toBe('Work%2Embox/x');
    expect(portableFolder('Work.mbox', '.eml')).toBe('Work.mbox');
  });

  test('is told apart from others without case and spelling of accents', () => {
    const names = new DistinctNames();
    expect(['Work', 'work', 'WORK', 'é', 'e\u0301'].map((each) => names.claim(each))).toEqual([
      'Work',
      'work (2)',
      'WORK (3)',
      'é',
      'e\u0301 (2)',
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMailboxName, encodeMailboxName } from '../../../src/imap/wire/mailbox-name.js';

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

describe('a mailbox name in modified UTF-7', () => {
  test.each([
    ['INBOX', 'INBOX'],
    ['~peter/mail/&U,BTFw-/&ZeVnLIqe-', '~peter/mail/台北/日本語'],
    ['Entw&APw-rfe', 'Entwürfe'],
    ['A&-B', 'A&B'],
    ['&2Dzf+g-', '🏺'],
    ['', ''],
  ])('%s is %s, and back', (raw, text) => {
    expect(decodeMailboxName(raw, false)).toEqual({ text, canonical: true });
    expect(encodeMailboxName(text, false)).toBe(raw);
  });

  test.each([
    ['&AGE-', 'a', 'encodes what needs no encoding'],
    ['&-&-', '&&', 'is canonical after all'],
    ['&ANw-&APw-', 'Üü', 'shifts twice where once is enough'],
    ['&ZeVnLIqe', '&ZeVnLIqe', 'never shifts back'],
    ['A&B', 'A&B', 'has a bare ampersand'],
    ['&BBAEMQQyACYEMwQ0BDU-', 'Абв&где', 'encodes the ampersand (Yandex)'],
    ['&2Dw-', '&2Dw-', 'is half a surrogate pair'],
    ['&AAA-', '&AAA-', 'holds NUL'],
    ['&U/BTFw-', '&U/BTFw-', 'uses / of plain base64'],
    ['&A-', '&A-', 'has one base64 character'],
    ['&ANx-', 'Ü', 'has stray bits at the end'],
    [latin1('Entwürfe'), 'Entwürfe', 'is raw UTF-8 nobody enabled'],
    ['\xb0\xd7\xb1', '\xb0\xd7\xb1', 'is in some other charset'],
    ['a\tb', 'a\tb', 'has a control character'],
  ])('%s is shown as %s: it %s', (raw, text) => {
    const decoded = decodeMailboxName(raw, false);
    expect(decoded.text).toBe(text);
    expect(decoded.canonical).toBe(raw === '&-&-');
  });

  test('comes back from every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, utf8) => {
        fc.pre(!text.includes('\0'));
        expect(decodeMailboxName(encodeMailboxName(text, utf8), utf8)).toEqual({ text, canonical: true });
      }),
    );
  });

  test('is never lost in decoding: what is not canonical says so', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array).toString('latin1')),
      fc
        .array(fc.constantFrom('&', '-', 'A', 'B', ',', 'w', 'é'), { maxLength: 12 })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(bytes, fc.boolean(), (raw, utf8) => {
        const { text, canonical } = decodeMailboxName(raw, utf8);
        expect(text).not.toMatch(/\p{Surrogate}/u);
        if (canonical) expect(encodeMailboxName(text, utf8)).toBe(raw);
      }),
      { numRuns: 2000 },
    );
  });

  test('is refused for a text that no mailbox can have', () => {
    for (const text of ['a\0b', '\ud800', 'x\udc00']) {
      expect(() => encodeMailboxName(text, false)).toThrow(RangeError);
      expect(() => encodeMailboxName(text, true)).toThrow(RangeError);
    }
  });
});

describe('a mailbox name under UTF8=ACCEPT', () => {
  test('is UTF-8, and & is nothing special', () => {
    expect(decodeMailboxName(latin1('台北 &U,BTFw-'), true)).toEqual({
      text: '台北 &U,BTFw-',
      canonical: true,
    });
    expect(decodeMailboxName('a\0', true)).toEqual({ text: 'a\0', canonical: false });
    expect(decodeMailboxName('\xb0\xd7', true)).toEqual({ text: '\xb0\xd7', canonical: false });
  });
});

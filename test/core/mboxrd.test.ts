/** The mboxrd format: what goes in comes out, whatever the messages hold and however the octets are cut. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { envelopeSender, fromLine, MboxrdDecoder, MboxrdEncoder } from '../../src/core/message/mboxrd.js';

/** Octets that could be mistaken for what separates messages. */
const PIECES = [
  'From ',
  'Fro',
  '>',
  '>>From ',
  '\r\n',
  '\r\n\r\n',
  '\r',
  'x',
  'from ',
  ' From ',
  '\u00ff',
  '\0',
];

const message = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 40 })
  .map((pieces) => `Subject: x\r\n${pieces.join('')}`);

describe('mboxrd', () => {
  test('gives back every message, its last line ended', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (messages, step) => {
        expect(decode(encode(messages, step), step)).toEqual(messages.map(withLastLineEnded));
      }),
      { numRuns: 2000 },
    );
  });

  test('quotes lines that look like a From_ line, and nothing else', () => {
    const body = 'From a\r\n>From b\r\n>>From c\r\n From d\r\nFrom\r\nfrom e\r\n> From f\r\nx From g\r\n';
    expect(encode([body])).toBe(
      `${FROM}\n>From a\n>>From b\n>>>From c\n From d\nFrom\nfrom e\n> From f\nx From g\n\n`,
    );
  });

  test('keeps a lone CR, an empty message and empty lines at the end', () => {
    const messages = ['a\rb\r\n\r\n\r\n', '', 'c\r\n'];
    expect(encode(messages)).toBe(`${FROM}\na\rb\n\n\n\n${FROM}\n\n${FROM}\nc\n\n`);
    expect(decode(encode(messages))).toEqual(messages);
  });

  test('reads what other programs write: CR LF, text before the first message, no empty line at the end', () => {
    expect(decode('rubbish\r\nFrom x\r\nA: 1\r\n\r\n>From y\r\n\r\nFrom z\r\nB: 2')).toEqual([
      'A: 1\r\n\r\nFrom y\r\n',
      'B: 2',
    ]);
    expect(decode('From x\nA: 1\n\nFrom the start of a line after text, quoted by nobody?\n')).toHaveLength(
      2,
    );
    expect(decode('From x\nA: 1\nFrom here on no empty line stands before\n')).toEqual([
      'A: 1\r\nFrom here on no empty line stands before\r\n',
    ]);
    expect(decode('From x\nA: 1\r\nB: 2\r\n')).toEqual(['A: 1\r\nB: 2\r\n']);
    expect(decode('')).toEqual([]);
  });
});

describe('a From_ line', () => {
  test('has the date as asctime writes it, in UTC', () => {
    expect(fromLine(null, 0)).toBe('From MAILER-DAEMON Thu Jan  1 00:00:00 1970');
    expect(fromLine('ada@example.org', 1_767_600_002)).toBe('From ada@example.org Mon Jan  5 08:00:02 2026');
    expect(fromLine(null, -1)).toBe('From MAILER-DAEMON Thu Jan  1 00:00:00 1970');
    expect(fromLine(null, 1e14)).toBe('From MAILER-DAEMON Fri Dec 31 23:59:59 9999');
  });

  test('names the envelope sender only where that is one word', () => {
    expect(envelopeSender(' <ada@example.org>')).toBe('ada@example.org');
    expect(envelopeSender('ada@example.org')).toBe('ada@example.org');
    for (const none of [null, '<>', '', '<a b@example.org>', '<\u00e4@example.org>', `<${'a'.repeat(300)}>`])
      expect([none, envelopeSender(none)]).toEqual([none, null]);
  });
});

const FROM = fromLine(null, 0);

function encode(messages: readonly string[], step = 1000): string {
  const encoder = new MboxrdEncoder();
  return messages
    .map((message) => {
      const parts = cut(message, step).map((chunk) => Buffer.from(encoder.push(chunk)));
      return `${FROM}\n${Buffer.concat([...parts, Buffer.from(encoder.end())]).toString('latin1')}\n`;
    })
    .join('');
}

function decode(text: string, step = 1000): string[] {
  const messages: string[] = [];
  const decoder = new MboxrdDecoder({
    begin: () => messages.push(''),
    write: (chunk) => messages.push(messages.pop()! + Buffer.from(chunk).toString('latin1')),
    end: () => undefined,
  });
  for (const chunk of cut(text, step)) decoder.push(chunk);
  decoder.end();
  return messages;
}

function cut(text: string, step: number): Buffer[] {
  const octets = Buffer.from(text, 'latin1');
  return Array.from({ length: Math.ceil(octets.length / step) }, (_, n) =>
    octets.subarray(n * step, (n + 1) * step),
  );
}

/** What mboxrd can't tell: a last line without an end. */
function withLastLineEnded(text: string): string {
  return text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteIntern } from '../../../src/imap/wire/byte-intern.js';
import { FetchRowParser } from '../../../src/imap/wire/fetch-row-parser.js';

describe('flag lists', () => {
  test('of the same bytes are one frozen object, in every row', () => {
    const parser = new FetchRowParser();
    const first = flagsOf(parser, '(\\Seen $Label1)');
    expect(first).toEqual(['\\Seen', '$Label1']);
    expect(Object.isFrozen(first)).toBe(true);
    expect(flagsOf(parser, '(\\Seen $Label1)')).toBe(first);
    expect(flagsOf(parser, '($Label1 \\Seen)')).not.toBe(first);
    expect(flagsOf(parser, '()')).toEqual([]);
  });

  test('of labels are interned too', () => {
    const parser = new FetchRowParser();
    const labels = () => rowOf(parser, 'X-GM-LABELS (\\Inbox "a (b")').gmailLabels;
    expect(labels()).toEqual(['\\Inbox', 'a (b']);
    expect(labels()).toBe(labels());
  });

  test('never get mixed up, and a server cannot fill the memory with them', () => {
    let parsed = 0;
    const cache = new ByteIntern((bytes) => {
      parsed += 1;
      return [bytes.toString('latin1')];
    }, 8);
    fc.assert(
      fc.property(fc.string({ maxLength: 3, unit: fc.constantFrom('a', 'b', '\\') }), (text) => {
        const padded = Buffer.from(`x${text}y`, 'latin1');
        expect(cache.get(padded, 1, padded.length - 1)).toEqual([text]);
      }),
      { numRuns: 500 },
    );
    // 40 texts and room for 8: it had to forget, and yet it remembered most of the time within a round.
    expect(parsed).toBeGreaterThan(40);
  });

  test('that share a hash are told apart', () => {
    const cache = new ByteIntern((bytes) => [bytes.toString()]);
    const bytes = Buffer.from('abcd');
    expect(cache.get(bytes, 0, 2, 5)).toEqual(['ab']);
    expect(cache.get(bytes, 2, 4, 5)).toEqual(['cd']);
    expect(cache.get(bytes, 0, 2, 5)).toEqual(['ab']);
  });
});

describe('a row', () => {
  test('is an object of its own, not reused for the next', () => {
    const parser = new FetchRowParser();
    const first = rowOf(parser, 'UID 1 FLAGS (\\Seen) MODSEQ (5)');
    const second = rowOf(parser, 'UID 2');
    expect([first.uid, first.modseq, second.uid, second.flags, second.modseq]).toEqual([
      1,
      5n,
      2,
      null,
      null,
    ]);
  });
});

function rowOf(parser: FetchRowParser, attributes: string) {
  const bytes = Buffer.from(`${attributes})`, 'latin1');
  parser.begin(1);
  expect(parser.parse(bytes, 0, bytes.length)).toBe('done');
  return parser.row;
}

function flagsOf(parser: FetchRowParser, list: string) {
  return rowOf(parser, `UID 1 FLAGS ${list}`).flags;
}

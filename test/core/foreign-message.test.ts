// What another program has stored, back to the octets of the server, however its octets come.

import { describe, expect, test } from 'vitest';
import { ForeignMessage } from '../../src/core/message/foreign-message.js';
import { randomFrom } from '../support/random.js';

function read(text: string, sizes: () => number): string {
  const message = new ForeignMessage();
  const octets = Buffer.from(text, 'latin1');
  const out: Buffer[] = [];
  const keep = (parts: Uint8Array[]) => out.push(...parts.map((part) => Buffer.from(part)));
  for (let at = 0; at < octets.length; ) {
    const size = Math.max(1, sizes());
    keep(message.push(octets.subarray(at, at + size)));
    at += size;
  }
  keep(message.end());
  return Buffer.concat(out).toString('latin1');
}

const crlf = (text: string) => text.replaceAll('\n', '\r\n');
const TUID = 'X-TUID: 1a/2B+3c4D5e\n';

const CASES: readonly (readonly [string, string, string])[] = [
  ['LF becomes CR LF', 'A: b\nC: d\n\nbody\nend\n', crlf('A: b\nC: d\n\nbody\nend\n')],
  ['CR LF stays, and LF among it', 'A: b\r\n\r\nbody\nend\r\n', 'A: b\r\n\r\nbody\nend\r\n'],
  ['a last line without an end has none', 'A: b\n\nend', `${crlf('A: b\n\n')}end`],
  ["mbsync's field goes", `A: b\n${TUID}\nbody\n`, crlf('A: b\n\nbody\n')],
  ["mbsync's field goes with CR LF", crlf(`A: b\n${TUID}\nbody\n`), crlf('A: b\n\nbody\n')],
  ["mbsync's field goes where there is no body", `A: b\n${TUID}`, crlf('A: b\n')],
  ['one of two goes', `A: b\n${TUID}${TUID}\nx`, `${crlf(`A: b\n${TUID}\n`)}x`],
  ['that field elsewhere stays', `${TUID}A: b\n\n${TUID}\n`, crlf(`${TUID}A: b\n\n${TUID}\n`)],
  ['a longer one stays', 'A: b\nX-TUID: 1a/2B+3c4D5ef\n\n', crlf('A: b\nX-TUID: 1a/2B+3c4D5ef\n\n')],
  [
    "Thunderbird's fields go from the start alone",
    'X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys:    \nA: b\nX-Mozilla-Keys: c\n\n',
    crlf('A: b\nX-Mozilla-Keys: c\n\n'),
  ],
  ['no header block at all', '\nbody\n', crlf('\nbody\n')],
  ['nothing but an end of line', '\n', '\r\n'],
  ['no end of line', 'x', 'x'],
];

describe('a message of another program', () => {
  test.each(CASES)('%s', (_, stored, expected) => {
    const random = randomFrom(7);
    expect(read(stored, () => stored.length)).toBe(expected);
    expect(read(stored, () => 1)).toBe(expected);
    for (let n = 0; n < 50; n++) expect(read(stored, () => random.integer(1, 9))).toBe(expected);
  });

  test('a header block of two megabytes is not kept in memory, nor changed', () => {
    const long = `A: ${'x\n '.repeat(700_000)}\n${TUID}\nbody\n`;
    expect(read(long, () => 65_536)).toBe(crlf(long));
  });
});

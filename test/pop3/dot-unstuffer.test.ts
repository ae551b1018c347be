// Where a multi-line answer ends and what it holds, whatever the segments.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CRLF, DotUnstuffer } from '../../src/pop3/dot-unstuffer.js';
import { multiLine } from '../support/pop3-server/server.js';
import '../support/seeds.js';

const STATUS = '+OK octets follow\r\n'.length;

/** The content, and what is left behind the terminator. */
async function taken(wire: Buffer, cuts: readonly number[]): Promise<{ content: Buffer; rest: Buffer }> {
  const chunks: Uint8Array[] = [];
  // Every other chunk makes the feeder wait, as a slow disk does.
  const unstuffer = new DotUnstuffer((octets) => {
    chunks.push(Buffer.from(octets));
    return chunks.length % 2 === 0 ? Promise.resolve() : undefined;
  });
  const edges = [0, ...[...cuts].sort((a, b) => a - b), wire.length];
  let rest: Buffer[] = [];
  for (let at = 1; at < edges.length; at++) {
    const chunk = wire.subarray(edges[at - 1], edges[at]);
    const next = unstuffer.ended ? 0 : await unstuffer.feed(chunk, 0);
    rest = [...rest, chunk.subarray(next)];
  }
  expect(unstuffer.ended).toBe(true);
  if (unstuffer.endsWithLine) chunks.push(CRLF);
  return { content: Buffer.concat(chunks), rest: Buffer.concat(rest) };
}

/** As a server has to send a message that does not end with a line. */
function asLines(body: Buffer): Buffer {
  const isWhole = body.length === 0 || body.subarray(-2).equals(CRLF);
  return isWhole ? body : Buffer.concat([body, CRLF]);
}

const NEXT = Buffer.from('+OK next\r\n');

describe('a multi-line answer', () => {
  const bodies: Record<string, string> = {
    'nothing at all': '',
    'an empty line': '\r\n',
    'lines of dots': '.\r\n..\r\n...\r\n',
    'a dot before a bare CR': '.\r.\r\n',
    'a terminator with bare LFs': 'a\n.\nb\n.\r\nc\r\n',
    'CRs before the end': 'a\r\r\r\n',
    'no line end': 'a',
    'a bare LF at the end': 'a\n',
    'a bare CR at the end': 'a\r',
    '8-bit octets': 'gr\xfc\xdfe \xff\x00\r\n',
  };
  test.each(Object.keys(bodies))('with %s comes as it was, cut between any two octets', async (name) => {
    const body = Buffer.from(bodies[name]!, 'latin1');
    const wire = Buffer.concat([multiLine(body).subarray(STATUS), NEXT]);
    for (let cut = 0; cut <= wire.length; cut++) {
      const { content, rest } = await taken(wire, [cut]);
      expect([content, rest], `cut at ${cut}`).toEqual([asLines(body), NEXT]);
    }
  });

  test('of any octets, cut anywhere, comes as it was', async () => {
    const octet = fc.constantFrom(...[...'\r\n.a\xfc'].map((character) => character.charCodeAt(0)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(octet, { maxLength: 60 }),
        fc.array(fc.nat(80), { maxLength: 6 }),
        async (octets, cuts) => {
          const body = Buffer.from(octets);
          const wire = Buffer.concat([multiLine(body).subarray(STATUS), NEXT]);
          const inside = cuts.map((cut) => Math.min(cut, wire.length));
          const { content, rest } = await taken(wire, inside);
          expect([content.toString('latin1'), rest]).toEqual([asLines(body).toString('latin1'), NEXT]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

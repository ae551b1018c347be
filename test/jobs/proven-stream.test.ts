import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ArchiveError } from '../../src/core/errors.js';
import { provenStream } from '../../src/jobs/proven-stream.js';
import { startSha256 } from '../../src/wiring/surroundings.js';

const PLACE = { tree: 'mail', folder: 'INBOX', name: 'x' } as const;

/** What came through before the end, and how it ended. */
async function through(promised: string, chunks: readonly string[], end?: Error) {
  const octets = Buffer.from(promised);
  const file = {
    uid: 1,
    place: PLACE,
    size: octets.length,
    sha256: createHash('sha256').update(octets).digest('hex'),
  };
  const store = {
    read: async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
      if (end !== undefined) throw end;
    },
  };
  let passed = '';
  try {
    for await (const chunk of provenStream({ store, startHash: startSha256 }, file))
      passed += Buffer.from(chunk).toString();
    return [passed, 'whole'];
  } catch (error) {
    return [passed, (error as Error).message];
  }
}

describe('provenStream', () => {
  test('passes on what is as promised', async () => {
    expect(await through('abcdef', ['ab', 'cd', 'ef'])).toEqual(['abcdef', 'whole']);
    expect(await through('', [])).toEqual(['', 'whole']);
  });

  test('keeps the end of what is not', async () => {
    expect(await through('abcdef', ['ab', 'cd', 'eX'])).toEqual(['abcd', 'is damaged']);
    expect(await through('abcdef', ['Xb', 'cd', 'ef'])).toEqual(['Xbcd', 'is damaged']);
    expect(await through('abcdef', ['ab', 'cd'])).toEqual(['ab', 'is damaged']);
    expect(await through('abcdef', ['ab', 'cd', 'ef', 'gh'])).toEqual(['abcd', 'is damaged']);
    expect(await through('abcdef', ['XXXXXX'])).toEqual(['', 'is damaged']);
  });

  test('says why a file can not be read', async () => {
    const missing = new ArchiveError('not there', { code: 'damage' });
    expect(await through('ab', [], missing)).toEqual(['', 'is missing']);
    expect(await through('ab', ['ab'], new Error('EIO'))).toEqual(['', "can't be read: EIO"]);
  });
});

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { UNREADABLE } from '../../src/core/ports/proof.js';
import { hashFile } from '../../src/maildir/hash-file.js';

const folder = mkdtempSync(join(tmpdir(), 'mailkeep-hash-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('hashFile', () => {
  test.each([0, 1, 5000, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000])(
    'reads %i octets to their end, whatever size it is told',
    (size) => {
      const octets = Buffer.alloc(size, 'abcdefg');
      const file = join(folder, 'message');
      writeFileSync(file, octets);
      const expected = createHash('sha256').update(octets).digest('hex');
      for (const told of [undefined, size, size + 1, size + 5000, Math.max(0, size - 1), size >> 1, 0])
        expect([told, hashFile(file, told)]).toEqual([told, expected]);
    },
  );

  test('tells a file that is not there from one that the disk does not give back', () => {
    expect(hashFile(join(folder, 'none'))).toBeNull();
    // Address 0 is mapped in no process: reading it is EIO.
    expect(hashFile('/proc/self/mem')).toBe(UNREADABLE);
  });
});

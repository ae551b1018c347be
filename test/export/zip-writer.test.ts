// ZIP files at the edges of the format, read by Python and unzip.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ZipWriter } from '../../src/export/zip-writer.js';
import { program } from '../support/program.js';

const FACTS = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    infos = archive.infolist()
    bad = archive.testzip()
    print(json.dumps([len(infos), bad, [[i.filename, i.file_size, i.compress_type, i.date_time[0]] for i in infos[:3]]]))
`;

describe.skipIf(program('python3').missing)('ZipWriter', () => {
  let folder: string;
  let zip: ZipWriter;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailkeep-zip-'));
    zip = new ZipWriter(join(folder, 'out.zip'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = () => {
    zip.finish();
    const output = execFileSync('python3', ['-c', FACTS, join(folder, 'out.zip')], { encoding: 'utf8' });
    return JSON.parse(output) as unknown;
  };
  const add = (name: string, octets: Buffer, modifiedAt = 1_500_000_000) =>
    zip.addFile(name, { size: octets.length, modifiedAt }, pieces(octets));

  test('writes an empty archive', () => {
    expect(read()).toEqual([0, null, []]);
  });

  test('writes what is empty, what deflate makes longer, and what is too large for memory', async () => {
    await add('empty', Buffer.alloc(0), -86_400);
    await add('noise', randomBytes(1000), 1e11);
    await add('large 日本語', Buffer.alloc(5_000_000, 'mail '));
    expect(read()).toEqual([
      3,
      null,
      [
        ['empty', 0, 0, 1980],
        ['noise', 1000, 0, 2107],
        ['large 日本語', 5_000_000, 8, 2017],
      ],
    ]);
  });

  test('holds more entries than 16 bits can count', async () => {
    const octets = Buffer.from('x');
    for (let n = 0; n < 65_600; n++) await add(`${n}`, octets);
    expect(read()).toEqual([65_600, null, expect.anything()]);
  });

  test('writes an entry that may have more than 4 GB with sizes of 64 bits', async () => {
    // The size that is promised decides; nobody wants to wait for the real one.
    const content = Buffer.alloc(3_000_000, 'mail ');
    await zip.addFile('wide', { size: 5e9, modifiedAt: 1_500_000_000 }, pieces(content));
    await add('after', Buffer.from('x'));
    expect(read()).toEqual([
      2,
      null,
      [
        ['wide', 3_000_000, 8, 2017],
        ['after', 1, 0, 2017],
      ],
    ]);
    if (!program('unzip', '-v').missing) execFileSync('unzip', ['-tq', join(folder, 'out.zip')]);
  });
});

async function* pieces(octets: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < octets.length; at += 100_000) yield octets.subarray(at, at + 100_000);
}

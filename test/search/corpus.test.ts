// Every real message is read for search: none crashes, hangs or outgrows its thread, and the quick way to read a
// header gives what the parser gives. Uses the built threads.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { headerFacts } from '../../src/mime/facts.js';
import { wantedFields } from '../../src/mime/header-block.js';
import { quickFields } from '../../src/mime/quick-header.js';
import { TextPool } from '../../src/wiring/text-pool.js';

const CORPUS = process.env.MAILKEEP_CORPUS ?? resolve(import.meta.dirname, '../../../shared/corpus');
const BUILT = new URL('../../dist/text-thread.js', import.meta.url);

describe('a corpus of real messages', () => {
  if (!existsSync(join(CORPUS, 'MANIFEST.tsv'))) {
    const reason = `there is no corpus at ${CORPUS} (MAILKEEP_CORPUS names another folder)`;
    console.warn(`SKIPPED "search: a corpus of real messages": ${reason}`);
    test.skip(reason, () => {});
    return;
  }
  const files = readdirSync(CORPUS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath !== CORPUS)
    .map((entry) => join(entry.parentPath, entry.name));

  test('is read by the threads, within 64 MB of heap and 20 s for each', async () => {
    if (!existsSync(BUILT)) throw new Error('dist/ is missing: npm run build makes it');
    const pool = new TextPool({
      width: 2,
      limits: { milliseconds: 20_000, millisecondsPerMegabyte: 0, megabytes: 64 },
      fileOf: ({ sha256 }) => sha256,
      signal: new AbortController().signal,
      entry: BUILT,
    });
    const broken: string[] = [];
    let read = 0;
    const queue = files.values();
    const work = async () => {
      for (const file of queue) {
        const outcome = await pool.read({ id: 1, sha256: file, size: statSync(file).size, place: null });
        if (outcome === null || 'broken' in outcome.read) broken.push(file);
        else read += 1;
      }
    };
    await Promise.all([work(), work()]);
    await pool.close();
    expect(broken).toEqual([]);
    expect(read).toBeGreaterThan(1_300);
  }, 300_000);

  test('has the same header facts read quickly and by the parser', async () => {
    let quick = 0;
    for (const file of files) {
      const header = readFileSync(file).subarray(0, 64 * 1024);
      const found = quickFields(header);
      if (found === null) continue;
      quick += 1;
      // A field that repeats is none of the quick way's business.
      const slow = await headerFacts(Buffer.concat([Buffer.from('To:\r\n'), wantedFields(header)]));
      expect({ file, ...found }).toEqual({
        file,
        from: found.from,
        to: slow.recipients,
        cc: found.cc,
        subject: slow.subject,
      });
      expect([slow.from, slow.cc]).toEqual([found.from.join(', '), found.cc.join(', ')]);
    }
    expect(quick).toBeGreaterThan(900);
  }, 120_000);
});

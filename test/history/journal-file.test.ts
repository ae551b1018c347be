// The journal as a file: what a crash can do to its end, and who may read it.

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JournalLine, lineOfCommand } from '../../src/core/journal.js';
import { JournalFile } from '../../src/journal/journal-file.js';

let folder: string;
let file: string;
let journal: JournalFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailkeep-journal-'));
  file = join(folder, 'journal.jsonl');
  journal = new JournalFile(file);
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (seq: number, path = 'INBOX') =>
  lineOfCommand(0, { seq, hold: null, changes: [{ do: 'unlist', mailbox: 1, path }] });

async function seqs(): Promise<(number | null)[]> {
  const found: (number | null)[] = [];
  for await (const entry of journal.lines()) found.push(entry?.seq ?? null);
  return found;
}

describe('the journal file', () => {
  test('is empty before the first line, and only its owner can read it', async () => {
    expect(journal.last()).toBeNull();
    expect(await seqs()).toEqual([]);
    const umask = process.umask(0);
    journal.append(line(1));
    process.umask(umask);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(journal.last()?.seq).toBe(1);
  });

  test('gives a line back as it was, whatever is in it', async () => {
    const odd = line(1, '\u2028Bü\n"\u0000ro\ud800\u2029\x85');
    journal.append(odd);
    expect(journal.last()).toEqual(JSON.parse(JSON.stringify(odd)) as JournalLine);
    expect(await seqs()).toEqual([1]);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(2);
  });

  test('passes over a torn last line, wherever it was torn, and goes on behind it', async () => {
    journal.append(line(1));
    journal.append(line(2));
    const whole = readFileSync(file);
    const first = whole.indexOf('\n') + 1;
    for (let length = first + 1; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      // Only its end is missing: the line itself is there.
      const isWhole = length === whole.length - 1;
      expect([length, journal.last()?.seq]).toEqual([length, isWhole ? 2 : 1]);
      journal.append(line(3));
      expect(await seqs()).toEqual([1, isWhole ? 2 : null, 3]);
    }
  });

  test('closes a line that lacks only its end, and adds nothing to a whole one', () => {
    journal.append(line(1));
    truncateSync(file, statSync(file).size - 1);
    journal.flush();
    const text = readFileSync(file, 'utf8');
    expect(text.endsWith('}\n')).toBe(true);
    journal.flush();
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('finds the last line behind megabytes of what makes no sense', () => {
    journal.append(line(1, 'x'.repeat(300_000)));
    appendFileSync(file, `${'\u0000'.repeat(200_000)}\n{"version":1}\n[]\nnull\n`);
    expect(journal.last()?.seq).toBe(1);
  });

  test('says which file could not be written', () => {
    rmSync(folder, { recursive: true });
    expect(() => journal.append(line(1))).toThrow(expect.objectContaining({ code: 'io' }));
    mkdirSync(folder);
  });
});

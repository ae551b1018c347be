// Cost grows with changes, not with runs.

import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../crash/crash-everywhere.js';
import { runOnce } from '../crash/one-run.js';
import { put } from '../crash/scenarios.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import { markedMessage } from '../support/messages.js';

/** MAILKEEP_SOAK=1 makes it the ten thousand of the promise. */
const RUNS = process.env.MAILKEEP_SOAK === '1' ? 10_000 : 300;

let folder: string;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder, 'archive');
});
afterEach(() => rmSync(folder, { recursive: true }));

const sizeOf = (name: string) => statSync(join(root, name)).size;

describe('runs that find nothing', () => {
  test('leave index and journal as small as the first one did', async () => {
    const server = { mail: new MailStore(), tier: 'condstore' as const, objectId: false };
    for (const text of ['one', 'two', 'three']) put(server.mail.inbox, text, ['Work']);
    put(server.mail.create('Archive'), 'four');
    await runOnce(root, server);
    await runOnce(root, server);
    const [index, journal] = [sizeOf('index.db'), readFileSync(join(root, 'journal.jsonl'), 'utf8')];
    expect(journal.split('\n')).toHaveLength(2);
    for (let run = 0; run < RUNS; run++) await runOnce(root, server, { full: run % 10 === 0 });
    expect(sizeOf('index.db')).toBe(index);
    expect(readFileSync(join(root, 'journal.jsonl'), 'utf8')).toBe(journal);
  }, 600_000);
});

describe('a first run', () => {
  test('of many messages is one line of a few kilobytes', async () => {
    const server = { mail: new MailStore(), tier: 'qresync' as const, objectId: false };
    server.mail.inbox.fill(5000, { body: (uid) => markedMessage(`number ${uid}`) });
    await runOnce(root, server);
    expect(sizeOf('journal.jsonl')).toBeLessThan(2000);
  });
});

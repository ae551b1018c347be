/**
 * A mistake ends with the right exit code and a text that says what happened and what to do, and it harms
 * nothing: the archive afterwards is the archive before, octet for octet. After a change of texts,
 * MAILKEEP_WRITE_TEXTS=1 writes mistakes.expected.json anew; read the difference before it is committed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';
import { MISTAKES } from './mistakes.js';

const PASSWORD = 'Sesam-oeffne-dich-7f3a';
const EXPECTED = join(import.meta.dirname, 'mistakes.expected.json');

interface Said {
  readonly code: number | null;
  readonly text: readonly string[];
}

describe('mistakes', () => {
  let server: ImapServer;
  let mailkeep: Mailkeep;
  /** The ID of a message that is there. */
  let one: string;
  const said: Record<string, Said> = {};
  const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Record<string, Said>;

  beforeAll(async () => {
    server = await ImapServer.start({ users: { mina: PASSWORD } });
    server.store('mina').inbox.append({ body: markedMessage('one') });
    mailkeep = await Mailkeep.create({ port: server.port, user: 'mina', password: PASSWORD });
    expect((await mailkeep.run('sync', '--index')).code).toBe(0);
    const found = documentOf(await mailkeep.run('search', 'larger:0', '--json'));
    one = (found as unknown as { messages: { id: string }[] }).messages[0]!.id;
  });

  afterAll(async () => {
    if (process.env.MAILKEEP_WRITE_TEXTS === '1')
      writeFileSync(EXPECTED, `${JSON.stringify(said, null, 2)}\n`);
    await mailkeep?.remove();
    await server?.close();
  });

  /** What differs from machine to machine and from run to run. */
  function settled(text: string): string[] {
    return text
      .replaceAll(mailkeep.folder, '<folder>')
      .replaceAll(`:${server.port}`, ':<port>')
      .split('\n')
      .filter((line) => line !== '');
  }

  /** Message files with their content; the index may note that a run took place. */
  function archive(): string[] {
    const tree = join(mailkeep.root, 'mail');
    return readdirSync(tree, { recursive: true, encoding: 'utf8' })
      .map((name) => join('mail', name))
      .filter((name) => statSync(join(mailkeep.root, name)).isFile())
      .map((name) => {
        const content = readFileSync(join(mailkeep.root, name));
        return `${name} ${createHash('sha256').update(content).digest('hex')}`;
      });
  }

  test.each(MISTAKES)('$name', async ({ name, args, keys, top, config }) => {
    await mailkeep.configure({
      port: server.port,
      user: 'mina',
      password: PASSWORD,
      ...(keys === undefined ? {} : { keys }),
      ...(top === undefined ? {} : { top }),
    });
    if (config !== undefined) writeFileSync(mailkeep.configFile, config, { mode: 0o600 });
    const before = archive();
    const folder = readdirSync(mailkeep.folder).sort();
    const run = await mailkeep.run(...args.map((word) => (word === 'ONE' ? one : word)));
    said[name] = { code: run.code, text: settled(run.stderr) };
    expect(run.code).not.toBe(0);
    expect(run.stderr).not.toMatch(/\n\s+at .*:\d+/);
    expect(archive()).toEqual(before);
    expect(readdirSync(mailkeep.folder).sort()).toEqual(folder);
    if (process.env.MAILKEEP_WRITE_TEXTS !== '1') expect(said[name]).toEqual(expected[name]);
  });

  test('there are at least forty, and each has its text', () => {
    expect(MISTAKES.length).toBeGreaterThanOrEqual(40);
    if (process.env.MAILKEEP_WRITE_TEXTS !== '1')
      expect(Object.keys(expected).sort()).toEqual(MISTAKES.map(({ name }) => name).sort());
  });
});

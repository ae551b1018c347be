// A password is nowhere but on its way to the server: not in arguments, outputs or files, whichever key names it,
// and not after the server has thrown it back at us.

import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refuse, stall } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';

const PASSWORD = 'Correct-Horse-Battery-7';

let server: ImapServer;
let mailkeep: Mailkeep;

beforeEach(async () => {
  server = await ImapServer.start({ users: { alice: PASSWORD } });
  server.store('alice').inbox.append({ body: Buffer.from('Subject: hello\r\n\r\nhello\r\n') });
  mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD });
  await writeFile(join(mailkeep.folder, 'secret'), `${PASSWORD}\n`, { mode: 0o600 });
  await writeFile(join(mailkeep.folder, 'secret-tool'), `#!/bin/sh\nexec cat ${mailkeep.folder}/secret\n`, {
    mode: 0o700,
  });
  Object.assign(mailkeep.environment, {
    MAIL_PASSWORD: PASSWORD,
    CREDENTIALS_DIRECTORY: mailkeep.folder,
    PATH: `${mailkeep.folder}:${process.env.PATH}`,
  });
});
afterEach(async () => {
  await mailkeep.remove();
  await server.close();
});

const WAYS: readonly [string, Record<string, unknown>][] = [
  ['password_file', { password_file: 'secret' }],
  ['password_command', { password_command: 'cat secret' }],
  ['password_env', { password_env: 'MAIL_PASSWORD' }],
  ['password_credential', { password_credential: 'secret' }],
  ['password_keyring', { password_keyring: { service: 'mailkeep' } }],
];

/** In any spelling in which it could be told. */
const SPELLINGS = [
  PASSWORD,
  Buffer.from(PASSWORD).toString('base64'),
  Buffer.from(`\0alice\0${PASSWORD}`).toString('base64'),
];

function expectNoSecret(text: string): void {
  for (const spelling of SPELLINGS) expect(text).not.toContain(spelling);
}

/** The arguments of every process that may be looked at. */
function argumentsOfAll(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        // It has ended.
        return '';
      }
    })
    .join('\n');
}

describe.each(WAYS)('a password by %s', (_key, keys) => {
  test('signs in, and is in no argument, output or file of the archive', async () => {
    await mailkeep.configure({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      keys: { password: undefined, ...keys },
    });
    const held = server.faults.add({ command: 'LIST' }, stall());
    const { ended } = mailkeep.start('--log-level', 'trace', 'sync', '--json');
    await held.reached;
    expectNoSecret(argumentsOfAll());
    server.faults.remove(held);
    const run = await ended;
    expect(run.code, run.stderr).toBe(0);
    expectNoSecret(run.stdout + run.stderr);
    for (const file of readdirSync(mailkeep.root, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expectNoSecret(readFileSync(join(file.parentPath, file.name), 'latin1'));
    }
  });

  test('is not repeated when the server refuses it, and quotes it', async () => {
    await mailkeep.configure({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      keys: { password: undefined, ...keys },
    });
    server.faults.add({ command: 'AUTHENTICATE' }, refuse('NO', `no such password: ${SPELLINGS.join(' ')}`));
    for (const args of [['sync'], ['sync', '--json'], ['doctor', '--json']]) {
      const run = await mailkeep.start(...args).ended.catch((error: Error) => error);
      expect(run, args.join(' ')).toMatchObject({ code: 12 });
      if (!(run instanceof Error)) expectNoSecret(run.stdout + run.stderr);
    }
  });
});

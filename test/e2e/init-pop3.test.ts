// `init --protocol pop3`: what it writes works at once, and where POP3 is not to be had nothing is written.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mails } from '../pop3/stage.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { PASSWORD, PopServer } from '../support/pop3-server/server.js';

test('writes a POP3 account with which sync works at once', async () => {
  await using server = await PopServer.start(mails(3));
  await using mailkeep = await Mailkeep.create({ port: 1, user: 'x', password: 'x' });
  const target = join(mailkeep.folder, 'new.yaml');
  writeFileSync(join(mailkeep.folder, 'pw'), `${PASSWORD}\n`, { mode: 0o600 });
  const flags = ['--email', 'mina@example.org', '--password-file', 'pw', '--data-dir', 'new-data'];
  const reach = ['--protocol', 'pop3', '--host', '127.0.0.1', '--port', String(server.port), '--tls', 'none'];
  const run = await mailkeep.run('init', '--json', '--config', target, ...flags, ...reach);
  expect(run.code, run.stderr).toBe(0);
  expect(documentOf(run)).toMatchObject({ config: target, account: 'mina@example.org', mailboxes: 1 });
  const text = readFileSync(target, 'utf8');
  expect(text).toMatch(/^ {4}protocol: pop3$/m);
  expect(text).toMatch(/^ {4}pop3:\n {6}delete_after: never$/m);
  expect(text).not.toContain('folders:');
  const sync = await mailkeep.run('sync', '--config', target, '--json');
  expect(documentOf(sync)).toMatchObject({ accounts: [{ status: 'ok', tier: 'pop3', added: 3 }] });
});

test('is wrong usage where the provider has no POP3', async () => {
  await using mailkeep = await Mailkeep.create({ port: 1, user: 'x', password: 'x' });
  const target = join(mailkeep.folder, 'new.yaml');
  const flags = ['--protocol', 'pop3', '--email', 'mina@icloud.com', '--password-command', 'true'];
  const run = await mailkeep.run('init', '--yes', '--config', target, ...flags);
  expect([run.code, run.stderr]).toEqual([2, expect.stringMatching(/icloud has no POP3/)]);
  expect(existsSync(target)).toBe(false);
});

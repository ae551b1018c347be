// Completion as bash sees it: its own script, sourced in a real bash, with the variables readline would set.

import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bashReply, readShellLine } from '../../src/core/text/shell-line.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';
import { program } from '../support/program.js';

const PASSWORD = 'Sesam-oeffne-dich-7f3a';
const BREAKS = ' \t\n"\'@><=;|&(:';

describe('readShellLine', () => {
  test.each([
    ['mailkeep sync a\\ b', ['mailkeep', 'sync', 'a b'], null, 0],
    ['mailkeep sync "a b', ['mailkeep', 'sync', 'a b'], '"', 0],
    ["mailkeep sync 'a\\", ['mailkeep', 'sync', 'a\\'], "'", 0],
    ['mailkeep sync me@ex', ['mailkeep', 'sync', 'me@ex'], null, 3],
    ['mailkeep sync ', ['mailkeep', 'sync', ''], null, 0],
    ['mailkeep --account=me', ['mailkeep', '--account=me'], null, 10],
  ] as const)('%s', (line, words, quote, kept) => {
    expect(readShellLine(line, BREAKS)).toEqual({ words, quote, kept });
  });

  test('a reply can run nothing', () => {
    const plain = readShellLine('mailkeep sync ', BREAKS);
    expect(bashReply('$(rm -rf x);`y`', plain)).toBe('\\$\\(rm\\ -rf\\ x\\)\\;\\`y\\`');
    expect(bashReply('a"$b', readShellLine('mailkeep sync "', BREAKS))).toBe('a\\"\\$b');
  });
});

describe.skipIf(program('bash').missing)('completion in bash', () => {
  let server: ImapServer;
  let mailkeep: Mailkeep;

  beforeAll(async () => {
    server = await ImapServer.start({ users: { mina: PASSWORD } });
    const store = server.store('mina');
    store.inbox.append({ body: markedMessage('one') });
    for (const name of ['Sent Items', '日本語', "Ada's", 'Entwürfe']) store.create(encodeModifiedUtf7(name));
    mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'mina',
      password: PASSWORD,
      others: [{ name: 'me@example.org', host: 'imap.example.org', user: 'me', password: PASSWORD }],
    });
    expect((await mailkeep.run('sync', 'personal')).code).toBe(0);
    const main = join(import.meta.dirname, '../../dist/main.js');
    const command = join(mailkeep.folder, 'mailkeep');
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
    chmodSync(command, 0o755);
  });

  afterAll(async () => {
    await mailkeep?.remove();
    await server?.close();
  });

  /** What bash is offered at the end of the line. */
  function offered(line: string): string[] {
    const script = `
      source <(mailkeep completion bash)
      COMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}
      _mailkeep mailkeep "\${COMP_LINE##* }" before
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const run = spawnSync('bash', ['--norc', '-c', script, 'bash', line], {
      cwd: mailkeep.folder,
      env: {
        PATH: `${mailkeep.folder}:${process.env.PATH}`,
        HOME: mailkeep.folder,
        LANG: 'C.UTF-8',
        MAILKEEP_CONFIG: mailkeep.configFile,
      },
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    return run.stdout.split('\n').filter((word) => word !== '');
  }

  test('offers commands, and only those that exist', () => {
    expect(offered('mailkeep s')).toEqual(['sync', 'status', 'search', 'show']);
    expect(offered('mailkeep __')).toEqual([]);
  });

  test('offers options and their choices', () => {
    expect(offered('mailkeep search --s')).toEqual(['--sort']);
    expect(offered('mailkeep search --sort ')).toEqual(['date', 'relevance']);
    expect(offered('mailkeep sync --j')).toEqual(['--json']);
  });

  test('offers accounts, also behind an @ that readline takes for a new word', () => {
    expect(offered('mailkeep sync ')).toEqual(['personal', 'me@example.org']);
    expect(offered('mailkeep sync me@ex')).toEqual(['example.org']);
    expect(offered('mailkeep sync personal ')).toEqual(['me@example.org']);
  });

  test('offers mailboxes so that the line means them: spaces, quotes, other scripts', () => {
    expect(offered('mailkeep sync --mailbox S')).toEqual(['Sent\\ Items']);
    expect(offered('mailkeep sync --mailbox "Sent I')).toEqual(['Sent Items']);
    expect(offered('mailkeep sync --mailbox 日')).toEqual(['日本語']);
    expect(offered('mailkeep sync --mailbox A')).toEqual(["Ada\\'s"]);
    expect(offered('mailkeep restore personal --mailbox E')).toEqual(['Entwürfe']);
  });

  test('offers files where a file is wanted', () => {
    expect(offered('mailkeep --config conf')).toEqual(['config.yaml']);
  });

  test('says nothing with a broken config', () => {
    writeFileSync(mailkeep.configFile, 'accounts: 7\n');
    expect(offered('mailkeep sync ')).toEqual([]);
  });
});

// Completion as the shells see it: the program's own script, sourced in a real bash, with the variables readline would
// set; in a real fish, asked for what it would offer; and in a real zsh at a terminal of its own, with the Tab key.

import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
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

describe('completion', () => {
  let server: ImapServer;
  let mailkeep: Mailkeep;
  const inShell = (shell: string, words: readonly string[]) => {
    const run = spawnSync(shell, words, {
      cwd: mailkeep.folder,
      env: {
        PATH: `${mailkeep.folder}:${process.env.PATH}`,
        HOME: mailkeep.folder,
        LANG: 'C.UTF-8',
        TERM: 'xterm',
        MAILKEEP_CONFIG: mailkeep.configFile,
      },
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    return run.stdout;
  };

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

  describe.skipIf(program('bash').missing)('in bash', () => {
    /** What is offered at the end of the line. */
    function offered(line: string): string[] {
      const script = `
        source <(mailkeep completion bash)
        COMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}
        _mailkeep mailkeep "\${COMP_LINE##* }" before
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const told = inShell('bash', ['--norc', '-c', script, 'bash', line]);
      return told.split('\n').filter((word) => word !== '');
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
      const before = readFileSync(mailkeep.configFile);
      writeFileSync(mailkeep.configFile, 'accounts: 7\n');
      expect(offered('mailkeep sync ')).toEqual([]);
      writeFileSync(mailkeep.configFile, before);
    });
  });

  const LINES = [
    ['mailkeep stat', 'mailkeep status'],
    ['mailkeep sync pers', 'mailkeep sync personal'],
    ['mailkeep sync me@ex', 'mailkeep sync me@example.org'],
    ['mailkeep sync --mailbox S', 'mailkeep sync --mailbox Sent\\ Items'],
    ['mailkeep sync --mailbox 日', 'mailkeep sync --mailbox 日本語'],
    ['mailkeep sync --mailbox Ad', "mailkeep sync --mailbox Ada\\'s"],
    ['mailkeep search --sort re', 'mailkeep search --sort relevance'],
    ['mailkeep --config conf', 'mailkeep --config config.yaml'],
  ] as const;

  test.skipIf(program('fish').missing).each(LINES)('fish: %s becomes %s', (line, whole) => {
    const script = 'mailkeep completion fish | source; complete -C "$argv[1]"';
    const offered = inShell('fish', ['--no-config', '-c', script, line]).trim().split('\n');
    const last = whole.slice(line.lastIndexOf(' ') + 1).replaceAll('\\', '');
    expect(offered).toEqual([last]);
  });

  test.skipIf(program('zsh').missing).each(LINES)('zsh: %s becomes %s', (line, whole) => {
    const script = `
      zmodload zsh/zpty
      zpty z zsh -f -i
      zpty -w z 'autoload -Uz compinit; compinit -u -D; source <(mailkeep completion zsh)'
      zpty -w z 'tab() { zle complete-word; print -r -- "<<<$BUFFER>>>" }; zle -N tab; bindkey "^I" tab'
      zpty -w z 'echo REA""DY'
      zpty -r -m z out "*READY*"
      zpty -w -n z "$1"$'\\t'
      zpty -r -m z out "*<<<*>>>*"
      print -r -- "$out"
      zpty -d z`;
    const told = inShell('zsh', ['-f', '-c', script, 'zsh', line]);
    expect(/<<<(.*?) *>>>/.exec(told)?.[1]).toBe(whole);
  });
});

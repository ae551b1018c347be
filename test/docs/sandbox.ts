/**
 * Where the commands of a page are typed: a home of its own with a config and the built command as `mailkeep`, and
 * a mail server in this process with the demo's account, one with a single letter and an empty one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fillAccount, LAMP_PROJECT, newLetter, USER } from '../demo/sample-account.js';
import { HttpSink } from '../support/http-sink.js';
import { ImapServer } from '../support/imap-server/server.js';

const DIST = resolve(import.meta.dirname, '../../dist');
const PASSWORD = 'lamp-oil-and-salt';
const WORK = 'mina@work.example';
const NEW = 'mina@new.example';

/** What stands in the pages for things that are different in every archive. */
const EXAMPLE_ID = /\b3f5d4608c1\b/g;
const EXAMPLE_DAY = /(--at )\d{4}-\d{2}-\d{2}\b/g;

export interface Typed {
  readonly code: number | null;
  readonly output: string;
}

export class Sandbox {
  readonly home: string;
  readonly #server: ImapServer;
  readonly #sink: HttpSink;
  #id = '';

  private constructor(home: string, server: ImapServer, sink: HttpSink) {
    this.home = home;
    this.#server = server;
    this.#sink = sink;
  }

  static async open(): Promise<Sandbox> {
    if (!existsSync(join(DIST, 'main.js')))
      throw new Error('dist/main.js is missing: npm run build makes it');
    const users = { [USER]: PASSWORD, [WORK]: PASSWORD, [NEW]: PASSWORD };
    const server = await ImapServer.start({ users, objectId: true });
    fillAccount(server.store(USER));
    server.store(WORK).inbox.append(newLetter());
    const home = mkdtempSync(join(tmpdir(), 'mailkeep-docs-'));
    const sandbox = new Sandbox(home, server, await HttpSink.start());
    sandbox.#furnish();
    return sandbox;
  }

  /** An archive with a past: two runs, something deleted, and a mailbox that the server has just lost. */
  async backUp(): Promise<void> {
    const store = this.#server.store(USER);
    await this.#must('mailkeep sync --quiet');
    const [deleted, moved, flagged] = store.inbox.uids;
    store.inbox.append(newLetter());
    store.inbox.setFlags([flagged!], 'add', ['\\Flagged']);
    store.move('INBOX', [moved!], 'Archive/2025');
    store.inbox.expunge([deleted!]);
    await this.#must('mailkeep sync --quiet');
    store.mailbox(LAMP_PROJECT).wipe();
  }

  /** Runs a line of a page in bash; a daemon is told to stop once it has started. */
  async type(line: string): Promise<Typed> {
    EXAMPLE_ID.lastIndex = 0;
    const id = EXAMPLE_ID.test(line) ? await this.#someId() : '';
    const today = new Date().toISOString().slice(0, 10);
    const actual = line.replaceAll(EXAMPLE_ID, id).replaceAll(EXAMPLE_DAY, `$1${today}`);
    return /^(?:mailkeep|node dist\/main\.js) daemon\b/.test(line)
      ? this.#runDaemon(actual)
      : this.#run(actual);
  }

  async close(): Promise<void> {
    await this.#server.close();
    await this.#sink[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  #furnish(): void {
    const account = (name: string, user: string) => ({
      name,
      host: '127.0.0.1',
      port: this.#server.port,
      tls: 'none',
      user,
      password: PASSWORD,
    });
    const config = {
      data_dir: '~/mail-archive',
      retention: { removed: '365d' },
      notify: [{ type: 'webhook', url: this.#sink.url }],
      accounts: [account('personal', USER), account('work', WORK), account('new', NEW)],
    };
    const folder = join(this.home, '.config/mailkeep');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
    this.#furnishOtherPrograms();
    symlinkSync(DIST, join(this.home, 'dist'));
    const bin = join(this.home, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'mailkeep'), `#!/bin/sh\nexec '${process.execPath}' '${DIST}/main.js' "$@"\n`);
    chmodSync(join(bin, 'mailkeep'), 0o755);
  }

  /** What mbsync and Thunderbird would have left, for docs/import.md. */
  #furnishOtherPrograms(): void {
    const letter = Buffer.from(newLetter().body).toString('latin1').replaceAll('\r\n', '\n');
    const maildir = join(this.home, 'Mail/INBOX');
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
    writeFileSync(join(maildir, 'cur/1700000000.1.host,U=1:2,S'), letter, 'latin1');
    const folder = join(this.home, '.thunderbird/x.default/ImapMail/imap.example.org');
    mkdirSync(folder, { recursive: true });
    const mbox = `From - Thu Jan 01 00:00:00 2015\nX-Mozilla-Status: 0001\n${letter}\n`;
    writeFileSync(join(folder, 'INBOX'), mbox, 'latin1');
  }

  #start(line: string): { child: ChildProcess; ended: Promise<Typed>; output: () => string } {
    const child = spawn('bash', ['-c', line], {
      cwd: this.home,
      env: {
        PATH: `${join(this.home, 'bin')}:${process.env.PATH}`,
        HOME: this.home,
        TMPDIR: process.env.TMPDIR ?? '/tmp',
        LANG: 'C.UTF-8',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const ended = new Promise<Typed>((done, fail) => {
      child.once('error', fail);
      child.once('close', (code) => done({ code, output }));
    });
    return { child, ended, output: () => output };
  }

  #run(line: string): Promise<Typed> {
    return this.#start(line).ended;
  }

  async #runDaemon(line: string): Promise<Typed> {
    // exec, so that the signal reaches the daemon and not a shell that waits for it.
    const { child, ended, output } = this.#start(`exec ${line}`);
    const listen = () => {
      if (!output().includes('mailkeep started')) return;
      child.stderr!.off('data', listen);
      child.kill('SIGTERM');
    };
    child.stderr!.on('data', listen);
    return ended;
  }

  async #must(line: string): Promise<string> {
    const { code, output } = await this.#run(line);
    if (code !== 0) throw new Error(`${line}: exit code ${code}\n${output}`);
    return output;
  }

  async #someId(): Promise<string> {
    if (this.#id === '') {
      const found = await this.#must('mailkeep search filename:tides.csv --account personal --json --quiet');
      const { messages } = JSON.parse(found) as { messages: { id: string }[] };
      this.#id = messages[0]!.id.slice(0, 10);
    }
    return this.#id;
  }
}

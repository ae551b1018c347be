// A private Dovecot for tests: own temporary folder, own ports on 127.0.0.1, own certificates. Any user logs in
// with the password "pass". Only processes that this class started are ever signalled, and they die with the test
// process.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ImapFlow } from 'imapflow';
import { type Certificates, makeCertificates } from './certificates.js';
import { type DovecotOptions, dovecotConfig, MAIL_OWNER, PASSWORD } from './dovecot-config.js';
import { freePorts, greeting } from './loopback.js';
import { type MaildirMessage, writeMaildir } from './maildir-writer.js';
import { encodeModifiedUtf7 } from './modified-utf7.js';
import type { RealServer } from './real-server.js';
import { readServerState, type ServerState } from './server-state.js';
import { TestClients } from './test-clients.js';
import { describeWithServer } from './with-server.js';

const run = promisify(execFile);

export class Dovecot implements RealServer {
  readonly host = '127.0.0.1';
  readonly password = PASSWORD;
  /** Cleartext, with STARTTLS on offer. */
  readonly port: number;
  /** Implicit TLS. */
  readonly tlsPort: number;
  /** The same for POP3, where the server was started with it. */
  readonly popPort: number;
  readonly popTlsPort: number;
  readonly certificates: Certificates;
  readonly folder: string;
  readonly #clients = new TestClients();
  #master: Master | undefined;

  private constructor(folder: string, ports: readonly number[], certificates: Certificates) {
    this.folder = folder;
    [this.port, this.tlsPort, this.popPort, this.popTlsPort] = ports as [number, number, number, number];
    this.certificates = certificates;
  }

  static available(): boolean {
    return Dovecot.whyNot() === undefined;
  }

  /** Why no server can be started here, with the remedy; undefined when one can. */
  static whyNot(): string | undefined {
    return binary('dovecot') === undefined || binary('imap') === undefined
      ? 'install it with: apt-get install dovecot-imapd'
      : undefined;
  }

  static whyNoPop3(): string | undefined {
    return (
      Dovecot.whyNot() ??
      (binary('pop3') === undefined ? 'install it with: apt-get install dovecot-pop3d' : undefined)
    );
  }

  /** Throws with the server's own words when it does not come up. */
  static async start(options: DovecotOptions = {}): Promise<Dovecot> {
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-dovecot-'));
    try {
      await chmod(folder, 0o755);
      for (const name of ['run', 'state', 'mail', 'home']) {
        await mkdir(join(folder, name));
        if (name === 'mail' || name === 'home') await own(join(folder, name));
      }
      const certificates = await makeCertificates(folder);
      for (let attempt = 1; ; attempt++) {
        const server = new Dovecot(folder, await freePorts(4), certificates);
        const { port, tlsPort, popPort, popTlsPort } = server;
        const place = { folder, port, tlsPort, popPort, popTlsPort, ...certificates };
        await writeFile(server.#config, dovecotConfig(place, options));
        try {
          await server.up();
          return server;
        } catch (error) {
          if (attempt === 5 || !/Address already in use/.test(String(error))) throw error;
        }
      }
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Stops the server and removes all it held. May be called twice. */
  async stop(): Promise<void> {
    this.#clients.close();
    await this.#master?.kill();
    this.#master = undefined;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends the server and every connection, in good order (a second); the mail stays. */
  async down(): Promise<void> {
    this.#clients.close();
    await this.#master?.end();
    this.#master = undefined;
  }

  /** Starts the server again after `down()`, on the same ports. */
  async up(): Promise<void> {
    this.#master = await Master.start(this.#config, this.port, () => this.log());
  }

  async restart(): Promise<void> {
    await this.down();
    await this.up();
  }

  /** The end of the server's log. */
  async log(): Promise<string> {
    const text = await readFile(join(this.folder, 'log'), 'utf8').catch(() => '');
    return text.slice(-3000);
  }

  /** The folder of a mailbox in the server's Maildir. */
  maildir(user: string, mailbox: string): string {
    const root = join(this.folder, 'mail', checkedUser(user));
    return mailbox === 'INBOX' ? root : join(root, encodeModifiedUtf7(mailbox));
  }

  /**
   * Writes messages straight into the server's Maildir, past IMAP; UIDs follow the order given. The mailbox is
   * created where it is missing.
   */
  async putMessages(user: string, mailbox: string, messages: readonly MaildirMessage[]): Promise<void> {
    const root = join(this.folder, 'mail', checkedUser(user));
    await writeMaildir(this.maildir(user, mailbox), root, messages, MAIL_OWNER);
  }

  /** All that the server holds for the user, as it tells it. */
  state(user: string): Promise<ServerState> {
    return readServerState({ port: this.port, user, password: PASSWORD });
  }

  /** A connected imapflow for changing things; closed by `down()` at the latest. */
  client(user: string): Promise<ImapFlow> {
    return this.#clients.open({ port: this.port, user, password: PASSWORD });
  }

  /** Forgets the user: all mail, subscriptions and indexes. Their connections are cut. */
  async wipe(user: string): Promise<void> {
    await this.doveadm('kick', checkedUser(user)).catch(() => {});
    for (const part of ['mail', 'home']) {
      await rm(join(this.folder, part, user), { recursive: true, force: true });
    }
  }

  /**
   * Gives the mailbox a new UIDVALIDITY and numbers its messages from 1, as a server restored from a backup does.
   * The server restarts, so every connection is cut. Flags and keywords stay: they live in the file names.
   */
  async resetUidValidity(user: string, mailbox: string): Promise<void> {
    await this.down();
    const folder = this.maildir(user, mailbox);
    for (const name of await readdir(folder)) {
      if (/^dovecot[.-](?:index|uidlist)/.test(name)) await rm(join(folder, name));
    }
    await this.up();
  }

  /** Runs doveadm on this server; resolves to what it printed. */
  async doveadm(...args: string[]): Promise<string> {
    const { stdout } = await run('doveadm', ['-c', this.#config, ...args]);
    return stdout;
  }

  get #config(): string {
    return join(this.folder, 'dovecot.conf');
  }
}

/** `describeWithDovecot` for one that serves POP3. */
export function describeWithDovecotPop3(name: string, body: () => void): void {
  describeWithServer({ label: 'Dovecot with POP3', whyNot: Dovecot.whyNoPop3 }, name, body);
}

/** `describe` for a suite on a real Dovecot: skipped in plain sight, or failed, where it is missing. */
export function describeWithDovecot(name: string, body: () => void): void {
  describeWithServer({ label: 'Dovecot', whyNot: Dovecot.whyNot }, name, body);
}

/** The running master process. */
class Master {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  private constructor(child: ChildProcess, exited: Promise<void>) {
    this.#child = child;
    this.#exited = exited;
  }

  static async start(config: string, port: number, log: () => Promise<string>): Promise<Master> {
    // setpriv ties the server's life to ours even when we are killed outright.
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'TERM', binary('dovecot') ?? 'dovecot', '-F', '-c', config],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-3000);
    });
    const gone = new AbortController();
    const exited = new Promise<void>((resolve) => {
      const end = () => {
        gone.abort();
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
    const master = new Master(child, exited);
    try {
      await greeting(port, 10_000, gone.signal);
    } catch (error) {
      await master.kill();
      throw new Error(`Dovecot did not start: ${said}\n${await log()}`, { cause: error });
    }
    return master;
  }

  /** Lets connections finish their command and indexes be written. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    const stubborn = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.#exited;
    clearTimeout(stubborn);
  }

  /**
   * At once, for when nothing that the server holds is needed again. The workers die first, while the master
   * stands still, so that it finds them all gone: it waits half a second at a time for those that are not, and
   * workers that outlive it stay as zombies where nobody reaps orphans (containers).
   */
  async kill(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      process.kill(pid, 'SIGSTOP');
      process.kill(pid, 'SIGTERM');
      for (const worker of childrenOf(pid)) process.kill(worker, 'SIGKILL');
      process.kill(pid, 'SIGCONT');
    }
    const stubborn = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.#exited;
    clearTimeout(stubborn);
  }
}

function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return list
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

/** Debian keeps the master in /usr/sbin, which an ordinary user's PATH often lacks. */
function binary(name: 'dovecot' | 'imap' | 'pop3'): string | undefined {
  const folders =
    name !== 'dovecot' ? ['/usr/lib/dovecot', '/usr/libexec/dovecot'] : ['/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function own(path: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, MAIL_OWNER.uid, MAIL_OWNER.gid);
}

function checkedUser(user: string): string {
  if (!/^[a-z0-9][a-z0-9._@+-]*$/.test(user)) throw new Error(`not a user name for tests: ${user}`);
  return user;
}

// Servers whose Debian packages conflict with Dovecot's. Each is installed once into an overlay over this machine's
// system, packed, and run from there in namespaces of its own: the machine is never changed, and nothing of a server
// outlives the test process. Needs root; the first use needs apt-get's package sources.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ImapFlow } from 'imapflow';
import { FLAG_OF_LETTER } from './flag-letters.js';
import { freePorts, greeting } from './loopback.js';
import type { MaildirMessage } from './maildir-writer.js';
import type { RealServer } from './real-server.js';
import { readServerState, type ServerState } from './server-state.js';
import { TestClients } from './test-clients.js';

const run = promisify(execFile);

export interface Recipe {
  readonly name: string;
  readonly packages: readonly string[];
  /** Script in overlay/ that configures and becomes the server; gets the port and the users. */
  readonly setup: string;
  /** Who can log in, with the password "pass". */
  readonly users: readonly string[];
}

export class OverlayServer implements RealServer {
  readonly host = '127.0.0.1';
  readonly password = 'pass';
  readonly port: number;
  readonly #recipe: Recipe;
  readonly #folder: string;
  readonly #clients = new TestClients();
  #process: Namespace | undefined;

  private constructor(recipe: Recipe, folder: string, port: number) {
    this.#recipe = recipe;
    this.#folder = folder;
    this.port = port;
  }

  /** Throws with what the server or apt-get said when it does not come up. */
  static async start(recipe: Recipe): Promise<OverlayServer> {
    const folder = await mkdtemp(join(tmpdir(), `mailkeep-${recipe.name}-`));
    try {
      for (const name of ['overlay', 'data']) await mkdir(join(folder, name));
      await chmod(join(folder, 'data'), 0o755);
      const [port] = (await freePorts(1)) as [number];
      const server = new OverlayServer(recipe, folder, port);
      await server.up();
      return server;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#clients.close();
    await this.#process?.kill();
    this.#process = undefined;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async down(): Promise<void> {
    this.#clients.close();
    await this.#process?.end();
    this.#process = undefined;
  }

  async up(): Promise<void> {
    const at = (name: string) => join(this.#folder, name);
    const tarfile = await prepared(this.#recipe);
    const started = new Namespace(at('log'), [
      ...[script('serve.sh'), at('overlay'), tarfile, at('data'), script(this.#recipe.setup)],
      ...[String(this.port), ...this.#recipe.users],
    ]);
    try {
      await greeting(this.port, 20_000, started.gone);
    } catch (error) {
      await started.kill();
      throw new Error(`${this.#recipe.name} did not start: ${await this.log()}`, { cause: error });
    }
    this.#process = started;
  }

  async restart(): Promise<void> {
    await this.down();
    await this.up();
  }

  async log(): Promise<string> {
    const text = await readFile(join(this.#folder, 'log'), 'utf8').catch(() => '');
    return text.slice(-3000);
  }

  /** By APPEND, so the bytes must be fit for the wire (Cyrus refuses bare LF). */
  async putMessages(user: string, mailbox: string, messages: readonly MaildirMessage[]): Promise<void> {
    const client = await this.client(user);
    const listed = await client.list();
    if (!listed.some(({ path }) => path === mailbox)) await client.mailboxCreate(mailbox);
    for (const { body, flags = '', internalDate } of messages) {
      const date = internalDate === undefined ? undefined : new Date(internalDate * 1000);
      const appended = await client.append(mailbox, body, [...flags].map(flagOf), date);
      if (appended === false) throw new Error(`${this.#recipe.name} refused a message for ${mailbox}`);
    }
    await client.logout();
  }

  state(user: string): Promise<ServerState> {
    return readServerState({ port: this.port, user, password: this.password });
  }

  client(user: string): Promise<ImapFlow> {
    return this.#clients.open({ port: this.port, user, password: this.password });
  }
}

/** Why the server can't run here, with the remedy; undefined when it can. Installs it where that was not done yet. */
export async function whyNoOverlay(recipe: Recipe): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it runs in namespaces of its own: start the tests as root';
  try {
    await prepared(recipe);
    return undefined;
  } catch (error) {
    return `apt-get install ${recipe.packages.join(' ')} must work inside an overlay: ${String(error)}`;
  }
}

/**
 * The packed installation, made where it is missing. Its name carries the recipe and the state of this machine's
 * packages, as the one only fits on top of the other; older ones go. Two processes may make it at once: the last
 * rename wins.
 */
async function prepared(recipe: Recipe): Promise<string> {
  const store = await ownFolder(join(tmpdir(), 'mailkeep-test-servers'));
  const version = createHash('sha256')
    .update(recipe.packages.join(' '))
    .update(readFileSync(script('prepare.sh')))
    .update(readFileSync('/var/lib/dpkg/status'))
    .digest('hex')
    .slice(0, 12);
  const tarfile = join(store, `${recipe.name}-${version}.tar`);
  if (existsSync(tarfile)) return tarfile;
  const folder = await mkdtemp(join(store, `${recipe.name}-`));
  const unfinished = join(store, `${recipe.name}-${randomUUID()}`);
  try {
    await run('setpriv', [...NAMESPACE, script('prepare.sh'), folder, unfinished, ...recipe.packages]);
    await rename(unfinished, tarfile);
    for (const name of await readdir(store)) {
      const older =
        name.startsWith(`${recipe.name}-`) && name.endsWith('.tar') && join(store, name) !== tarfile;
      if (older) await rm(join(store, name), { force: true });
    }
  } catch (error) {
    await rm(unfinished, { force: true });
    throw new Error(lastLines(error), { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return tarfile;
}

/** Root runs programs from here, so nobody else may have made the folder. */
async function ownFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(path);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error(`${path} belongs to somebody else`);
  return path;
}

function lastLines(error: unknown): string {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
  return `${stdout}\n${stderr}`.trim().slice(-1000) || String(error);
}

function script(name: string): string {
  return fileURLToPath(new URL(`overlay/${name}`, import.meta.url));
}

function flagOf(letter: string): string {
  const flag = FLAG_OF_LETTER[letter];
  if (flag === undefined) throw new Error(`not a Maildir flag: ${letter}`);
  return flag;
}

/** Arguments of setpriv: the namespaces end with unshare, and unshare with us, however we end. */
const NAMESPACE = [
  ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private'],
  ...['--pid', '--fork', '--kill-child=KILL', 'bash'],
];

/** A script as PID 1 of namespaces of its own. */
class Namespace {
  readonly gone: AbortSignal;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(logFile: string, command: readonly string[]) {
    const log = openSync(logFile, 'a');
    this.#child = spawn('setpriv', [...NAMESPACE, ...command], { stdio: ['ignore', log, log] });
    closeSync(log);
    const gone = new AbortController();
    this.gone = gone.signal;
    this.#exited = new Promise((resolve) => {
      const end = () => {
        gone.abort();
        resolve();
      };
      this.#child.once('exit', end);
      this.#child.once('error', end);
    });
  }

  /** unshare itself ignores SIGTERM, so its child is asked. */
  async end(): Promise<void> {
    const { pid } = this.#child;
    if (pid !== undefined && !this.gone.aborted) {
      const [init] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
      if (init) process.kill(Number(init), 'SIGTERM');
    }
    const stubborn = setTimeout(() => void this.kill(), 5000);
    await this.#exited;
    clearTimeout(stubborn);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

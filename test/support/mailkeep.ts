// The built command as a user has it: its own folder with a config file, run as a process of its own and seen only
// from outside (exit code, stdout, stderr, files). Nothing of src/ is imported, so that a shared mistake can't hide.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Archive, readArchive, type Tree } from './archive.js';

export type Engine = 'wire' | 'imapflow';
export const ENGINES: readonly Engine[] = ['wire', 'imapflow'];

export interface AccountSettings {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly engine?: Engine;
  /** Further keys of the account, or other values for the ones above, as they stand in the config file. */
  readonly keys?: Readonly<Record<string, unknown>>;
  /** Further keys of the top level. */
  readonly top?: Readonly<Record<string, unknown>>;
  /** Further accounts, as they stand in the config file. */
  readonly others?: readonly Readonly<Record<string, unknown>>[];
}

export interface Run {
  /** null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** One account of `sync --json`. */
export interface SyncReport {
  readonly account: string;
  readonly status: 'ok' | 'incomplete' | 'failed';
  readonly run: number | null;
  readonly tier: string | null;
  readonly mailboxes: number;
  readonly mailboxes_changed: number;
  readonly added: number;
  readonly adopted: number;
  readonly bytes_downloaded: number;
  readonly flags_changed: number;
  readonly moved: number;
  readonly removed: number;
  readonly failed: number;
  readonly hold: boolean;
  readonly failures: readonly { mailbox: string; uid: number | null; reason: string }[];
  readonly error: { code: string; message: string; hint: string | null } | null;
}

/** One account of `check --json`. */
export interface CheckReport {
  readonly files: number;
  readonly bytes: number;
  readonly read_data: boolean;
  readonly missing: readonly unknown[];
  readonly corrupt: readonly unknown[];
  readonly unindexed: readonly unknown[];
}

/** One account of `status --json`. */
export interface StatusReport {
  readonly last_run: SyncReport | null;
  readonly last_success_at: string | null;
  readonly hold: boolean;
  readonly messages: number;
  readonly removed: number;
  readonly mailboxes: readonly {
    path: string;
    on_server: number;
    stored: number;
    pending: number;
    failed: number;
  }[];
}

export interface SyncRun extends Run {
  readonly report: SyncReport;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ACCOUNT = 'personal';

export class Mailkeep {
  /** Holds config.yaml, data/ and what else a test needs. */
  readonly folder: string;
  /** Further variables for the commands that are started from now on. */
  readonly environment: Record<string, string> = {};
  /** A command with its words that starts the commands from now on, such as `nice`. */
  starter: readonly string[] = [];
  readonly #running = new Set<ChildProcess>();
  /** Whatever any command of any test says, none of these is in it. */
  readonly #passwords = new Set<string>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(settings: AccountSettings): Promise<Mailkeep> {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build makes it`);
    const mailkeep = new Mailkeep(await mkdtemp(join(tmpdir(), 'mailkeep-e2e-')));
    await mailkeep.configure(settings);
    return mailkeep;
  }

  get configFile(): string {
    return join(this.folder, 'config.yaml');
  }

  /** `<data_dir>/<account>` */
  get root(): string {
    return join(this.folder, 'data', ACCOUNT);
  }

  /** Writes config.yaml anew. JSON is YAML, and leaves no doubt about quoting. */
  async configure(settings: AccountSettings): Promise<void> {
    const { port, user, password, engine = 'wire', keys, top, others = [] } = settings;
    // A short one could stand in a text by chance.
    if (password.length >= 8) this.#passwords.add(password);
    const account = {
      name: ACCOUNT,
      host: '127.0.0.1',
      port,
      tls: 'none',
      user,
      password,
      engine,
      ...keys,
    };
    const config = { data_dir: 'data', schedule: 'off', ...top, accounts: [account, ...others] };
    await writeFile(this.configFile, JSON.stringify(config, null, 2), { mode: 0o600 });
  }

  /** Starts a command; `ended` settles when the process is gone. */
  start(...args: string[]): { child: ChildProcess; ended: Promise<Run> } {
    const startedAt = performance.now();
    const words = [...this.starter, process.execPath, MAIN, '--config', this.configFile, ...args];
    const child = spawn(words[0]!, words.slice(1), {
      cwd: this.folder,
      env: { PATH: process.env.PATH, HOME: this.folder, LANG: 'C.UTF-8', NO_COLOR: '1', ...this.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    const ended = new Promise<Run>((resolve, reject) => {
      const output = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr'] as const) {
        child[stream].setEncoding('utf8');
        child[stream].on('data', (text: string) => {
          output[stream] += text;
        });
      }
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#running.delete(child);
        const said = output.stdout + output.stderr;
        if ([...this.#passwords].some((password) => said.includes(password))) {
          reject(new Error(`mailkeep ${args.join(' ')} said a password`));
          return;
        }
        resolve({ code, signal, ...output, milliseconds: performance.now() - startedAt });
      });
    });
    return { child, ended };
  }

  run(...args: string[]): Promise<Run> {
    return this.start(...args).ended;
  }

  async sync(...args: string[]): Promise<SyncRun> {
    const run = await this.run('sync', '--json', ...args);
    return { ...run, report: accountOf<SyncReport>(run) };
  }

  async check(): Promise<CheckReport & { code: number | null }> {
    const run = await this.run('check', '--read-data', '--json');
    return { ...accountOf<CheckReport>(run), code: run.code };
  }

  async status(): Promise<StatusReport> {
    return accountOf<StatusReport>(await this.run('status', '--json'));
  }

  archive(tree: Tree = 'mail'): Archive {
    return readArchive(this.root, tree);
  }

  /** Ends what is still running and removes the folder. */
  async remove(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }
}

/** The one JSON document on stdout; throws with all that was said when there is anything else. */
export function documentOf(run: Run): Record<string, unknown> {
  try {
    return JSON.parse(run.stdout) as Record<string, unknown>;
  } catch (cause) {
    throw new Error(
      `stdout is not one JSON document (exit ${run.code ?? run.signal}):\n${run.stdout}\n${run.stderr}`,
      { cause },
    );
  }
}

function accountOf<T>(run: Run): T {
  const document = documentOf(run);
  const { accounts } = document as { accounts?: T[] };
  if (document.version !== 1 || accounts?.length !== 1)
    throw new Error(`not a document of version 1 with one account: ${run.stdout}\n${run.stderr}`);
  return accounts[0]!;
}

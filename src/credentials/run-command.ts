/**
 * Runs the command that prints a secret. No shell, no input, bounded time and output; the command is
 * the leader of its own process group, so that stopping it stops its children too. What it printed to
 * stdout is the secret and appears nowhere else; its last lines on stderr explain a failure.
 */
import { isUtf8 } from 'node:buffer';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CredentialsError, InterruptedError, throwIfAborted } from '../core/errors.js';
import { MOST_SECRET_BYTES } from './read-secret-file.js';

export interface Command {
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** Working folder. */
  readonly folder: string;
}

export interface RunOptions {
  /** The command's whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** How messages call the command. It must not hold arguments: they may be secret. */
  readonly name: string;
  /** What to do where the program is not there, and where it fails. */
  readonly hints?: { readonly missing: string; readonly failed: string };
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

const STDERR_BYTES = 4096;
const STDERR_LINES = 5;
/** Between SIGTERM and SIGKILL, and between a command's end and the end of waiting for its output. */
const GRACE_MS = 1000;

/**
 * The command's stdout as text.
 * @throws CredentialsError when the command can't run, fails, takes too long or prints too much
 * @throws InterruptedError when the signal fires
 */
export async function runCommand(command: Command, options: RunOptions): Promise<string> {
  throwIfAborted(options.signal);
  const child = start(command, options);
  const stdout = new OutputEnd(MOST_SECRET_BYTES + 1);
  const stderr = new OutputEnd(STDERR_BYTES);
  let stopped: Error | null = null;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (reason: Error) => {
    if (stopped) return;
    stopped = reason;
    signalGroup(child, 'SIGTERM');
    killTimer = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
  };
  const interrupt = () => stop(new InterruptedError());
  child.stderr.on('data', (bytes: Buffer) => stderr.add(bytes));
  child.stdout.on('data', (bytes: Buffer) => {
    stdout.add(bytes);
    if (stdout.full) stop(tooMuch(options));
  });
  const timer = setTimeout(() => stop(tooSlow(options)), options.timeoutMs);
  options.signal.addEventListener('abort', interrupt, { once: true });
  try {
    const ending = await ended(child, options);
    if (stopped) throw stopped;
    if (ending.code !== 0) throw failed(ending, stdout.bytes(), stderr, options);
    return secretText(stdout.bytes(), options);
  } finally {
    clearTimeout(timer);
    clearTimeout(killTimer);
    options.signal.removeEventListener('abort', interrupt);
    // Children that outlived the leader of a stopped command.
    if (stopped) signalGroup(child, 'SIGKILL');
  }
}

function start({ words, folder }: Command, options: RunOptions): Child {
  const [program, ...parameters] = words;
  try {
    // `detached` gives it a process group of its own.
    return spawn(program ?? '', parameters, {
      cwd: folder,
      env: { ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  } catch {
    // Node's error quotes the arguments, so it goes no further.
    throw new CredentialsError(`${options.name}: cannot be started`, {
      hint: 'check how the command is written',
    });
  }
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Waits for the command's end and, within reason, for the last of its output. */
function ended(child: Child, options: RunOptions): Promise<Ending> {
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    child.once('error', (cause: NodeJS.ErrnoException) => reject(unstartable(cause, options)));
    child.once('close', (code, signal) => {
      clearTimeout(grace);
      resolve({ code, signal });
    });
    // A process left in the background may hold the pipes open for ever.
    child.once('exit', () => {
      grace = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, GRACE_MS);
    });
  });
}

function signalGroup(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended.
  }
}

function secretText(bytes: Buffer, { name }: RunOptions): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new CredentialsError(`${name}: printed something else than UTF-8 text`, { hint: 'run it by hand' });
}

function unstartable(cause: NodeJS.ErrnoException, { name, hints }: RunOptions): CredentialsError {
  if (cause.code === 'ENOENT') {
    const hint =
      hints?.missing ?? 'is it installed, and in the PATH of the user and service that run mailkeep?';
    return new CredentialsError(`${name}: not found`, { hint });
  }
  return new CredentialsError(`${name}: cannot be started (${cause.code})`, { hint: 'is it executable?' });
}

function tooSlow({ name, timeoutMs }: RunOptions): CredentialsError {
  const hint = 'does it wait for an answer (an unlocked keyring, a PIN)? It has to work without one';
  return new CredentialsError(`${name}: no end after ${timeoutMs / 1000} s`, { hint });
}

function tooMuch({ name }: RunOptions): CredentialsError {
  return new CredentialsError(`${name}: printed more than ${MOST_SECRET_BYTES} bytes`, {
    hint: 'let it print only the password',
  });
}

function failed(ending: Ending, stdout: Buffer, stderr: OutputEnd, options: RunOptions): CredentialsError {
  const { name } = options;
  const how = ending.signal === null ? `exit code ${ending.code}` : `ended by ${ending.signal}`;
  const said = explanation(stderr, stdout);
  return new CredentialsError(said === '' ? `${name}: ${how}` : `${name}: ${how}: ${said}`, {
    hint: options.hints?.failed ?? 'run it by hand, as the user and with the environment that mailkeep has',
  });
}

/** The last lines of stderr for people: printable, and without what went to stdout. */
function explanation(stderr: OutputEnd, stdout: Buffer): string {
  let text = stderr.bytes().toString('utf8');
  // A line cut in half could hold half a secret.
  if (stderr.full) text = text.slice(text.indexOf('\n') + 1 || text.length);
  const secrets = stdout
    .toString('utf8')
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== '');
  for (const secret of secrets.toSorted((one, other) => other.length - one.length)) {
    text = text.replaceAll(secret, '[secret]').replaceAll(secret.trim(), '[secret]');
  }
  const lines = text.split(/[\r\n]+/).map((line) => line.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ').trim());
  return lines
    .filter((line) => line !== '')
    .slice(-STDERR_LINES)
    .join('; ');
}

/** The last `most` bytes of a stream. */
class OutputEnd {
  readonly #most: number;
  #bytes = Buffer.alloc(0);

  constructor(most: number) {
    this.#most = most;
  }

  /** True once there may have been more than is kept. */
  get full(): boolean {
    return this.#bytes.length >= this.#most;
  }

  add(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(-this.#most);
  }

  bytes(): Buffer {
    return this.#bytes;
  }
}

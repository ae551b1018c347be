/**
 * What `mailkeep doctor` finds, as plain data: one finding for each thing it looked at, with what to do about
 * it. The judgements here are pure; the adapters only bring the facts.
 */
import { describeError, type ErrorCode, MailkeepError } from '../errors.js';

export type HealthState = 'ok' | 'warning' | 'problem';

export interface HealthCheck {
  /** What was looked at: `node`, `config`, `disk`, `sign-in`, ... */
  readonly name: string;
  readonly state: HealthState;
  readonly message: string;
  /** What to do; null where nothing is to be done. */
  readonly hint: string | null;
  /** Of a problem: decides the exit code. */
  readonly code: ErrorCode | null;
  /** The same in numbers, for --json. */
  readonly facts: Readonly<Record<string, unknown>>;
}

type Facts = Readonly<Record<string, unknown>>;

export function fine(name: string, message: string, facts: Facts = {}): HealthCheck {
  return { name, state: 'ok', message, hint: null, code: null, facts };
}

export function doubtful(name: string, message: string, hint: string, facts: Facts = {}): HealthCheck {
  return { name, state: 'warning', message, hint, code: null, facts };
}

/** From whatever was thrown while looking. */
export function broken(name: string, error: unknown): HealthCheck {
  const known = error instanceof MailkeepError;
  return {
    name,
    state: 'problem',
    message: describeError(error),
    hint: known ? error.hint : null,
    code: known ? error.code : 'internal',
    facts: {},
  };
}

const OLDEST_NODE = [20, 19] as const;

/** `version` as process.versions.node has it. */
export function judgeNode(version: string): HealthCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]))
    return fine('node', `Node.js ${version}`, { version });
  return {
    ...broken('node', `Node.js ${version} is too old`),
    hint: `mailkeep needs ${OLDEST_NODE.join('.')} or newer`,
    code: 'not_supported',
    facts: { version },
  };
}

export interface DiskFacts {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** null on a file system without a fixed number of files (btrfs, zfs). */
  readonly freeFiles: number | null;
}

/** Below these a run of a busy day may not fit. */
const LITTLE_BYTES = 1_000_000_000;
const NO_BYTES = 50_000_000;
const LITTLE_FILES = 10_000;
const NO_FILES = 500;

export function judgeDisk(disk: DiskFacts, folder: string): HealthCheck {
  const { freeBytes, totalBytes, freeFiles } = disk;
  const facts = { free_bytes: freeBytes, total_bytes: totalBytes, free_files: freeFiles };
  const files = freeFiles === null ? 'no limit of files' : `${freeFiles.toLocaleString('en')} files`;
  const message = `free for ${folder}: ${gigabytes(freeBytes)} of ${gigabytes(totalBytes)}, ${files}`;
  const hint = 'make room, or move data_dir to a larger disk; what is stored is safe';
  if (freeBytes < NO_BYTES || (freeFiles ?? LITTLE_FILES) < NO_FILES)
    return { ...broken('disk', message), hint, code: 'disk_full', facts };
  if (freeBytes < LITTLE_BYTES || (freeFiles ?? LITTLE_FILES) < LITTLE_FILES)
    return doubtful('disk', message, hint, facts);
  return fine('disk', message, facts);
}

/** What is still to come from a server. */
export interface Expected {
  readonly messages: number;
  readonly bytes: number;
}

/** Whether what an account still has to fetch finds room: a message is a file, and needs an inode. */
export function judgeRoom({ messages, bytes }: Expected, disk: DiskFacts): HealthCheck {
  const facts = { expected_messages: messages, expected_bytes: bytes };
  if (messages === 0) return fine('room', 'nothing is waiting to be fetched', facts);
  const message = `to be fetched: ${messages.toLocaleString('en')} messages, about ${gigabytes(bytes)}`;
  if (disk.freeFiles !== null && messages > disk.freeFiles) {
    const hint = `the file system has room for ${disk.freeFiles.toLocaleString('en')} more files; make one with more inodes (mkfs -N), or use one without a limit`;
    return { ...broken('room', `${message}: more files than fit`), hint, code: 'disk_full', facts };
  }
  if (bytes > disk.freeBytes) {
    const hint = 'make room, move data_dir to a larger disk, or exclude mailboxes with folders.exclude';
    return {
      ...broken('room', `${message}: more than the disk has room for`),
      hint,
      code: 'disk_full',
      facts,
    };
  }
  return fine('room', `${message}; there is room for it`, facts);
}

export interface Growth {
  /** Milliseconds that the growth took. */
  readonly spanMs: number;
  readonly bytes: number;
  readonly messages: number;
}

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;

/** How long the disk lasts at the pace of the last weeks; null where nothing can be said. */
export function judgeGrowth({ spanMs, bytes, messages }: Growth, disk: DiskFacts): HealthCheck | null {
  if (spanMs < DAY_MS || messages === 0) return null;
  const perDay = (amount: number) => (amount * DAY_MS) / spanMs;
  const days = Math.floor(
    Math.min(
      bytes === 0 ? Number.POSITIVE_INFINITY : disk.freeBytes / perDay(bytes),
      disk.freeFiles === null ? Number.POSITIVE_INFINITY : disk.freeFiles / perDay(messages),
    ),
  );
  const facts = { days_left: Number.isFinite(days) ? days : null };
  const pace = `at the pace of the last ${Math.round(spanMs / DAY_MS)} days (${Math.ceil(perDay(messages)).toLocaleString('en')} messages a day)`;
  if (days < SOON_DAYS)
    return doubtful('growth', `the disk is full in ${days} days ${pace}`, 'make room in time', facts);
  const years = days > 3650 ? 'more than ten years' : `${days.toLocaleString('en')} days`;
  return fine('growth', `the disk lasts for ${years} ${pace}`, facts);
}

export interface CertificateDates {
  readonly validFrom: number;
  readonly validTo: number;
}

/** How long before its end a certificate is worth a warning: those of Let's Encrypt are renewed 30 days before. */
export const EXPIRY_WARNING_DAYS = 14;

/** null where the dates are as they should be. */
export function judgeCertificate({ validFrom, validTo }: CertificateDates, now: number): string | null {
  if (validFrom > now) return 'is not valid yet; is the clock of this machine right?';
  if (validTo <= now) return 'has expired';
  const days = Math.floor((validTo - now) / DAY_MS);
  return days < EXPIRY_WARNING_DAYS ? `expires in ${days} days` : null;
}

function gigabytes(bytes: number): string {
  if (bytes >= 1e12) return `${(bytes / 1e12).toFixed(1)} TB`;
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}

/**
 * The daemon's log, written by pino to stderr: JSON for machines, lines for people on a terminal, and lines
 * with a priority for the journal. Nothing in it can move a terminal's cursor: what is not printable is
 * escaped in every format.
 */
import { fstatSync } from 'node:fs';
import pino from 'pino';
import type { Log } from '../core/log.js';
import { escapeJson, humanLine, priorityOf } from './format.js';

export interface LoggerOptions {
  /** pino's names, and `silent`. */
  readonly level: string;
  readonly format: 'auto' | 'json' | 'pretty';
  /** For JOURNAL_STREAM. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  /** File descriptor that is written to, synchronously, so that nothing is lost when the process ends. */
  readonly descriptor: number;
}

/** Octets that wait while the disk under the log is full; what comes on top is not logged. */
const MOST_WAITING = 1024 * 1024;

export function createLog(options: LoggerOptions): Log {
  const out = pino.destination({ dest: options.descriptor, sync: true, maxLength: MOST_WAITING });
  // A log that can't be written ends no backup.
  out.on('error', () => {});
  const journal = isJournal(options);
  const pretty =
    options.format === 'pretty' || (options.format === 'auto' && (options.isTerminal || journal));
  const logger = pino(
    { level: options.level, base: null },
    {
      write: (line: string) => {
        const text = pretty ? humanLine(line, { time: !journal }) : escapeJson(line);
        // The journal takes the level from a prefix, sd-daemon(3), and adds the time itself.
        out.write(journal ? `<${priorityOf(line)}>${text}` : text);
      },
    },
  );
  return {
    debug: (message, facts) => logger.debug(facts ?? {}, message),
    info: (message, facts) => logger.info(facts ?? {}, message),
    warn: (message, facts) => logger.warn(facts ?? {}, message),
    error: (message, facts) => logger.error(facts ?? {}, message),
  };
}

/** Whether the descriptor is the journal's own stream: $JOURNAL_STREAM is inherited by children that write elsewhere. */
function isJournal({ env, descriptor }: LoggerOptions): boolean {
  const match = /^(\d+):(\d+)$/.exec(env.JOURNAL_STREAM ?? '');
  if (match === null) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return dev === BigInt(match[1]!) && ino === BigInt(match[2]!);
  } catch {
    return false;
  }
}

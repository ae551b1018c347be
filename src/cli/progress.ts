/** Progress on stderr: one line that is rewritten on a terminal, a calm line every 10 s elsewhere. */
import { printable } from '../core/printable.js';
import { formatBytes } from './format.js';
import type { Verb } from './io.js';

/** Counts so far; a total is null where it isn't known before the end. */
export interface ProgressCounts {
  readonly mailbox: string;
  readonly messages: number;
  readonly messagesTotal: number | null;
  readonly bytes: number;
  readonly bytesTotal: number | null;
}

export interface Progress {
  readonly update: (progress: ProgressCounts) => void;
  readonly stop: () => void;
}

const TTY_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 10_000;

export function progressOf(verb: Verb, account: string): Progress {
  if (verb.options.quiet || verb.options.json) return { update: () => undefined, stop: () => undefined };
  const { stderr } = verb.terminal;
  const tty = stderr.isTTY === true;
  let last = verb.around.clock();
  let shown = false;
  return {
    update: (progress) => {
      const now = verb.around.clock();
      if (now - last < (tty ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
      last = now;
      shown = tty;
      const line = lineOf(account, progress);
      stderr.write(
        tty ? `\r\u001b[K${line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}` : `${line}\n`,
      );
    },
    stop: () => {
      if (shown) stderr.write('\r\u001b[K');
    },
  };
}

function lineOf(account: string, progress: ProgressCounts): string {
  const { messages, messagesTotal, bytes, bytesTotal, mailbox } = progress;
  const share = messagesTotal === null ? '' : ` of ${messagesTotal.toLocaleString('en')}`;
  const volume = bytesTotal === null ? '' : ` of ${formatBytes(Math.max(bytes, bytesTotal))}`;
  return `${account}: ${messages.toLocaleString('en')}${share} messages, ${formatBytes(bytes)}${volume}, ${printable(mailbox)}`;
}

/**
 * journal.jsonl: lines are only ever added. A line counts once it was fsynced; one that a crash tore stays
 * where it is, is closed before the next is written, and is passed over by every reader.
 */
import { closeSync, createReadStream, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ArchiveError, MailkeepError } from '../core/errors.js';
import { type Journal, type JournalLine, parseJournalLine } from '../core/journal.js';
import { fileProblem } from '../core/text/file-problem.js';

export class JournalFile implements Journal {
  readonly #file: string;

  /** `file` is `<data_dir>/<account>/journal.jsonl`. */
  constructor(file: string) {
    this.#file = file;
  }

  last(): JournalLine | null {
    return this.#reading((descriptor) => {
      const { size } = fstatSync(descriptor);
      for (let length = TAIL; ; length *= 4) {
        const start = Math.max(0, size - length);
        const lines = textAt(descriptor, start, size - start).split('\n');
        // The first one may have begun before the part that was read.
        for (let at = lines.length - 1; at >= (start === 0 ? 0 : 1); at--) {
          const line = parseJournalLine(lines[at]!);
          if (line !== null) return line;
        }
        if (start === 0) return null;
      }
    }, null);
  }

  append(line: JournalLine): void {
    this.#writing((descriptor) => {
      closeTorn(descriptor);
      writeWhole(descriptor, `${JSON.stringify(line)}\n`);
    });
  }

  flush(): void {
    this.#writing(closeTorn);
  }

  /** For an index that is made anew: every line that can be read, in order, and the number of the others. */
  async *lines(): AsyncGenerator<JournalLine | null> {
    const stream = createReadStream(this.#file);
    try {
      for await (const text of linesOf(stream)) if (text !== '') yield parseJournalLine(text);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw this.#asError(error, 'read');
    } finally {
      stream.destroy();
    }
  }

  #writing(work: (descriptor: number) => void): void {
    try {
      const descriptor = openSync(this.#file, 'a+', 0o600);
      try {
        work(descriptor);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      // Its name, for the case that it is new.
      const folder = openSync(dirname(this.#file), 'r');
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    } catch (error) {
      throw this.#asError(error, 'write');
    }
  }

  #reading<T>(work: (descriptor: number) => T, missing: T): T {
    let descriptor: number;
    try {
      descriptor = openSync(this.#file, 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return missing;
      throw this.#asError(error, 'read');
    }
    try {
      return work(descriptor);
    } catch (error) {
      throw this.#asError(error, 'read');
    } finally {
      closeSync(descriptor);
    }
  }

  #asError(error: unknown, verb: 'read' | 'write'): unknown {
    const code = codeOf(error);
    if (code === null || error instanceof MailkeepError) return error;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    return new ArchiveError(`cannot ${verb} ${this.#file}: ${fileProblem(error)}`, {
      code: full ? 'disk_full' : 'io',
      hint: full
        ? 'free some space and run again; what was stored is safe'
        : 'check the disk and the permissions of data_dir; what was stored is safe',
      cause: error,
    });
  }
}

/** Octets read from the end at first: most lines are far shorter. */
const TAIL = 64 * 1024;

const LF = 0x0a;

/**
 * A line ends with LF and nothing else: for readline U+2028 ends one too, since Node 24, and mailboxes may be
 * called so.
 */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const held: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      held.push(chunk.subarray(start, end));
      yield Buffer.concat(held.splice(0)).toString('utf8');
      start = end + 1;
    }
    held.push(chunk.subarray(start));
  }
  yield Buffer.concat(held).toString('utf8');
}

/** A line without its end gets one, whole or not. */
function closeTorn(descriptor: number): void {
  const { size } = fstatSync(descriptor);
  if (size > 0 && textAt(descriptor, size - 1, 1) !== '\n') writeWhole(descriptor, '\n');
}

function writeWhole(descriptor: number, text: string): void {
  const octets = Buffer.from(text);
  for (let at = 0; at < octets.length; ) at += writeSync(descriptor, octets, at, octets.length - at);
}

function textAt(descriptor: number, start: number, length: number): string {
  const octets = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    const read = readSync(descriptor, octets, at, length - at, start + at);
    if (read === 0) break;
    at += read;
  }
  return octets.toString('utf8', 0, at);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/**
 * Where the wire's bodies go on their way to a receiver: past the check that their mailbox was the right one,
 * through memory where the UID comes last, into memory where they are small parts, or into a hash.
 */
import { createHash, type Hash } from 'node:crypto';
import { MailboxError } from '../core/errors.js';
import type { BodiesJob } from './reader.js';
import type { BodySink } from './wire/body-sink.js';
import type { FetchRow } from './wire/fetch-row.js';

/** Octets of a body that may wait in memory where a server names the UID only after it. */
const MAX_UNNAMED = 64 * 1024 * 1024;

/** Where a body's octets go; which UID they are of may be known only at the end. */
export interface NamedAtEnd {
  write(chunk: Uint8Array): void | Promise<void>;
  end(uid: number): void | Promise<void>;
  abort(): void;
}

/**
 * Lets a body pass only if its mailbox was the right one, and if nothing speaks against it: a doubtful body
 * among others is thrown away here and fetched again alone.
 */
export function guardedSink(
  sink: NamedAtEnd,
  job: BodiesJob,
  isRight: () => boolean | Promise<boolean>,
): BodySink {
  return {
    write: (chunk) => sink.write(chunk),
    end: (row, doubts) => {
      const refuted = doubts.some((doubt) =>
        doubt === 'size' ? job.doubts === 'all' : job.doubts !== 'none',
      );
      if (refuted) return sink.abort();
      const right = isRight();
      if (right === true) return sink.end(row.uid!);
      if (right === false) return sink.abort();
      return right.then((yes) => (yes ? sink.end(row.uid!) : sink.abort()));
    },
    abort: () => sink.abort(),
  };
}

/** A body whose UID comes after it waits in memory. */
export class UnnamedBody implements NamedAtEnd {
  readonly #chunks: Uint8Array[] = [];
  readonly #begin: (uid: number) => NamedAtEnd;

  constructor(octets: number, begin: (uid: number) => NamedAtEnd) {
    if (octets > MAX_UNNAMED)
      throw new MailboxError(`a message of ${octets} octets came before its UID`, { code: 'protocol' });
    this.#begin = begin;
  }

  write(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  async end(uid: number): Promise<void> {
    const sink = this.#begin(uid);
    for (const chunk of this.#chunks) await sink.write(chunk);
    await sink.end(uid);
  }

  abort(): void {
    this.#chunks.length = 0;
  }
}

/** Keeps small bodies in memory and hands each over with its row. */
export function collecting(take: (row: FetchRow & { readonly uid: number }, octets: Buffer) => unknown) {
  return {
    begin: (): BodySink => {
      const chunks: Buffer[] = [];
      return {
        write: (chunk) => {
          chunks.push(chunk);
        },
        end: (row) => {
          take({ ...row, uid: row.uid! }, Buffer.concat(chunks));
        },
        abort: () => undefined,
      };
    },
  };
}

/** Hashes bodies as they arrive: none is in memory as a whole. */
export function hashing(found: Map<number, string>) {
  return {
    begin: (): BodySink => {
      const hash: Hash = createHash('sha256');
      return {
        write: (chunk) => {
          hash.update(chunk);
        },
        end: (row) => {
          found.set(row.uid!, hash.digest('hex'));
        },
        abort: () => undefined,
      };
    },
  };
}

/**
 * The octets of a message as they are read, for whoever passes them on before all of them were hashed: the last
 * chunk is held back until the whole is what the archive's hash says. So nothing complete is ever made of octets that
 * are others.
 */
import { ArchiveError, describeError, MessageError } from '../core/errors.js';
import type { IndexedFile } from '../core/ports/archive.js';
import type { RunningHash } from '../core/ports/running-hash.js';
import type { FilePlace, MessageReader } from '../core/ports/store.js';

export interface ProvenStreamPorts {
  readonly store: Pick<MessageReader, 'read'>;
  readonly startHash: () => RunningHash;
}

/** Throws MessageError `damage`, in words that follow "its file". */
export async function* provenStream(
  { store, startHash }: ProvenStreamPorts,
  { place, size, sha256 }: IndexedFile,
): AsyncGenerator<Uint8Array> {
  const hash = startHash();
  let length = 0;
  let held: Uint8Array | null = null;
  for await (const chunk of readable(store.read(place))) {
    length += chunk.length;
    if (length > size) break;
    hash.update(chunk);
    if (held !== null) yield held;
    held = chunk;
  }
  if (length !== size || hash.hex() !== sha256) throw new MessageError('is damaged', { code: 'damage' });
  if (held !== null) yield held;
}

async function* readable(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw unreadable(error);
  }
}

/** Where a sync that runs meanwhile may have moved the file. */
export function otherTree(place: FilePlace): FilePlace {
  return { ...place, tree: place.tree === 'mail' ? 'removed' : 'mail' };
}

export const MISSING = 'is missing';

/** What the disk said, as the reason why one message can't be had. */
export function unreadable(error: unknown): MessageError {
  const missing = error instanceof ArchiveError && error.code === 'damage';
  const reason = missing ? MISSING : `can't be read: ${describeError(error)}`;
  return new MessageError(reason, { code: 'damage', cause: error });
}

/** The octets of a message on their way out of the archive: what is not what its hash says never leaves whole. */
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { AppendItem } from '../core/ports/restore.js';
import type { MessageStore } from '../core/ports/store.js';
import { type ProvenStreamPorts, provenStream } from './proven-stream.js';

export interface ContentPorts extends ProvenStreamPorts {
  readonly store: Pick<MessageStore, 'read' | 'measure'>;
  readonly digest: (data: Uint8Array) => string;
}

/** Larger messages are streamed from disk instead of held in memory. */
const IN_MEMORY = 1024 * 1024;

/** The content, or the reason why it can't be sent. */
export async function provenContent(
  ports: ContentPorts,
  placement: SelectedPlacement,
): Promise<AppendItem['content'] | string> {
  const { store, digest } = ports;
  if (placement.size > IN_MEMORY) {
    const reason = await damageOf(ports, placement);
    // Hashed once more while it is sent: should it change meanwhile, the connection ends before its last octets.
    return reason ?? (() => provenStream(ports, placement));
  }
  const octets = await readWhole(store.read(placement.place), placement.size).catch(() => null);
  if (octets === null) return MISSING;
  return digest(octets) === placement.sha256 ? () => [octets] : DAMAGED;
}

/** Null where the file is whole. */
export async function damageOf(
  { store }: ContentPorts,
  placement: SelectedPlacement,
): Promise<string | null> {
  const measured = await store.measure(placement.place).catch(() => null);
  if (measured === null) return MISSING;
  return measured.sha256 === placement.sha256 ? null : DAMAGED;
}

const MISSING = 'its file is missing or cut short, so it was not sent; run mailkeep check';
const DAMAGED = 'its file is damaged, so it was not sent; run mailkeep check';

/** Throws RangeError for more octets than `size`. */
async function readWhole(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  let whole: Uint8Array | null = null;
  let at = 0;
  for await (const chunk of chunks) {
    if (whole === null && chunk.length === size) return chunk;
    whole ??= new Uint8Array(size);
    whole.set(chunk, at);
    at += chunk.length;
  }
  return (whole ?? new Uint8Array(0)).subarray(0, at);
}

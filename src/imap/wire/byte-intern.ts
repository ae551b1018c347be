/**
 * One frozen list per distinct spelling: 100,000 rows that say `\Seen` share one array, and comparing flags
 * with those of the next row is comparing references. Keyed by the bytes themselves; bounded, since a
 * server chooses them.
 */

interface Entry {
  readonly bytes: Buffer;
  readonly list: readonly string[];
}

export class ByteIntern {
  readonly #buckets = new Map<number, Entry[]>();
  readonly #capacity: number;
  readonly #parse: (bytes: Buffer) => string[];
  #count = 0;

  /** `parse` makes the list for a spelling seen for the first time. */
  constructor(parse: (bytes: Buffer) => string[], capacity = 4096) {
    this.#parse = parse;
    this.#capacity = capacity;
  }

  /** The list for the bytes in [start, end), whose FNV-1a hash the caller may have computed on the way. */
  get(bytes: Buffer, start: number, end: number, hash = fnv1a(bytes, start, end)): readonly string[] {
    const bucket = this.#buckets.get(hash);
    if (bucket !== undefined) {
      for (const entry of bucket) if (sameBytes(entry.bytes, bytes, start, end)) return entry.list;
    }
    return this.#insert(hash, Buffer.from(bytes.subarray(start, end)));
  }

  #insert(hash: number, bytes: Buffer): readonly string[] {
    if (this.#count >= this.#capacity) {
      this.#buckets.clear();
      this.#count = 0;
    }
    const list = Object.freeze(this.#parse(bytes));
    const bucket = this.#buckets.get(hash);
    if (bucket === undefined) this.#buckets.set(hash, [{ bytes, list }]);
    else bucket.push({ bytes, list });
    this.#count += 1;
    return list;
  }
}

export const FNV_START = 0x811c9dc5 | 0;

export function fnvStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

function fnv1a(bytes: Buffer, start: number, end: number): number {
  let hash = FNV_START;
  for (let at = start; at < end; at += 1) hash = fnvStep(hash, bytes[at]!);
  return hash;
}

function sameBytes(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index += 1) {
    if (known[index] !== bytes[start + index]) return false;
  }
  return true;
}

/** A message with CR LF wherever a line of it ends with LF alone; all other octets as they are. */

const LF = 0x0a;
const CR = 0x0d;

/** Chunks may be cut anywhere, between CR and LF too. */
export async function* crlfLines(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let last = 0;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    yield withCr(chunk, last);
    last = chunk.at(-1)!;
  }
}

/** `before`: the octet in front of the chunk. */
function withCr(chunk: Uint8Array, before: number): Uint8Array {
  const bare: number[] = [];
  for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1))
    if ((at === 0 ? before : chunk[at - 1]) !== CR) bare.push(at);
  if (bare.length === 0) return chunk;
  const out = new Uint8Array(chunk.length + bare.length);
  let from = 0;
  for (const [count, at] of bare.entries()) {
    out.set(chunk.subarray(from, at), from + count);
    out[at + count] = CR;
    from = at;
  }
  out.set(chunk.subarray(from), from + bare.length);
  return out;
}

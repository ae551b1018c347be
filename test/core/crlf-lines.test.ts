import { expect, test } from 'vitest';
import { crlfLines } from '../../src/core/message/crlf-lines.js';

test('every LF has its CR afterwards, wherever the chunks are cut', async () => {
  const text = '\n\r\na\nb\r\r\nc\rd\n\n\r\n\ne';
  const wanted = text.replace(/(?<!\r)\n/g, '\r\n');
  for (let size = 1; size <= text.length; size++) {
    const chunks: Buffer[] = [Buffer.alloc(0)];
    for (let at = 0; at < text.length; at += size) chunks.push(Buffer.from(text.slice(at, at + size)));
    const out: Uint8Array[] = [];
    for await (const chunk of crlfLines(chunks)) out.push(Buffer.from(chunk));
    expect([size, Buffer.concat(out).toString()]).toEqual([size, wanted]);
  }
});

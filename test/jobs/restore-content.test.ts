// What a restore sends of a file: the octets that were read and proved, and nothing of a message that lay in the same
// memory before.

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { SelectedPlacement } from '../../src/core/ports/archive.js';
import { BatchMemory, type ContentPorts, provenContent } from '../../src/jobs/restore-content.js';

const sha256 = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex');

function portsFor(file: Buffer): ContentPorts {
  const store = { readInto: (_: unknown, octets: Uint8Array) => file.copy(octets) };
  return { store, digest: sha256 } as unknown as ContentPorts;
}

test('a file that is shorter than the index says is sent as it is, if it is the message', async () => {
  const memory = new BatchMemory(64);
  memory.take(64).fill(0x78);
  memory.reuse();
  const file = Buffer.from('Subject: short\r\n\r\n');
  const place = { tree: 'mail', folder: 'INBOX', name: 'n' };
  const placement = { size: file.length + 10, sha256: sha256(file), place } as SelectedPlacement;
  const content = await provenContent(portsFor(file), placement, memory);
  if (typeof content === 'string') throw new Error(content);
  const sent: Uint8Array[] = [];
  for await (const chunk of content()) sent.push(chunk);
  expect(Buffer.concat(sent).toString()).toBe(file.toString());
});

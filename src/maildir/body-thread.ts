/** The other side of body-threads.ts: writes what a slot of shared memory holds. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WriteAnswer, WriteOrder, WriteResult } from './body-threads.js';
import { errorCode } from './durable.js';
import { writeBody } from './write-body.js';

const slots = (workerData as readonly SharedArrayBuffer[]).map((memory) => Buffer.from(memory));

parentPort!.on('message', ({ slot, bodies }: WriteOrder) => {
  const results = bodies.map(({ file, receivedAt, from, to }): WriteResult => {
    try {
      return { ok: true, ...writeBody({ file, receivedAt, octets: slots[slot]!.subarray(from, to) }) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, message, code: errorCode(error) ?? 'internal' };
    }
  });
  parentPort!.postMessage({ slot, results } satisfies WriteAnswer);
});

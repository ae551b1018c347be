/** The other side of body-threads.ts: writes what a slot of shared memory holds, and makes it durable. */

import { parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../core/errors.js';
import type { Refusal, ThreadAnswer, WriteOrder, WriteResult } from './body-threads.js';
import { errorCode } from './durable.js';
import { makeDurable, writeBody } from './write-body.js';

const slots = (workerData as readonly SharedArrayBuffer[]).map((memory) => Buffer.from(memory));

parentPort!.on('message', (order: WriteOrder) => {
  const synced: Promise<Refusal | null>[] = [];
  const results = order.bodies.map(({ file, receivedAt, from, to }): WriteResult => {
    try {
      const octets = slots[order.slot]!.subarray(from, to);
      const { descriptor, ...written } = writeBody({ file, receivedAt, octets });
      synced.push(
        makeDurable(file, descriptor).then(
          () => null,
          (error: unknown) => refusal(error),
        ),
      );
      return written;
    } catch (error) {
      synced.push(Promise.resolve(null));
      return refusal(error);
    }
  });
  answer({ order: order.number, results });
  void Promise.all(synced).then((refusals) => answer({ order: order.number, refusals }));
});

function answer(answer: ThreadAnswer): void {
  parentPort!.postMessage(answer);
}

function refusal(error: unknown): Refusal {
  const message = describeError(error);
  return { message, code: errorCode(error) ?? 'internal' };
}

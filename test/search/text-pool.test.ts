// What becomes of a message that takes too long, too much memory, or the thread with it. What runs here is a thread that
// does what its file's name says.

import { afterAll, describe, expect, test } from 'vitest';
import { TextPool } from '../../src/wiring/text-pool.js';

const THREAD = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ file }) => {
  if (file === 'hang') for (;;);
  if (file === 'memory') { const all = []; for (;;) all.push(new Array(1e5).fill({})); }
  if (file === 'throw') throw new Error('it broke');
  if (file === 'exit') process.exit(3);
  if (file === 'gone') parentPort.postMessage({ read: null });
  else parentPort.postMessage({ read: { facts: { text: file } } });
});`;

describe('the threads that read text', () => {
  const controller = new AbortController();
  let pool: TextPool | null = null;
  afterAll(() => pool?.close());

  test('outlive every message that breaks one', async () => {
    pool = new TextPool({
      width: 2,
      limits: { milliseconds: 1_500, millisecondsPerMegabyte: 0, megabytes: 32 },
      fileOf: ({ sha256 }) => (sha256 === 'nowhere' ? null : sha256),
      signal: controller.signal,
      entry: new URL(
        `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('file:///');${THREAD}`)}`,
      ),
    });
    const read = async (name: string) =>
      (await pool!.read({ id: 1, sha256: name, size: 1, place: null }))?.read ?? null;
    expect(await read('fine')).toEqual({ facts: { text: 'fine' } });
    expect(await read('hang')).toEqual({ broken: 'reading it took more than 2 s' });
    expect(await read('fine')).toEqual({ facts: { text: 'fine' } });
    expect(await read('memory')).toEqual({ broken: 'reading it took more than 32 MB of memory' });
    expect(await read('throw')).toEqual({ broken: 'it broke' });
    expect(await read('exit')).toEqual({ broken: 'it ended the program that read it' });
    expect(await read('gone')).toBeNull();
    expect(await read('nowhere')).toBeNull();
    expect(await Promise.all(['a', 'b'].map(read))).toEqual([
      { facts: { text: 'a' } },
      { facts: { text: 'b' } },
    ]);
    expect(await read('fine')).toEqual({ facts: { text: 'fine' } });
    const stopped = read('hang');
    controller.abort();
    expect(await stopped).toBeNull();
  });
});

import { once } from 'node:events';
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ChaosOptions, type ChaosProxy, type Fault, startChaosProxy } from './chaos-proxy.js';
import { type DelayProxy, startDelayProxy } from './delay-proxy.js';
import { closeServer, listenAnywhere, portOf } from './loopback.js';
import { randomFrom } from './random.js';

/** Every line that reached the echo server. */
const heard = new Set<string>();

/** Answers each line with the same line; a line `send N` with N bytes of a known pattern. */
function echo(socket: Socket): void {
  let pending = '';
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  socket.on('data', (chunk) => {
    const lines = (pending + chunk.toString('latin1')).split('\n');
    pending = lines.pop()!;
    for (const line of lines) {
      heard.add(line);
      const size = /^send (\d+)$/.exec(line)?.[1];
      socket.write(size === undefined ? `${line}\n` : pattern(Number(size)));
    }
  });
}

const PATTERN = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251));
const pattern = (size: number) => PATTERN.subarray(0, size);

interface Ending {
  readonly bytes: Buffer;
  readonly chunks: readonly number[];
  readonly how: 'fin' | 'rst';
}

/** All that comes until the connection ends. */
function untilEnd(socket: Socket): Promise<Ending> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let how: Ending['how'] = 'fin';
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {
      how = 'rst';
    });
    socket.on('close', () =>
      resolve({ bytes: Buffer.concat(chunks), chunks: chunks.map((chunk) => chunk.length), how }),
    );
  });
}

async function receive(socket: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < count) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks);
}

let server: Server;
let target: { port: number };
beforeAll(async () => {
  server = await listenAnywhere(createServer({ allowHalfOpen: true }, echo));
  target = { port: portOf(server) };
});
afterAll(() => closeServer(server));

describe('delay proxy', () => {
  let proxy: DelayProxy;
  afterEach(() => proxy.close());

  test('carries bytes unchanged, later, and without waiting for one another', async () => {
    proxy = await startDelayProxy(target, 20);
    const socket = openSocket(proxy.port, '127.0.0.1');
    const start = performance.now();
    socket.write('send 100000\n'.repeat(20));
    const bytes = await receive(socket, 2_000_000);
    const took = performance.now() - start;
    expect(bytes.equals(Buffer.concat(Array.from({ length: 20 }, () => pattern(100_000))))).toBe(true);
    expect(took).toBeGreaterThanOrEqual(39);
    expect(took).toBeLessThan(20 * 40);
    socket.destroy();
  });

  test('counts connections, bytes and round trips', async () => {
    proxy = await startDelayProxy(target, 1);
    for (const lines of [['a', 'b', 'c'], ['a\nb\nc']]) {
      const socket = openSocket(proxy.port, '127.0.0.1');
      for (const line of lines) {
        socket.write(`${line}\n`);
        await receive(socket, line.length + 1);
      }
      socket.destroy();
    }
    // Three lines in lock-step wait twice before speaking again; three at once never do.
    expect(proxy.traffic()).toEqual({ connections: 2, bytesUp: 12, bytesDown: 12, roundTrips: 2 });
    proxy.resetTraffic();
    expect(proxy.traffic()).toEqual({ connections: 0, bytesUp: 0, bytesDown: 0, roundTrips: 0 });
  });

  test('passes the end of one direction on and leaves the other open', async () => {
    proxy = await startDelayProxy(target, 1);
    const socket = openSocket({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    const ending = untilEnd(socket);
    socket.end('last\n');
    expect(await ending).toMatchObject({ bytes: Buffer.from('last\n'), how: 'fin' });
  });

  test('resets a connection whose target is not there', async () => {
    const gone = await listenAnywhere(createServer());
    const port = portOf(gone);
    await closeServer(gone);
    proxy = await startDelayProxy({ port }, 1);
    expect((await untilEnd(openSocket(proxy.port, '127.0.0.1'))).how).toBe('rst');
  });
});

describe('chaos proxy', () => {
  let proxy: ChaosProxy;
  afterEach(() => proxy.close());

  const start = async (options: ChaosOptions) => {
    proxy = await startChaosProxy(target, options);
    return proxy;
  };
  const withFault = (fault: Fault, direction: 'down' | 'up' = 'down') =>
    start({ seed: 1, plan: () => ({ fault, direction }) });
  const ask = (line: string) => {
    const socket = openSocket(proxy.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`${line}\n`);
    return socket;
  };

  test('ends in good order after the given number of bytes', async () => {
    await withFault({ kind: 'cut', afterBytes: 70_001, how: 'fin' });
    const { bytes, how } = await untilEnd(ask('send 200000'));
    expect(bytes.equals(pattern(200_000).subarray(0, 70_001))).toBe(true);
    expect(how).toBe('fin');
  });

  test('resets, and no byte after the given number gets through', async () => {
    await withFault({ kind: 'cut', afterBytes: 70_001, how: 'rst' });
    expect((await untilEnd(ask('send 200000'))).bytes.length).toBeLessThanOrEqual(70_001);
    await proxy.close();
    // Node reports a reset that comes together with data as an end, so the reset itself shows without data only.
    await withFault({ kind: 'cut', afterBytes: 0, how: 'rst' });
    expect(await untilEnd(ask('send 1000'))).toMatchObject({ bytes: Buffer.alloc(0), how: 'rst' });
  });

  test('cuts on the way up as well', async () => {
    await withFault({ kind: 'cut', afterBytes: 2, how: 'fin' }, 'up');
    expect((await untilEnd(ask('abcdef'))).bytes.length).toBe(0);
  });

  test('stalls after the given number of bytes without closing', async () => {
    await withFault({ kind: 'stall', afterBytes: 5 });
    const socket = ask('send 100');
    const ending = untilEnd(socket);
    await once(socket, 'data');
    // A connection that comes and goes meanwhile shows that what was asked here had time enough to arrive.
    socket.write('after the stall\n');
    await receive(ask('12345'), 5);
    expect(heard).toContain('12345');
    expect(heard).not.toContain('after the stall');
    expect(socket.destroyed).toBe(false);
    proxy.cutAll();
    expect(await ending).toMatchObject({ bytes: pattern(5), how: 'rst' });
  });

  test('splits into tiny segments and loses nothing', async () => {
    await withFault({ kind: 'split', size: 3, bytes: 300 });
    const socket = ask('send 1000');
    const ending = untilEnd(socket);
    socket.end();
    const { bytes, chunks } = await ending;
    expect(bytes.equals(pattern(1000))).toBe(true);
    expect(chunks.length).toBeGreaterThan(30);
  });

  test('drops bytes and then closes', async () => {
    await withFault({ kind: 'truncate', afterBytes: 10, dropBytes: 5 });
    const { bytes } = await untilEnd(ask('send 100'));
    expect(bytes).toEqual(Buffer.concat([pattern(100).subarray(0, 10), pattern(100).subarray(15)]));
  });

  test('limits the rate', async () => {
    await withFault({ kind: 'slow', bytesPerSecond: 100_000 });
    const begin = performance.now();
    const bytes = await receive(ask('send 30000'), 30_000);
    expect(bytes.equals(pattern(30_000))).toBe(true);
    expect(performance.now() - begin).toBeGreaterThan(200);
  });

  test('draws the same faults from the same seed, and others from another', async () => {
    const plansOf = async (seed: number) => {
      await start({ seed, kinds: ['none', 'cut', 'truncate', 'split'] });
      for (let n = 0; n < 12; n++) await untilEnd(ask('send 300000').end());
      const { plans } = proxy;
      await proxy.close();
      return plans;
    };
    const first = await plansOf(7);
    expect(first).toHaveLength(12);
    expect(new Set(first.map((plan) => plan.fault.kind)).size).toBeGreaterThan(2);
    expect(await plansOf(7)).toEqual(first);
    expect(await plansOf(8)).not.toEqual(first);
  });

  test('passes new connections untouched while transparent, and names its seed', async () => {
    await withFault({ kind: 'cut', afterBytes: 0, how: 'rst' });
    proxy.transparent = true;
    expect((await untilEnd(ask('send 1000').end())).bytes.equals(pattern(1000))).toBe(true);
    proxy.transparent = false;
    expect((await untilEnd(ask('send 1000'))).how).toBe('rst');
    expect(proxy.describe()).toMatch(/^chaos seed 1: .*none.*cut/);
  });
});

describe('random numbers from a seed', () => {
  test('repeat, differ by seed and keep their bounds', () => {
    const draw = (seed: number) => {
      const random = randomFrom(seed);
      return Array.from({ length: 1000 }, () => random.integer(3, 9));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set(draw(1))).toEqual(new Set([3, 4, 5, 6, 7, 8, 9]));
  });

  test('have the log-normal median asked for', () => {
    const random = randomFrom(3);
    const values = Array.from({ length: 5001 }, () => random.logNormal(8000, 1.2)).sort((a, b) => a - b);
    expect(values[2500]).toBeGreaterThan(7000);
    expect(values[2500]).toBeLessThan(9000);
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { nodeCollector } from '../../src/wiring/collector.js';
import { RunMemory } from '../../src/wiring/run-memory.js';

const MB = 1024 * 1024;

let collected: string[];
let used: number;
let memory: RunMemory;
beforeEach(() => {
  collected = [];
  used = 10 * MB;
  memory = new RunMemory(
    () => ({
      recent: () => collected.push('recent'),
      all: () => {
        collected.push('all');
        used = 20 * MB;
      },
    }),
    () => used,
  );
});

describe('the memory of a run', () => {
  test('is no concern of a small one', () => {
    memory.passed({ messages: 999, bytes: 8 * MB - 1 });
    expect(collected).toEqual([]);
  });

  test('is collected by octets or by messages, whichever come first', () => {
    memory.passed({ messages: 3, bytes: 8 * MB });
    memory.passed({ messages: 4, bytes: 15 * MB });
    expect(collected).toEqual(['recent']);
    memory.passed({ messages: 1003, bytes: 15 * MB });
    memory.passed({ messages: 2002, bytes: 16 * MB });
    expect(collected).toEqual(['recent', 'recent']);
  });

  test('is looked through when it has grown by 12 MB since it was, or since the first look at it', () => {
    used = 40 * MB;
    memory.passed({ messages: 1000, bytes: 1 });
    used = 52 * MB - 1;
    memory.passed({ messages: 2000, bytes: 2 });
    expect(collected).toEqual(['recent', 'recent']);
    used = 52 * MB;
    memory.passed({ messages: 3000, bytes: 3 });
    expect(collected.splice(0)).toEqual(['recent', 'recent', 'recent', 'all']);
    used = 32 * MB - 1;
    memory.passed({ messages: 4000, bytes: 4 });
    expect(collected.splice(0)).toEqual(['recent']);
    used = 32 * MB;
    memory.passed({ messages: 5000, bytes: 5 });
    expect(collected).toEqual(['recent', 'all']);
  });

  test('of buffers that nobody holds is given back by Node when it is asked', async () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let made = 0; made < 100; made++) Buffer.alloc(64 * 1024);
    nodeCollector().recent();
    // V8 frees on another thread what it found dead.
    await expect.poll(() => process.memoryUsage().arrayBuffers - before).toBeLessThan(MB);
  });
});

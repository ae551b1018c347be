import { describe, expect, test } from 'vitest';
import { GivingWay } from '../../src/wiring/give-way.js';

const MS = 1_000_000;

describe('giving way to others', () => {
  /** How often a thread stood aside that ran and waited so long (ms) between its pieces of work. */
  async function asides(pieces: readonly (readonly [ran: number, waited: number])[]): Promise<number> {
    let now = { ran: 0, waited: 0 };
    let count = 0;
    const givingWay = new GivingWay(
      () => now,
      async () => {
        count += 1;
      },
    );
    for (const [ran, waited] of pieces) {
      now = { ran: now.ran + ran * MS, waited: now.waited + waited * MS };
      await givingWay.pause();
    }
    return count;
  }

  test('a thread that waits for processors most of the time stands aside, once for each piece', async () => {
    expect(await asides([[4, 30]])).toBe(1);
    expect(await asides(Array.from({ length: 5 }, () => [2, 20] as const))).toBe(5);
  });

  test('threads of the same index, which share processors, do not stop each other', async () => {
    expect(await asides(Array.from({ length: 50 }, () => [20, 12] as const))).toBe(0);
    expect(await asides(Array.from({ length: 50 }, () => [30, 0] as const))).toBe(0);
  });

  test('one wait of some milliseconds means nothing by itself', async () => {
    expect(
      await asides([
        [1, 4],
        [1, 0],
        [20, 0],
      ]),
    ).toBe(0);
  });

  test('where the kernel does not tell nobody is waited for', async () => {
    expect(await asides(Array.from({ length: 50 }, () => [0, 0] as const))).toBe(0);
  });
});

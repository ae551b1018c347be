import { describe, expect, test } from 'vitest';
import { isInShare, nextShare, parseShare } from '../../src/core/proof/check-share.js';
import { drawNumbers } from '../../src/core/proof/drill.js';
import { randomFrom } from '../support/random.js';

describe('drawNumbers', () => {
  test('draws that many different numbers, ascending, each below the total', () => {
    const random = randomFrom(7);
    for (let turn = 0; turn < 200; turn++) {
      const drawn = drawNumbers(30, 8, () => random.next());
      expect(new Set(drawn).size).toBe(8);
      expect([...drawn].sort((a, b) => a - b)).toEqual(drawn);
      expect(drawn.every((number) => number >= 0 && number < 30)).toBe(true);
    }
  });

  test('draws each about as often as any other', () => {
    const random = randomFrom(8);
    const times = new Array<number>(20).fill(0);
    for (let turn = 0; turn < 4000; turn++)
      for (const number of drawNumbers(20, 5, () => random.next())) times[number]! += 1;
    expect(Math.min(...times)).toBeGreaterThan(850);
    expect(Math.max(...times)).toBeLessThan(1150);
  });

  test('draws all where there are no more', () => {
    expect(drawNumbers(3, 5, () => 0)).toEqual([0, 1, 2]);
    expect(drawNumbers(0, 5, () => 0)).toEqual([]);
  });
});

describe('a share of the data', () => {
  test.each([
    ['10%', 1000],
    ['0.5 %', 50],
    ['100%', 10_000],
  ])('%s is a width', (text, width) => expect(parseShare(text)).toBe(width));

  test.each(['0%', '101%', '10', '-5%', '0.001%', ''])('%j is none', (text) =>
    expect(parseShare(text)).toBeUndefined(),
  );

  test.each([1000, 3300, 10_000, 37])('of width %i covers every hash once around the circle', (width) => {
    const hashes = Array.from({ length: 500 }, (_, n) =>
      ((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0'),
    );
    let share = { from: 4321, width };
    const seen = new Map<string, number>();
    for (let covered = 0; covered < 10_000; covered += width) {
      for (const hash of hashes) if (isInShare(hash, share)) seen.set(hash, (seen.get(hash) ?? 0) + 1);
      share = { from: nextShare(share), width };
    }
    expect(seen.size).toBe(500);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SortedUids } from '../../src/core/sync/sorted-uids.js';

describe('a set of UIDs', () => {
  test('holds what a plain set holds, ascending', () => {
    const uid = fc.integer({ min: 1, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.array(fc.oneof(uid, fc.integer({ min: 1, max: 20 }))), fc.array(uid), (uids, others) => {
        const set = SortedUids.from(uids);
        const plain = new Set(uids);
        expect(set.size).toBe(plain.size);
        expect([...set]).toEqual([...plain].sort((a, b) => a - b));
        for (const other of [...uids, ...others]) expect(set.has(other)).toBe(plain.has(other));
      }),
    );
  });

  test('is empty where nothing is in it', () => {
    expect(SortedUids.from([]).has(1)).toBe(false);
    expect(SortedUids.over(new Uint32Array()).size).toBe(0);
  });
});

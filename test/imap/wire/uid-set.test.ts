import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UidSet } from '../../../src/imap/wire/uid-set.js';

const uid = fc.integer({ min: 1, max: 60 });
const uids = fc.array(uid, { maxLength: 60 });

describe('a UID set', () => {
  test('is written as ascending ranges, whatever the order of adding', () => {
    expect(`${UidSet.of(5, 3, 4, 9, 1, 3)}`).toBe('1,3:5,9');
    expect(`${UidSet.range(2, 7).addRange(5, 10).addRange(1, 1).add(11)}`).toBe('1:11');
    expect(`${UidSet.range(3, 2)}`).toBe('');
  });

  test.each([
    ['1', '1'],
    ['1:3,2:5', '1:5'],
    ['9,7,5:1', '1:5,7,9'],
    ['4294967295:1', '1:4294967295'],
  ])('is read from %s', (text, expected) => {
    expect(`${UidSet.parse(Buffer.from(text))}`).toBe(expected);
  });

  test.each([
    '',
    '0',
    '1:',
    ':1',
    '1,,2',
    '1,',
    '*',
    '1:*',
    'a',
    '1 2',
    '4294967296',
    '12345678901',
    '1:2:3',
    '-1',
  ])('is not read from "%s"', (text) => {
    expect(UidSet.parse(Buffer.from(text))).toBeNull();
  });

  test('refuses what is no UID', () => {
    for (const wrong of [0, -1, 1.5, 2 ** 32, Number.NaN])
      expect(() => new UidSet().add(wrong)).toThrow(RangeError);
    expect(() => new UidSet().addRange(3, 2)).toThrow(RangeError);
  });

  test('does what a set of numbers does', () => {
    fc.assert(
      fc.property(uids, uids, fc.array(fc.tuple(uid, fc.nat(9))), uid, (some, others, ranges, probe) => {
        const left = UidSet.from(some);
        const expected = new Set(some);
        for (const [first, length] of ranges) {
          left.addRange(first, first + length);
          for (let one = first; one <= first + length; one += 1) expected.add(one);
        }
        const right = UidSet.from(others);
        const second = new Set(others);
        expect(left.has(probe)).toBe(expected.has(probe));
        expect([...left]).toEqual(ascending(expected));
        expect(left.size).toBe(expected.size);
        expect(left.isEmpty).toBe(expected.size === 0);
        expect([left.first, left.last]).toEqual([
          ascending(expected)[0] ?? null,
          ascending(expected).at(-1) ?? null,
        ]);
        expect([...left.union(right)]).toEqual(ascending(new Set([...expected, ...second])));
        expect([...left.subtract(right)]).toEqual(ascending(expected).filter((one) => !second.has(one)));
        if (expected.size > 0)
          expect([...UidSet.parse(Buffer.from(`${left}`))!]).toEqual(ascending(expected));
        expect([...left.ranges()].every(([first, last]) => first <= last)).toBe(true);
      }),
    );
  });

  test('is cut into arguments of at most so many octets, with nothing lost', () => {
    fc.assert(
      fc.property(uids, fc.integer({ min: 21, max: 60 }), (some, octets) => {
        const set = UidSet.from(some);
        const slices = set.slices(octets);
        for (const slice of slices) expect(`${slice}`.length).toBeLessThanOrEqual(octets);
        expect(slices.flatMap((slice) => [...slice])).toEqual([...set]);
      }),
    );
    const gaps = UidSet.from(Array.from({ length: 50_000 }, (_, index) => 4_000_000_000 + index * 2));
    const slices = gaps.slices();
    expect(slices.every((slice) => `${slice}`.length <= 8000)).toBe(true);
    // Well filled: 727 UIDs of ten digits and a comma fit into 8,000 octets.
    expect(slices).toHaveLength(Math.ceil(50_000 / 727));
  });

  test('costs nothing for a hostile range, and stays quick for a million UIDs in any order', () => {
    const hostile = UidSet.parse(Buffer.from('1:4294967295'))!;
    expect(hostile.size).toBe(0xffff_ffff);
    expect(`${hostile.subtract(UidSet.of(7))}`).toBe('1:6,8:4294967295');
    const million = new UidSet();
    for (let one = 1; one <= 1_000_000; one += 1) million.add(one * 2);
    expect(million.size).toBe(1_000_000);
    const shuffled = Array.from({ length: 100_000 }, (_, index) => ((index * 73_679) % 100_003) * 3 + 1);
    const set = UidSet.from(shuffled);
    expect(set.size).toBe(100_000);
    const ranges = shuffled.map((one) => `${one + 1}:${one}`);
    const parsed = UidSet.parse(Buffer.from(ranges.join(',')));
    expect(parsed!.size).toBe(200_000);
    expect(set.subtract(parsed!).isEmpty).toBe(true);
  });
});

function ascending(numbers: ReadonlySet<number>): number[] {
  return [...numbers].toSorted((left, right) => left - right);
}

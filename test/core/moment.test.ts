import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { parseMoment } from '../../src/core/moment.js';

/** A zone two hours east of UTC. */
const local = (year: number, month: number, day: number, hour: number, minute: number, second: number) =>
  Date.UTC(year, month - 1, day, hour - 2, minute, second);
const timeOf = (text: string) => {
  const moment = parseMoment(text, local);
  return moment.kind === 'time' ? new Date(moment.time).toISOString() : `run ${moment.run}`;
};

describe('TIME of --at', () => {
  test.each([
    ['12', 'run 12'],
    ['2026-03-31', '2026-03-31T21:59:59.999Z'],
    ['2026-12-31', '2026-12-31T21:59:59.999Z'],
    ['2026-03-31T14:30', '2026-03-31T12:30:59.999Z'],
    ['2026-03-31 14:30', '2026-03-31T12:30:59.999Z'],
    ['2026-03-31T14:30:05', '2026-03-31T12:30:05.999Z'],
    ['2026-03-31T14:30:05Z', '2026-03-31T14:30:05.999Z'],
    ['2026-03-31T14:30:05.123Z', '2026-03-31T14:30:05.123Z'],
    ['2026-03-31T14:30:05.1Z', '2026-03-31T14:30:05.199Z'],
    ['2026-03-31T14:30:05,123456Z', '2026-03-31T14:30:05.123Z'],
    ['2026-03-31T14:30+05:30', '2026-03-31T09:00:59.999Z'],
    ['2026-03-31T14:30-0800', '2026-03-31T22:30:59.999Z'],
    ['2024-02-29T00:00Z', '2024-02-29T00:00:59.999Z'],
  ])('%s is %s', (text, expected) => {
    expect(timeOf(text)).toBe(expected);
  });

  test.each([
    ['', 'expected a date'],
    ['yesterday', 'expected a date'],
    ['31.03.2026', 'expected a date'],
    ['2026-02-30', 'no day of the calendar'],
    ['2026-13-01', 'no day of the calendar'],
    ['2026-03-31T', 'expected a time'],
    ['2026-03-31T1430', 'expected a time'],
    ['2026-03-31T25:00', 'no time of the day'],
    ['2026-03-31T14:30 CET', 'expected a zone'],
    ['2026-03-31T14:30+99:00', 'expected a zone'],
  ])('%j is refused with the place and examples', (text, reason) => {
    const refusal = () => parseMoment(text, local);
    expect(refusal).toThrow(UsageError);
    expect(refusal).toThrow(reason);
    expect(refusal).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('2026-03-31T14:30') as string }),
    );
    expect(refusal).toThrow(/\n {2}.*\n {2} *\^+$/);
  });

  test('points at the part that is wrong', () => {
    expect(() => parseMoment('2026-03-31T14:30+99:00', local)).toThrow(`\n  ${' '.repeat(16)}^^^^^^`);
  });
});

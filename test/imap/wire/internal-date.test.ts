import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatInternalDate, parseInternalDate } from '../../../src/imap/wire/internal-date.js';

const parse = (text: string) => parseInternalDate(Buffer.from(`"${text}"`), 1, text.length + 1);

describe('INTERNALDATE', () => {
  test.each([
    ['17-Jul-1996 02:44:25 -0700', Date.UTC(1996, 6, 17, 9, 44, 25) / 1000, -420],
    [' 1-Jan-2024 00:00:00 +0530', Date.UTC(2023, 11, 31, 18, 30) / 1000, 330],
    ['1-Jan-2024 00:00:00 +0000', Date.UTC(2024, 0, 1) / 1000, 0],
    ['01-jan-1970 00:00:00 -0000', 0, 0],
    ['29-FEB-2000 23:59:60 +0000', Date.UTC(2000, 2, 1) / 1000, 0],
    ['30-Dec-1899 00:00:00 +0000', Date.UTC(1899, 11, 30) / 1000, 0],
    ['31-Dec-9999 23:59:59 +1400', Date.UTC(9999, 11, 31, 9, 59, 59) / 1000, 840],
  ])('"%s" is read with its zone', (text, epochSeconds, zoneMinutes) => {
    expect(parse(text)).toEqual({ epochSeconds, zoneMinutes });
  });

  test.each([
    '',
    ' 1-Jan-0000 00:00:00 +0000',
    '29-Feb-2023 00:00:00 +0000',
    '31-Apr-2023 00:00:00 +0000',
    '00-Jan-2023 00:00:00 +0000',
    '17-Foo-2023 00:00:00 +0000',
    '17-Jul-2023 24:00:00 +0000',
    '17-Jul-2023 00:60:00 +0000',
    '17-Jul-2023 00:00:61 +0000',
    '17-Jul-2023 00:00:00 +2400',
    '17-Jul-2023 00:00:00 +0060',
    '17-Jul-2023 00:00:00 0000',
    '17-Jul-2023 00:00:00',
    '17-Jul-23 00:00:00 +0000',
    '17-Jul-2023 00:00:00 +0000 ',
    '2023-07-17T00:00:00Z',
  ])('"%s" is no date', (text) => {
    expect(parse(text)).toBeNull();
  });

  test('is written as it was read', () => {
    const seconds = fc.integer({ min: Date.UTC(1, 0, 3) / 1000, max: Date.UTC(9999, 11, 30) / 1000 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: -1439, max: 1439 }), (epochSeconds, zoneMinutes) => {
        // JavaScript takes years below 100 for 19xx only in Date.UTC; the dates here start after year 1.
        const date = { epochSeconds, zoneMinutes };
        expect(parse(formatInternalDate(date))).toEqual(date);
      }),
    );
    expect(formatInternalDate({ epochSeconds: 837596665, zoneMinutes: -420 })).toBe(
      '17-Jul-1996 02:44:25 -0700',
    );
    expect(formatInternalDate({ epochSeconds: 0, zoneMinutes: 0 })).toBe(' 1-Jan-1970 00:00:00 +0000');
  });

  test('is refused where there is no text for it', () => {
    for (const date of [
      { epochSeconds: -1e12, zoneMinutes: 0 },
      { epochSeconds: 1e12, zoneMinutes: 0 },
      { epochSeconds: Number.NaN, zoneMinutes: 0 },
      { epochSeconds: 0, zoneMinutes: 1440 },
      { epochSeconds: 0, zoneMinutes: 0.5 },
    ]) {
      expect(() => formatInternalDate(date)).toThrow(RangeError);
    }
  });
});

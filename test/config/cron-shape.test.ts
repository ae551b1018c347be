import fc from 'fast-check';
import cron from 'node-cron';
import { describe, expect, test } from 'vitest';
import { isCronExpression } from '../../src/config/cron-shape.js';

describe('a cron expression', () => {
  test.each([
    '*/15 * * * *',
    '0 * * * *',
    '30 */10 * * * *',
    '0 0 * * mon-fri',
    '0 0 * * SUN,3',
    '0 0 1 jan,jul *',
    '0 0 * * 7',
    '0-10/2,30 * * * *',
    '0  0\t* * *',
    '0 0 29 2 *',
    '0 0 31 * *',
    '0 0 31 2,3 *',
  ])('%j is accepted', (text) => {
    expect(isCronExpression(text)).toBe(true);
  });

  test.each([
    '',
    '* * *',
    '* * * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 8',
    '*/0 * * * *',
    '5/2 * * * *',
    '10-5 * * * *',
    '1,,2 * * * *',
    '1- * * * *',
    'a * * * *',
    '* * * mon *',
    '* * * * jan',
    '1.5 * * * *',
    '-1 * * * *',
    '0 0 30 2 *',
    '0 0 31 4,6 *',
    '@daily',
    'off',
  ])('%j is refused', (text) => {
    expect(isCronExpression(text)).toBe(false);
  });

  test('whatever is accepted, the scheduler accepts', () => {
    const item = fc.constantFrom(
      '*',
      '0',
      '1',
      '7',
      '15',
      '31',
      '59',
      '1-5',
      '*/7',
      '2-20/3',
      'feb',
      'sun',
      '30',
    );
    const field = fc.array(item, { minLength: 1, maxLength: 2 }).map((items) => items.join(','));
    const expression = fc.array(field, { minLength: 4, maxLength: 7 }).map((fields) => fields.join(' '));
    let accepted = 0;
    fc.assert(
      fc.property(expression, (text) => {
        if (!isCronExpression(text)) return;
        accepted++;
        expect(cron.validate(text)).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

import { describe, expect, test } from 'vitest';
import { guardAgainst } from '../../src/core/sync/guard.js';

const policy = { maxRemovedPercent: 50, minMessages: 100 };
const departure = (mailbox: string, present: number, leaving: number) => ({ mailbox, present, leaving });

describe('the mass-deletion guard', () => {
  test.each([
    ['nothing left', [departure('INBOX', 1000, 0)]],
    ['half of it left, no more', [departure('INBOX', 1000, 500)]],
    ['all of a few left', [departure('INBOX', 99, 99)]],
    ['there was nothing', []],
  ])('lets pass: %s', (_, departures) => {
    expect(guardAgainst(departures, policy)).toBeNull();
  });

  test('stops one message more than the share allows', () => {
    expect(guardAgainst([departure('INBOX', 1000, 501)], policy)).toContain('501');
  });

  test('stops exactly the least number that counts', () => {
    expect(guardAgainst([departure('INBOX', 100, 100)], policy)).not.toBeNull();
  });

  test('names the mailbox that lost too much while the account as a whole did not', () => {
    const reason = guardAgainst([departure('INBOX', 10_000, 0), departure('Sent', 200, 150)], policy);
    expect(reason).toContain('Sent');
  });

  test('adds up small losses all over the account', () => {
    const departures = Array.from({ length: 10 }, (_, at) => departure(`box ${at}`, 20, 15));
    expect(guardAgainst(departures, policy)).toContain('150 of the account');
  });

  test('allows everything at 100 percent', () => {
    expect(guardAgainst([departure('INBOX', 1000, 1000)], { ...policy, maxRemovedPercent: 100 })).toBeNull();
  });
});

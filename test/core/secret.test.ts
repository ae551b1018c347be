import { format, inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.js';

describe('a secret', () => {
  const secret = new Secret('geheim-9f3');

  test('gives its text only when asked by name', () => {
    expect(secret.reveal()).toBe('geheim-9f3');
  });

  test.each([
    ['a template', `${secret}`],
    ['JSON', JSON.stringify({ secret })],
    ['inspect', inspect({ secret }, { showHidden: true, depth: 9 })],
    ['inspect without custom functions', inspect({ secret }, { customInspect: false, showHidden: true })],
    ['format', format('%s %o %j %O', secret, secret, secret, secret)],
    ['its keys', JSON.stringify(Object.getOwnPropertyDescriptors(secret))],
    ['a copy', JSON.stringify({ ...secret })],
    ['a clone', inspect(structuredClone(secret))],
  ])('shows nothing in %s', (_where, shown) => {
    expect(shown).not.toContain('geheim');
  });

  test('shows that there is one', () => {
    expect([`${secret}`, JSON.stringify(secret), inspect(secret)]).toEqual([
      '[secret]',
      '"[secret]"',
      '[secret]',
    ]);
  });
});

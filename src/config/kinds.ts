/**
 * The kinds of value a configuration key can have. Each says what it expects in one phrase, whichever
 * way a value fails, and that phrase is the issue's message; for an unknown key it is the list of the
 * mapping's keys. mistakes.ts turns both into sentences.
 */
import { z } from 'zod';
import { Secret } from '../core/secret.js';
import { hasControls } from './values.js';

export function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape).join(' ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? keys : 'a mapping'),
  });
}

export function list<Item extends z.ZodType>(item: Item, expected: string) {
  return z.array(item, { error: expected }).min(1, { error: `${expected} with at least one entry` });
}

/** Text that isn't empty, has no control characters, and passes `accepts`. */
export function text(expected: string, accepts: (value: string) => boolean = () => true) {
  return z
    .string({ error: expected })
    .refine((value) => value !== '' && !hasControls(value) && accepts(value), { error: expected });
}

export function secret(expected: string, accepts: (value: string) => boolean) {
  return z
    .string({ error: expected })
    .refine((value) => !value.includes('\0') && accepts(value), { error: expected })
    .transform((value) => new Secret(value));
}

/** Text that stands for a value; `parse` may refuse with a more precise expectation. */
export function parsed<Value>(
  expected: string,
  parse: (value: string, refuse: (expected: string) => undefined) => Value | undefined,
) {
  return z.string({ error: expected }).transform((value, context): Value => {
    let precise = expected;
    const result = parse(value, (message) => {
      precise = message;
      return undefined;
    });
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: precise });
    return z.NEVER;
  });
}

export function number(expected: string, first: number, last: number) {
  return z.number({ error: expected }).min(first, { error: expected }).max(last, { error: expected });
}

export function wholeNumber(first: number, last: number) {
  const expected = `a whole number from ${first} to ${last}`;
  return z.int({ error: expected }).min(first, { error: expected }).max(last, { error: expected });
}

export function trueOrFalse() {
  return z.boolean({ error: 'true or false' });
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  const expected = `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return z.enum(values, { error: expected });
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/core/errors.js';
import { parse } from './parse.js';

const SECRET = 'geheim-9f3';

const GOOD = [
  'data_dir: "/data"',
  'guard: { max_removed_percent: 50, min_messages: 100 }',
  'notify:',
  `  - { type: webhook, url: "https://hooks.example/${SECRET}", on: [failure] }`,
  '  - type: email',
  `    smtp: { host: h, user: u, password: ${SECRET} }`,
  '    from: a@b',
  '    to: [c@d]',
  'accounts:',
  '  - name: one',
  '    host: imap.example.org',
  '    user: me',
  `    password: "${SECRET}"`,
  '    watch: [INBOX, Work]',
  '  - { name: two, host: h, user: me, port: 143, tls: starttls,',
  `      oauth: { provider: google, client_id: x, client_secret: '${SECRET}' } }`,
].join('\n');

/** Where the text may be damaged: a secret cut in two would be another secret. */
const PLACES = Array.from({ length: GOOD.length }, (_, place) => place).filter(
  (place) => !GOOD.slice(Math.max(0, place - SECRET.length + 1), place + SECRET.length).includes(SECRET),
);

const damage = fc.record({
  place: fc.constantFrom(...PLACES),
  remove: fc.constantFrom(0, 1),
  insert: fc.constantFrom(
    '',
    '',
    ' ',
    '\n',
    '\t',
    ':',
    ': ',
    ',',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '#',
    '&',
    '*',
    '!',
    '|',
    '>',
    '-',
    '5',
    '%',
    '\0',
  ),
});

describe('a configuration with a few characters changed', () => {
  test('is read, or refused with a place for each mistake and without a secret', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        let text = GOOD;
        for (const { place, remove, insert } of damages.toSorted((one, other) => other.place - one.place)) {
          text = text.slice(0, place) + insert + text.slice(place + remove);
        }
        try {
          parse(text);
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(ConfigError);
          const { message } = error as ConfigError;
          expect(message).not.toContain(SECRET);
          for (const line of message.split('\n'))
            expect(line).toMatch(/^\/etc\/mailkeep\/c\.yaml:[1-9]\d*:[1-9]\d*: \S/);
        }
      }),
      { numRuns: 1500 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});

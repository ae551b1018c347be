import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { makeMessages, markedMessage } from './messages.js';

describe('generated messages', () => {
  test('are the same for the same seed and differ otherwise', () => {
    expect(makeMessages({ seed: 1, count: 20 })).toEqual(makeMessages({ seed: 1, count: 20 }));
    const bodies = makeMessages({ seed: 1, count: 200 }).map(({ body }) => body.toString('latin1'));
    expect(new Set(bodies).size).toBe(200);
    expect(makeMessages({ seed: 2, count: 1 })[0]!.body.toString()).not.toBe(bodies[0]);
  });

  test('end every line with CRLF, or with LF when asked', () => {
    for (const { body } of makeMessages({ seed: 3, count: 50 })) {
      expect(/(?<!\r)\n|\r(?!\n)/.test(body.toString('latin1'))).toBe(false);
    }
    const [one] = makeMessages({ seed: 3, count: 1, lineEnd: '\n' });
    expect(one!.body.includes('\r')).toBe(false);
  });

  test('have the sizes asked for', () => {
    const sizes = makeMessages({ seed: 4, count: 1000, medianBytes: 9000, mostBytes: 300_000 })
      .map(({ body }) => body.length)
      .sort((a, b) => a - b);
    expect(sizes[500]).toBeGreaterThan(7000);
    expect(sizes[500]).toBeLessThan(13_000);
    expect(sizes[999]).toBeLessThan(310_000);
  });

  test('are mail that a parser understands, attachments included', async () => {
    const parsed = await Promise.all(
      makeMessages({ seed: 5, count: 60 }).map(async ({ body, internalDate }) => ({
        mail: await simpleParser(body),
        internalDate,
      })),
    );
    for (const { mail, internalDate } of parsed) {
      expect(mail.messageId).toMatch(/^<5\.\d+\./);
      expect(mail.date?.getTime()).toBe(internalDate * 1000);
      expect(mail.from?.value[0]?.address).toMatch(/@example\.org$/);
      expect(mail.text?.length).toBeGreaterThan(0);
    }
    expect(parsed.some(({ mail }) => mail.attachments.some((file) => file.size > 10_000))).toBe(true);
    expect(parsed.some(({ mail }) => mail.subject?.startsWith('Grüße'))).toBe(true);
    expect(parsed.some(({ mail }) => mail.html)).toBe(true);
  });

  test('carry a marker', async () => {
    const mail = await simpleParser(markedMessage('Box 7, Nr. 3 – ä'));
    expect(mail.subject).toBe('Box 7, Nr. 3 – ä');
    expect(mail.text?.trim()).toBe('Box 7, Nr. 3 – ä');
  });
});

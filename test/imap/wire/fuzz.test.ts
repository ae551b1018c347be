import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { damage, mutilate } from './damage.js';
import { DIALOGUES } from './dialogues.js';
import { MESSAGE_DIALOGUES } from './dialogues-on-messages.js';
import { fetchPlanted, ITEMS, MAILBOX, rowOf, STYLES } from './planted.js';
import { type Cut, connect, cutAt, everyByte, whole } from './scripted-server.js';

const cut: fc.Arbitrary<Cut> = fc.oneof(
  fc.constant(whole),
  fc.constant(everyByte),
  fc.integer({ min: 1, max: 400 }).map((at) => cutAt(at)),
);

describe('a damaged transcript', () => {
  test.each(DIALOGUES)(
    'always comes to an end, with a result or an error: $name',
    async ({ exchanges, run }) => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(exchanges.length - 1),
          fc.array(damage, { minLength: 1, maxLength: 3 }),
          cut,
          async (which, damages, cutter) => {
            const broken = exchanges.map((exchange, index) =>
              index === which
                ? { ...exchange, server: mutilate(Buffer.from(exchange.server as string, 'latin1'), damages) }
                : exchange,
            );
            await expectEnd(broken, run, cutter);
          },
        ),
        { numRuns: 150 },
      );
    },
  );

  test('of planted messages never gives a flawless result with a flaw in it', async () => {
    let flawless = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...STYLES),
        fc.array(damage, { minLength: 1, maxLength: 2 }),
        fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
        async (style, damages, at) => {
          const rows = MAILBOX.map((message, index) => rowOf(message, index, message.body.length, style));
          const transcript = mutilate(Buffer.from(`${rows.join('')}tg2 OK done\r\ntg3 OK done\r\n`), damages);
          const outcome = await fetchPlanted(transcript, { cut: at, items: ITEMS[style] });
          if (!outcome.clean) return;
          flawless += 1;
          expect(outcome.delivered.map(({ uid }) => uid).toSorted()).toEqual(MAILBOX.map(({ uid }) => uid));
          for (const { uid, text } of outcome.delivered) {
            const foreign = MAILBOX.filter((other) => other.uid !== uid && text.includes(other.mark));
            expect(foreign, `UID ${uid}: ${text}`).toEqual([]);
          }
        },
      ),
      { numRuns: 5000 },
    );
    // Damage inside a body or a flag leaves the result flawless: the property was put to the test.
    expect(flawless).toBeGreaterThan(20);
  });
});

describe('noise', () => {
  test('instead of an answer always comes to an end', async () => {
    const { exchanges, run } = MESSAGE_DIALOGUES[2]!;
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(
          fc.constantFrom(
            '* ',
            '1',
            ' FETCH (',
            'UID ',
            'BODY[] ',
            '{3}\r\n',
            'abc',
            ')',
            '\r\n',
            ' ',
            '"',
            'tg1 OK',
            'tg2 OK',
            'NIL',
            '+ ',
            'FLAGS ',
            '(',
            '\\Seen',
          ),
          { maxLength: 60 },
        )
        .map((words) => Buffer.from(words.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(noise, cut, async (bytes, cutter) => {
        await expectEnd([{ ...exchanges[0]!, server: bytes }, ...exchanges.slice(1)], run, cutter);
      }),
      { numRuns: 400 },
    );
  });
});

/** Runs a dialogue with a server that hangs up when nothing more is said: everything must then be settled. */
async function expectEnd(
  exchanges: (typeof DIALOGUES)[number]['exchanges'],
  run: (typeof DIALOGUES)[number]['run'],
  cutter: Cut,
): Promise<void> {
  const { session, server } = connect(exchanges, { cut: cutter, silence: 20_000 });
  const ran = run(session);
  ran.catch(() => {});
  await server.hangUpWhenQuiet();
  await ran.catch((error: unknown) => {
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).name).not.toBe('TimeoutError');
  });
  if (session.failure === null) session.close();
  expect(session.inFlight).toBe(0);
  expect(server.toClient.destroyed).toBe(true);
}

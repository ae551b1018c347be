import { describe, expect, test } from 'vitest';
import { fetchPlanted, ITEMS, MAILBOX, type Planted, rowOf, STYLES } from './planted.js';

describe('a literal whose size is wrong', () => {
  test.each(STYLES)(
    'never brings bytes under another UID, whichever message and however wrong (%s)',
    async (style) => {
      const total = MAILBOX.map((message, index) => rowOf(message, index, message.body.length, style)).join(
        '',
      ).length;
      let doubted = 0;
      let refused = 0;
      for (let victim = 0; victim < MAILBOX.length; victim += 1) {
        const honest = MAILBOX[victim]!.body.length;
        for (let off = -honest; off < total + 40; off += 1) {
          if (off === 0) continue;
          const rows = MAILBOX.map((message, index) =>
            rowOf(message, index, message.body.length + (index === victim ? off : 0), style),
          );
          const outcome = await fetchPlanted(`${rows.join('')}tg2 OK done (0.1 secs)\r\ntg3 OK done\r\n`, {
            items: ITEMS[style],
          });
          for (const { uid, text, doubts } of outcome.delivered) {
            const planted = MAILBOX.find((message) => message.uid === uid)!;
            if (doubts.includes('swallowed') || doubts.includes('shape')) doubted += 1;
            else expect(text, `victim ${victim}, off by ${off}`).toBe(planted.body);
          }
          if (!outcome.completed) refused += 1;
          // A result without blemish means that nothing was lost either.
          if (outcome.clean) expect(outcome.delivered).toHaveLength(MAILBOX.length);
        }
      }
      // Both ways of catching it were needed: the rules of a row, and the mark of a swallowed response.
      expect(refused).toBeGreaterThan(100);
      expect(doubted).toBeGreaterThan(2);
    },
  );

  test('that ends on the end of a later row passes every rule of a row: the mark alone tells', async () => {
    const [first, second, third] = MAILBOX.map((message, index) =>
      rowOf(message, index, message.body.length, 'uid first'),
    );
    const swallowed = `)\r\n${second}`.length - ')\r\n'.length;
    const liar = rowOf(MAILBOX[0]!, 0, MAILBOX[0]!.body.length + swallowed, 'uid first');
    const outcome = await fetchPlanted(`${liar}${second}${third}tg2 OK\r\ntg3 OK\r\n`);
    expect(first).not.toBe(liar);
    expect(outcome.completed).toBe(true);
    expect(outcome.clean).toBe(false);
    expect(outcome.delivered.map(({ uid, doubts }) => [uid, doubts])).toEqual([
      [11, ['swallowed']],
      [21, []],
    ]);
  });

  test('that swallows the tagged answer leaves a doubt, and a command without an end', async () => {
    const rows = MAILBOX.map((message, index) => rowOf(message, index, message.body.length, 'uid first'));
    const answer = 'tg2 OK done\r\n* 9 FETCH (FLAGS ()';
    const liar = rowOf(MAILBOX[2]!, 2, MAILBOX[2]!.body.length + ')\r\n'.length + answer.length, 'uid first');
    const outcome = await fetchPlanted(`${rows.slice(0, 2).join('')}${liar}${answer})\r\ntg3 OK\r\n`);
    expect(outcome.completed).toBe(false);
    expect(outcome.delivered[2]).toMatchObject({ uid: 21, doubts: ['swallowed'] });
  });

  test('the mark of a swallowed response is found wherever the chunks end', async () => {
    const rows = MAILBOX.map((message, index) => rowOf(message, index, message.body.length, 'uid first'));
    const liar = rowOf(MAILBOX[0]!, 0, MAILBOX[0]!.body.length + rows[1]!.length, 'uid first');
    const transcript = `${liar}${rows.slice(1).join('')}tg2 OK\r\ntg3 OK\r\n`;
    for (const cut of [
      'bytes' as const,
      ...Array.from({ length: liar.length + rows[1]!.length }, (_, at) => at + 1),
    ]) {
      const outcome = await fetchPlanted(transcript, { cut });
      expect(outcome.delivered[0], `cut ${cut}`).toMatchObject({ uid: 11, doubts: ['swallowed'] });
    }
  });

  test('an honest message that quotes an IMAP session is delivered, with a doubt', async () => {
    const quote = 'C: x FETCH\r\nS: (FLAGS ())\r\n* 5 FETCH (UID 3)\r\n';
    const rows = MAILBOX.map((message, index) =>
      rowOf(
        index === 1 ? { ...message, body: quote } : message,
        index,
        index === 1 ? quote.length : message.body.length,
        'uid first',
      ),
    );
    const outcome = await fetchPlanted(`${rows.join('')}tg2 OK\r\ntg3 OK\r\n`);
    expect(outcome.delivered[1]).toEqual({ uid: 12, text: quote, doubts: ['swallowed'] });
    expect(outcome.delivered).toHaveLength(3);
  });

  test('rows whose numbers and UIDs do not rise together are doubted', async () => {
    const [first, second, third] = MAILBOX as [Planted, Planted, Planted];
    const row = (message: Planted, index: number) => rowOf(message, index, message.body.length, 'uid first');
    const swapped = await fetchPlanted(
      `${row(first, 0)}${row(third, 1)}${row(second, 2)}tg2 OK\r\ntg3 OK\r\n`,
    );
    expect(swapped.delivered.map(({ uid, doubts }) => [uid, doubts])).toEqual([
      [11, []],
      [21, []],
      [12, ['order']],
    ]);
    // Behind an EXPUNGE the numbers are others.
    const expunged = `${row(first, 1)}* 1 EXPUNGE\r\n${row(second, 1)}${row(third, 2)}`;
    const outcome = await fetchPlanted(`${expunged}tg2 OK\r\ntg3 OK\r\n`);
    expect(outcome.delivered.map(({ doubts }) => doubts)).toEqual([[], [], []]);
  });
});

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
    const [first, second, third, fourth] = MAILBOX.map((message, index) =>
      rowOf(message, index, message.body.length, 'uid first'),
    );
    const swallowed = `)\r\n${second}`.length - ')\r\n'.length;
    const liar = rowOf(MAILBOX[0]!, 0, MAILBOX[0]!.body.length + swallowed, 'uid first');
    const outcome = await fetchPlanted(`${liar}${second}${third}${fourth}tg2 OK\r\ntg3 OK\r\n`);
    expect(first).not.toBe(liar);
    expect(outcome.completed).toBe(true);
    expect(outcome.clean).toBe(false);
    expect(outcome.delivered.map(({ uid, doubts }) => [uid, doubts])).toEqual([
      [11, ['swallowed']],
      [14, []],
      [21, []],
    ]);
  });

  test('that swallows the tagged answer is not handed over', async () => {
    const rows = MAILBOX.map((message, index) => rowOf(message, index, message.body.length, 'uid first'));
    const answer = 'tg2 OK done\r\n* 9 FETCH (FLAGS ()';
    const liar = rowOf(MAILBOX[3]!, 3, MAILBOX[3]!.body.length + ')\r\n'.length + answer.length, 'uid first');
    const outcome = await fetchPlanted(`${rows.slice(0, 3).join('')}${liar}${answer})\r\ntg3 OK\r\n`);
    expect(outcome.completed).toBe(false);
    expect(outcome.delivered.map(({ uid }) => uid)).toEqual([11, 12, 14]);

    // Where some untagged line comes first, the row looks confirmed; the tag inside the body gives it away.
    const later = await fetchPlanted(
      `${rows.slice(0, 3).join('')}${liar}${answer})\r\n* 9 EXISTS\r\ntg3 OK\r\n`,
    );
    expect(later.completed).toBe(false);
    expect(later.delivered[3]).toMatchObject({ uid: 21, doubts: ['swallowed'] });
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
    expect(outcome.delivered).toHaveLength(4);
  });

  test('rows whose numbers and UIDs do not rise together are doubted', async () => {
    const [first, second, third, fourth] = MAILBOX as [Planted, Planted, Planted, Planted];
    const order = [
      rowOf(first, 0, first.body.length, 'uid first'),
      rowOf(third, 1, third.body.length, 'uid first'),
    ];
    order.push(
      rowOf(second, 2, second.body.length, 'uid first'),
      '* 1 EXPUNGE\r\n',
      rowOf(fourth, 2, fourth.body.length, 'uid first'),
    );
    const outcome = await fetchPlanted(`${order.join('')}tg2 OK\r\ntg3 OK\r\n`);
    expect(outcome.delivered.map(({ uid, doubts }) => [uid, doubts])).toEqual([
      [11, []],
      [14, []],
      [12, ['order']],
      [21, []],
    ]);
  });
});

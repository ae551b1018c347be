import { describe, expect, test } from 'vitest';
import { type Dialogue, plain } from './dialogue.js';
import { DIALOGUES } from './dialogues.js';
import { type Cut, connect, cutAt, everyByte, whole } from './scripted-server.js';

describe('a dialogue', () => {
  test.each(DIALOGUES)('gives its results: $name', async (dialogue) => {
    expect(await outcome(dialogue, whole)).toEqual(dialogue.expected);
  });

  test.each(DIALOGUES)('gives the same results byte by byte: $name', async (dialogue) => {
    expect(await outcome(dialogue, everyByte)).toEqual(dialogue.expected);
  });

  test.each(DIALOGUES)('gives the same results cut in two at every byte: $name', async (dialogue) => {
    const longest = Math.max(...dialogue.exchanges.map(({ server }) => server.length));
    for (let at = 1; at < longest; at += 1) {
      const result = await outcome(dialogue, cutAt(at));
      if (JSON.stringify(result) === JSON.stringify(dialogue.expected)) continue;
      expect(result, `cut at ${at}`).toEqual(dialogue.expected);
    }
  });
});

async function outcome(dialogue: Dialogue, cut: Cut): Promise<unknown> {
  const { session, server } = connect(dialogue.exchanges, { cut });
  const result = plain(await dialogue.run(session));
  expect(server.received).toBe(dialogue.exchanges.map(({ client }) => `${client}\r\n`).join(''));
  session.close();
  return result;
}

import { expect, test } from 'vitest';
import { fetchBodies } from '../../../src/imap/wire/commands/fetch-bodies.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { connect, MemorySink } from './scripted-server.js';

test('smoke', async () => {
  const { session } = connect([
    {
      client: 'tg1 EXAMINE "INBOX"',
      server: '* 2 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 9] x\r\ntg1 OK [READ-ONLY] done\r\n',
    },
    {
      client: 'tg2 UID FETCH 1:2 (UID BODY.PEEK[])',
      server:
        '* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n* 2 FETCH (FLAGS (\\Seen) BODY[] {3}\r\nyou UID 2)\r\ntg2 OK done\r\n',
    },
  ]);
  const sinks: MemorySink[] = [];
  const opened = examine(session, 'INBOX');
  const bodies = fetchBodies(session, UidSet.of(1, 2), '', {
    begin: () => {
      const sink = new MemorySink();
      sinks.push(sink);
      return sink;
    },
  });
  expect(await opened).toMatchObject({ exists: 2, uidValidity: 7n, uidNext: 9 });
  const result = await bodies;
  expect(sinks.map((sink) => [sink.uid, sink.text])).toEqual([
    [1, 'hello'],
    [2, 'you'],
  ]);
  expect(result.missing.isEmpty).toBe(true);
  expect(result.delivered.toString()).toBe('1:2');
});

/**
 * A mailbox whose messages consist of their own UIDs, fetched from a server that can be made to say anything:
 * whatever it says, no message may come out under a UID that isn't its own.
 */
import { expect } from 'vitest';
import { fetchBodies } from '../../../src/imap/wire/commands/fetch-bodies.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { noop } from '../../../src/imap/wire/commands/session-commands.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { connect, cutAt, everyByte, MemorySink, whole } from './scripted-server.js';

/** A planted message: it consists of its own UID, and of a mark that no other message has. */
export interface Planted {
  readonly uid: number;
  readonly mark: string;
  readonly body: string;
}

export type Style = 'uid first' | 'uid last' | 'flags last' | 'size first' | 'split rows';

export const STYLES: readonly Style[] = ['uid first', 'uid last', 'flags last', 'size first', 'split rows'];

/** What is asked for beside the body, so that the rows of a style are what was asked for. */
export const ITEMS: Readonly<Record<Style, readonly string[]>> = {
  'uid first': [],
  'uid last': [],
  'flags last': ['FLAGS'],
  'size first': ['RFC822.SIZE'],
  'split rows': ['FLAGS'],
};

export const MAILBOX: readonly Planted[] = [plant(11), plant(12), plant(21)];

function plant(uid: number): Planted {
  const mark = `mark-${uid * 7919}-${uid}`;
  return { uid, mark, body: `${mark}\r\n${`uid=${uid} `.repeat(uid % 5)}\r\n` };
}

export function rowOf({ uid, body }: Planted, index: number, announced: number, style: Style): string {
  const sequence = `* ${index + 1} FETCH `;
  const literal = `BODY[] {${announced}}\r\n${body}`;
  switch (style) {
    case 'uid first':
      return `${sequence}(UID ${uid} ${literal})\r\n`;
    case 'uid last':
      return `${sequence}(${literal} UID ${uid})\r\n`;
    case 'flags last':
      return `${sequence}(UID ${uid} ${literal} FLAGS (\\Seen))\r\n`;
    case 'size first':
      return `${sequence}(UID ${uid} RFC822.SIZE ${body.length} ${literal})\r\n`;
    case 'split rows':
      return `${sequence}(UID ${uid} FLAGS ())\r\n${sequence}(UID ${uid} ${literal})\r\n`;
  }
}

export interface Outcome {
  /** Bodies handed over, with their UID and doubts. */
  readonly delivered: { uid: number; text: string; doubts: readonly string[] }[];
  readonly clean: boolean;
  readonly completed: boolean;
}

/** Fetches the planted messages from a server that says `transcript`, then hangs up. Fails on a hang. */
export async function fetchPlanted(
  transcript: Buffer | string,
  options: { cut?: number | 'bytes' | undefined; items?: readonly string[] } = {},
): Promise<Outcome> {
  const { cut, items = [] } = options;
  const asked = ['UID', ...items, 'BODY.PEEK[]'].join(' ');
  const { session } = connect(
    [
      { client: 'tg1 EXAMINE "a"', server: '* 3 EXISTS\r\ntg1 OK\r\n' },
      { client: `tg2 UID FETCH 11:12,21 (${asked})`, server: transcript },
    ],
    {
      hangUp: true,
      silence: 2000,
      cut: cut === undefined ? whole : cut === 'bytes' ? everyByte : cutAt(cut),
    },
  );
  const delivered: Outcome['delivered'] = [];
  const sinks: MemorySink[] = [];
  examine(session, 'a');
  const fetched = fetchBodies(
    session,
    UidSet.from(MAILBOX.map(({ uid }) => uid)),
    '',
    {
      begin: () => {
        const sink = new MemorySink();
        const end = sink.end.bind(sink);
        sink.end = (row, doubts) => {
          end(row, doubts);
          delivered.push({ uid: row.uid!, text: sink.text, doubts });
        };
        sinks.push(sink);
        return sink;
      },
    },
    { items },
  );
  const behind = noop(session);
  const result = await fetched.catch(() => null);
  await behind.catch(() => null);
  expect(session.failure?.name, 'the server has hung up').toMatch(
    /^(ConnectionLost|ProtocolViolation)Error$/,
  );
  for (const sink of sinks) expect(sink.ended, 'a sink is ended or aborted').toBe(sink.aborted === null);
  const accounted = result === null ? 0 : result.delivered.size + result.missing.size + result.nil.size;
  if (result !== null) expect(accounted, 'every UID is accounted for').toBe(MAILBOX.length);
  const blemishes =
    result === null ? [] : [result.missing, result.nil, result.duplicates, ...Object.values(result.doubts)];
  const clean = result !== null && blemishes.every((uids) => uids.isEmpty);
  return { delivered, clean, completed: result !== null };
}

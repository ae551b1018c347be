/**
 * How much CPU 100,000 rows of flags cost, from the bytes of the socket to the callback. Not a test: run it
 * with `npx tsx test/imap/wire/flag-rows-benchmark.ts`.
 */
import { PassThrough, Writable } from 'node:stream';
import { fetchRows } from '../../../src/imap/wire/commands/fetch-rows.js';
import { examine } from '../../../src/imap/wire/commands/select.js';
import { WireSession } from '../../../src/imap/wire/session.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';

const ROWS = 100_000;
const SOCKET_CHUNK = 65_536;
const FLAGS = ['', '\\Seen', '\\Seen \\Answered', '\\Seen $Label1 NonJunk', '\\Flagged'];

const layouts: Readonly<Record<string, (uid: number) => string>> = {
  'UID FLAGS': (uid) => `(UID ${uid} FLAGS (${FLAGS[uid % FLAGS.length]}))`,
  'UID FLAGS MODSEQ': (uid) => `(UID ${uid} FLAGS (${FLAGS[uid % FLAGS.length]}) MODSEQ (${uid + 77_000}))`,
  'all but the body': (uid) =>
    `(UID ${uid} FLAGS (${FLAGS[uid % FLAGS.length]}) MODSEQ (${uid}) RFC822.SIZE ${uid % 90_000} ` +
    `INTERNALDATE "17-Jul-2024 02:44:25 -0700" EMAILID (M${uid}))`,
};

for (const [name, layout] of Object.entries(layouts)) {
  const rows = Array.from(
    { length: ROWS },
    (_, index) => `* ${index + 1} FETCH ${layout(index * 3 + 1)}\r\n`,
  );
  const bytes = Buffer.from(`${rows.join('')}tg2 OK done\r\n`, 'latin1');
  const figures: string[] = [];
  for (let round = 0; round < 5; round += 1) figures.push(await measure(bytes));
  console.log(
    `${name}: ${figures.join(', ')} ms of CPU for ${ROWS} rows, ${(bytes.length / 1e6).toFixed(1)} MB`,
  );
}

async function measure(bytes: Buffer): Promise<string> {
  const readSocket = new PassThrough({ highWaterMark: bytes.length * 2 });
  const writeSocket = new Writable({ write: (_chunk, _encoding, done) => done() });
  const session = new WireSession({ readSocket, writeSocket }, { tagPrefix: 'tg' });
  const opened = examine(session, 'a');
  readSocket.write('* 1 EXISTS\r\ntg1 OK\r\n');
  await opened;
  let seen = 0;
  const before = process.cpuUsage();
  const done = fetchRows(session, UidSet.range(1, 0xffff_ffff), ['FLAGS'], () => {
    seen += 1;
  });
  for (let at = 0; at < bytes.length; at += SOCKET_CHUNK)
    readSocket.write(bytes.subarray(at, at + SOCKET_CHUNK));
  await done;
  const { user, system } = process.cpuUsage(before);
  session.close();
  if (seen !== ROWS) throw new Error(`${seen} rows`);
  return ((user + system) / 1000).toFixed(0);
}

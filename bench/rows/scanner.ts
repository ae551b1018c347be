// The wire reader alone, in this process: rows of flags from memory, as fast as they can be read.

import { Duplex } from 'node:stream';
import { fetchRows } from '../../src/imap/wire/commands/fetch-rows.js';
import { examine } from '../../src/imap/wire/commands/select.js';
import { WireSession } from '../../src/imap/wire/session.js';
import { UidSet } from '../../src/imap/wire/uid-set.js';
import { MAILKEEP, type Measure, type Row, secondsGoal } from '../row.js';

const PIECE = 64 * 1024;
const FLAGS = ['', '\\Seen', '\\Answered \\Seen', '\\Flagged \\Seen', '\\Seen $Forwarded', '\\Recent'];

export const scanFlags: Row = {
  name: 'flag-rows',
  needs: [],
  run: async (setting) => {
    const rows = setting.scaled(100_000);
    const transcript = flagRows(rows);
    const samples: Measure[] = [];
    for (let round = 0; round < setting.runs; round++) samples.push(await scan(rows, transcript));
    const series = [{ who: MAILKEEP, samples }];
    return {
      name: 'flag-rows',
      work: `${rows.toLocaleString('en')} rows of flags scanned, in process`,
      series,
      goals: secondsGoal(series, 0.2),
    };
  },
};

async function scan(rows: number, transcript: Buffer): Promise<Measure> {
  const server = new Replay(transcript);
  const session = new WireSession({ readSocket: server, writeSocket: server });
  await examine(session, 'INBOX', {});
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let sum = 0;
  const result = await fetchRows(session, UidSet.range(1, rows), ['FLAGS'], (row) => {
    sum += row.uid;
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  session.close();
  if (result.rows !== rows || sum !== (rows * (rows + 1)) / 2)
    throw new Error(`${result.rows} rows of ${rows}`);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes: null };
}

function flagRows(count: number): Buffer {
  const lines = Array.from({ length: count }, (_, at) => {
    const flags = FLAGS[at % FLAGS.length];
    return `* ${at + 1} FETCH (UID ${at + 1} FLAGS (${flags}) MODSEQ (${1000 + (at % 5000)}))\r\n`;
  });
  return Buffer.from(lines.join(''), 'latin1');
}

/** A server that opens any mailbox and answers every FETCH with the transcript, in pieces as a socket has them. */
class Replay extends Duplex {
  readonly #transcript: Buffer;

  constructor(transcript: Buffer) {
    super();
    this.#transcript = transcript;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    for (const [, tag, name] of chunk.toString('latin1').matchAll(/^(\S+) (?:UID )?(\S+).*\r\n/gm)) {
      if (name === 'FETCH') {
        for (let at = 0; at < this.#transcript.length; at += PIECE)
          this.push(this.#transcript.subarray(at, at + PIECE));
      } else {
        this.push('* 1 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 2] ok\r\n* FLAGS (\\Seen)\r\n');
      }
      this.push(`${tag} OK done\r\n`);
    }
    done();
  }
}

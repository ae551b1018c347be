// What bounds a run over POP3: a budget of octets together with deletion from the server, and a message larger than
// memory.

import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { letHoursPass } from '../support/hours-pass.js';
import { closeServer, listenAnywhere, portOf } from '../support/loopback.js';
import { Mailkeep, type SyncReport } from '../support/mailkeep.js';
import { withPeakMemory } from '../support/peak-memory.js';
import { type PopMessage, PopServer } from '../support/pop3-server/server.js';

const TIMEOUT = 180_000;

function account(port: number, keys: Record<string, unknown> = {}) {
  return { port, user: 'me', password: 'secret-secret', keys: { protocol: 'pop3', ...keys } };
}

/** Of 100,000 octets, received on that day of January 2020. */
function large(day: number): PopMessage {
  const head = `Received: by here; ${String(day).padStart(2, '0')} Jan 2020 10:00:00 +0000\r\nSubject: ${day}\r\n\r\n`;
  return { uidl: `large-${day}`, body: Buffer.from(head + 'x'.repeat(100_000 - head.length)) };
}

describe('rate_limit and delete_after', () => {
  test('go together: what was stored has its date and leaves the server, the rest waits there', async () => {
    await using server = await PopServer.start(Array.from({ length: 25 }, (_, at) => large(at + 1)));
    const keys = { rate_limit: '1MB/day', pop3: { delete_after: '0d' } };
    await using mailkeep = await Mailkeep.create(account(server.port, keys));
    const runs: [number | null, number, number][] = [];
    for (let run = 0; run < 3; run++) {
      const { code, report } = await mailkeep.sync();
      runs.push([
        code,
        report.added,
        (report as SyncReport & { deleted_on_server: number }).deleted_on_server,
      ]);
      letHoursPass(mailkeep, 25);
    }
    expect(runs).toEqual([
      [3, 10, 10],
      [3, 10, 10],
      [0, 5, 5],
    ]);
    expect(server.messages).toEqual([]);
    const archived = [...(mailkeep.archive().get('INBOX') ?? [])].sort(([a], [b]) => a - b);
    expect(archived.map(([, { internalDate }]) => new Date(internalDate * 1000).getUTCDate())).toEqual(
      Array.from({ length: 25 }, (_, at) => at + 1),
    );
    expect(await mailkeep.check()).toMatchObject({ code: 0, files: 25, missing: [], unindexed: [] });
  });
});

describe('a message larger than what memory may hold', () => {
  const LINE = Buffer.from(`..${'x'.repeat(997)}\r\n`);
  const BLOCK = Buffer.concat(Array.from({ length: 1000 }, () => LINE));
  const BLOCKS = 300;
  const HEAD = Buffer.from('Subject: huge\r\n\r\n');
  const SIZE = HEAD.length + BLOCKS * (BLOCK.length - 1000);

  /** Speaks just enough POP3, and waits while its client does. */
  async function serve() {
    const answers: Record<string, string> = {
      CAPA: '+OK\r\nUIDL\r\nTOP\r\nUSER\r\n.\r\n',
      STAT: `+OK 1 ${SIZE}\r\n`,
      UIDL: '+OK\r\n1 huge\r\n.\r\n',
      LIST: `+OK\r\n1 ${SIZE}\r\n.\r\n`,
    };
    const retr = async (socket: Socket) => {
      socket.write(Buffer.concat([Buffer.from('+OK\r\n'), HEAD]));
      for (let sent = 0; sent < BLOCKS && !socket.destroyed; sent++)
        if (!socket.write(BLOCK)) await new Promise((resolve) => socket.once('drain', resolve));
      socket.write('.\r\n');
    };
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('+OK\r\n');
      socket.on('data', (chunk) => {
        for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
          if (line.startsWith('RETR')) void retr(socket);
          else socket.write(answers[line] ?? '+OK\r\n');
        }
      });
    });
    await listenAnywhere(server);
    return { port: portOf(server), [Symbol.asyncDispose]: () => closeServer(server) };
  }

  test(
    'streams through to the disk',
    async () => {
      await using server = await serve();
      await using mailkeep = await Mailkeep.create(account(server.port));
      const { child, ended } = mailkeep.start('sync', '--json');
      const { ended: run, peakMiB } = await withPeakMemory(child, ended);
      expect(JSON.parse(run.stdout).accounts[0]).toMatchObject({
        status: 'ok',
        added: 1,
        bytes_downloaded: SIZE,
      });
      const hash = createHash('sha256').update(HEAD);
      const unstuffed = Buffer.concat(Array.from({ length: 1000 }, () => LINE.subarray(1)));
      for (let at = 0; at < BLOCKS; at++) hash.update(unstuffed);
      expect([...mailkeep.archive().get('INBOX')!.values()][0]!.sha256).toBe(hash.digest('hex'));
      expect(peakMiB).toBeLessThan(200);
    },
    TIMEOUT,
  );
});

// The built daemon on a clock that the test sets, sixty times as fast as the real one: a machine that sleeps, or boots
// without a battery for its clock.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { HttpSink } from '../support/http-sink.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { PASSWORD, put } from './in-process.js';

const FAKE_CLOCK = pathToFileURL(resolve(import.meta.dirname, '../support/fake-clock.mjs')).href;
const HOUR = 3_600_000;
const SPEED = 60;
/** Three minutes: more than the half minute between two looks at the clock, and less than a tick is away. */
const A_WHILE = 3000;

interface Scene extends AsyncDisposable {
  readonly server: ImapServer;
  readonly web: HttpSink;
  readonly mailkeep: Mailkeep;
  /** The moment it is there from now on. */
  set(moment: number): void;
}

async function scene(moment: number, schedule: string): Promise<Scene> {
  const server = await ImapServer.start({ users: { alice: PASSWORD } });
  put(server.store('alice'), 'INBOX', 5);
  const web = await HttpSink.start();
  const mailkeep = await Mailkeep.create({
    port: server.port,
    user: 'alice',
    password: PASSWORD,
    top: { schedule, timezone: 'Europe/Berlin', notify: [{ type: 'webhook', url: `${web.url}/` }] },
  });
  const file = join(mailkeep.folder, 'clock');
  const startedAt = Date.now();
  const set = (to: number) => {
    const elapsed = SPEED * (Date.now() - startedAt);
    writeFileSync(file, String(to - startedAt - elapsed));
  };
  set(moment);
  mailkeep.environment.FAKE_CLOCK = file;
  mailkeep.environment.FAKE_CLOCK_SPEED = String(SPEED);
  mailkeep.environment.NODE_OPTIONS = `--import=${FAKE_CLOCK}`;
  return {
    server,
    web,
    mailkeep,
    set,
    [Symbol.asyncDispose]: async () => {
      await mailkeep.remove();
      await Promise.all([web[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
    },
  };
}

test('a machine that sleeps, boots in 1970 or is set right again makes up one run each time, and alarms nobody', {
  timeout: 120_000,
}, async () => {
  const begin = Date.parse('2026-03-10T12:01:00Z');
  await using stage = await scene(begin, '*/15 * * * *');
  const daemon = new RunningDaemon(stage.mailkeep);
  await daemon.until(/run 1 ok: 5 added/);
  expect(Math.abs(daemon.lines[0]!.time - begin)).toBeLessThan(2 * 60_000);
  for (const [run, moment] of [
    [2, begin + 60 * HOUR],
    // Backwards nothing was missed.
    [null, Date.parse('1970-01-01T00:01:00Z')],
    [3, begin + 70 * HOUR],
    [null, begin + 40 * HOUR],
  ] as const) {
    const from = daemon.lines.length;
    put(stage.server.store('alice'), 'INBOX', 1);
    stage.set(moment);
    daemon.signal('SIGUSR2');
    if (run !== null) await daemon.until(new RegExp(`run ${run} ok: [12] added`), from);
    await pause(A_WHILE);
    expect([moment, daemon.count(/run begins/, from)]).toEqual([moment, run === null ? 0 : 1]);
  }
  const from = daemon.lines.length;
  await daemon.until(/run 4 ok: 1 added/, from, 60_000);
  expect(stage.web.requests.all).toEqual([]);
  expect((await daemon.stop()).code).toBe(0);
  delete stage.mailkeep.environment.NODE_OPTIONS;
  expect(await stage.mailkeep.check()).toMatchObject({ code: 0, files: 9 });
});

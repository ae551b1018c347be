// What only a server that obeys the test can show: a daemon that is told to stop, to hurry or to read its config
// while a run hangs on the network.

import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stall } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import { closeServer, listenAnywhere, portOf } from '../support/loopback.js';
import { ENGINES, Mailkeep } from '../support/mailkeep.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { PASSWORD, put } from './in-process.js';

describe.each(ENGINES)('a run that hangs on a silent server (%s)', (engine) => {
  test.each(['GREETING', 'LIST', 'UID FETCH', 'IDLE'])('at %s keeps no stop waiting', async (command) => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    put(server.store('alice'), 'INBOX', 5);
    const account = { port: server.port, user: 'alice', password: PASSWORD, engine };
    await using mailkeep = await Mailkeep.create({ ...account, keys: { watch: true } });
    await mailkeep.configure({ ...account, keys: { watch: true }, top: { schedule: '* * * * *' } });
    const fault = server.faults.add({ command }, stall());
    const daemon = new RunningDaemon(mailkeep);
    await fault.reached;
    const { code, milliseconds } = await daemon.stop();
    fault.release();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(5000);
  });
});

const noRoot = spawnSync('unshare', ['--mount', 'true']).status !== 0;
test.skipIf(noRoot)(
  `a name that nobody looks up keeps no stop waiting${noRoot ? ' (skipped: it takes root)' : ''}`,
  async () => {
    // Two name servers that say nothing: the system's resolver takes 20 seconds to give up.
    const deaf = createSocket('udp4');
    await new Promise<void>((resolve) => deaf.bind(53, '127.7.5.3', resolve));
    const asked = once(deaf, 'message');
    await using mailkeep = await Mailkeep.create({
      port: 143,
      user: 'alice',
      password: PASSWORD,
      keys: { host: 'imap.example.org', allow_insecure: true },
      top: { schedule: '* * * * *' },
    });
    const inPlaceOf = async (file: string, text: string) => {
      const copy = join(mailkeep.folder, basename(file));
      await writeFile(copy, text);
      return `mount --bind '${copy}' ${file}`;
    };
    const script = [
      await inPlaceOf('/etc/resolv.conf', 'nameserver 127.7.5.3\nnameserver 127.7.5.3\n'),
      await inPlaceOf('/etc/nsswitch.conf', 'hosts: dns\n'),
      'exec "$@"',
    ];
    mailkeep.starter = ['unshare', '--mount', 'sh', '-ec', script.join('\n'), 'sh'];
    const daemon = new RunningDaemon(mailkeep);
    await asked;
    const { milliseconds } = await daemon.stop();
    expect(daemon.count(/mailkeep stopped/)).toBe(1);
    expect(milliseconds).toBeLessThan(10_000);
    deaf.close();
  },
);

describe('a second signal', () => {
  test('ends at once what the first asked to end in good order', async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    // A ping that nobody answers is given a moment when the daemon stops.
    const deaf = await listenAnywhere(createServer((socket) => socket.resume().on('error', () => {})));
    await using mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'alice',
      password: PASSWORD,
      top: { schedule: '* * * * *', notify: [{ type: 'ping', url: `http://127.0.0.1:${portOf(deaf)}/` }] },
    });
    const daemon = new RunningDaemon(mailkeep);
    await daemon.until(/personal: run 1 ok/);
    daemon.signal('SIGTERM');
    await daemon.until(/mailkeep stopped/);
    daemon.signal('SIGINT');
    expect((await daemon.ended).code).toBe(130);
    await closeServer(deaf);
  });
});

describe('a reload', () => {
  test('leaves a run of another account alone, and adds and removes accounts beside it', async () => {
    const users = { slow: PASSWORD, goes: PASSWORD, comes: PASSWORD };
    await using server = await ImapServer.start({ users });
    for (const user of Object.keys(users)) put(server.store(user), 'INBOX', 5);
    await using mailkeep = await Mailkeep.create({ port: server.port, user: 'slow', password: PASSWORD });
    const account = (name: string) => ({
      name,
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      user: name,
      password: PASSWORD,
    });
    const configure = (...names: string[]) =>
      writeFile(
        mailkeep.configFile,
        JSON.stringify({ data_dir: 'data', schedule: '0 0 1 1 *', accounts: names.map(account) }),
        { mode: 0o600 },
      );
    await configure('slow', 'goes');
    const fault = server.faults.add({ command: 'UID FETCH', connection: 1 }, stall());
    const daemon = new RunningDaemon(mailkeep);
    await fault.reached;
    await daemon.until(/(slow|goes): run 1 ok/);
    const held = daemon.count(/slow: run 1 ok/) === 0 ? 'slow' : 'goes';
    const other = held === 'slow' ? 'goes' : 'slow';
    await configure(held, 'comes');
    daemon.signal('SIGHUP');
    await daemon.until(/comes: run 1 ok/);
    const from = daemon.lines.length;
    daemon.signal('SIGUSR1');
    await daemon.until(/comes: run 2 ok/, from);
    expect(daemon.count(new RegExp(`${other}: run`), from)).toBe(0);
    expect(daemon.count(new RegExp(`${held}: run \\d`))).toBe(0);
    fault.release();
    // The one that was held, and the one that SIGUSR1 asked for meanwhile.
    await daemon.until(new RegExp(`${held}: run 1 ok`));
    await daemon.until(new RegExp(`${held}: run 2 ok`));
    expect(readdirSync(join(mailkeep.folder, 'data', held, 'mail/INBOX/cur'))).toHaveLength(5);
    expect((await daemon.stop()).code).toBe(0);
  });
});

describe('an archive whose disk goes away', () => {
  test('is not begun anew in the empty folder, and gone on with once it is back', async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    put(server.store('alice'), 'INBOX', 5);
    await using mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD });
    const daemon = new RunningDaemon(mailkeep);
    await daemon.until(/mailkeep started/);
    daemon.signal('SIGUSR1');
    await daemon.until(/personal: run 1 ok/);
    const elsewhere = `${mailkeep.root}.unmounted`;
    renameSync(mailkeep.root, elsewhere);
    daemon.signal('SIGUSR1');
    expect((await daemon.until(/the archive in .* is not there any more/)).code).toBe('no_archive');
    await mailkeep.configure({ port: server.port, user: 'alice', password: PASSWORD });
    daemon.signal('SIGHUP');
    await daemon.until(/new configuration is in force/);
    const from = daemon.lines.length;
    daemon.signal('SIGUSR1');
    await daemon.until(/the archive in .* is not there any more/, from);
    expect(existsSync(mailkeep.root)).toBe(false);
    put(server.store('alice'), 'INBOX', 1);
    renameSync(elsewhere, mailkeep.root);
    daemon.signal('SIGUSR1');
    await daemon.until(/personal: run 2 ok: 1 added/);
    expect((await daemon.stop()).code).toBe(0);
  });
});

describe('a drill by schedule', () => {
  test('restores a sample behind a run, and a damaged file in it is told', async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    put(server.store('alice'), 'INBOX', 5);
    const top = { schedule: '*/2 * * * * *', drill: { schedule: '*/3 * * * * *', sample: 5 } };
    const account = { port: server.port, user: 'alice', password: PASSWORD };
    await using mailkeep = await Mailkeep.create({ ...account, top });
    const daemon = new RunningDaemon(mailkeep);
    await daemon.until(/5 messages were restored and read back/);
    const folder = join(mailkeep.root, 'mail/INBOX/cur');
    const from = daemon.lines.length;
    const file = join(folder, readdirSync(folder)[0]!);
    writeFileSync(file, Buffer.alloc(statSync(file).size, 'x'));
    await daemon.until(/1 messages could not be restored/, from);
    await daemon.until(/the archive is damaged/, from);
    expect((await daemon.stop()).code).toBe(0);
  });
});

// POP3 accounts against a real Dovecot: every way in, octets as IMAP sends them, what a run without news costs, and
// how the mail fares when the server loses it, changes its identifiers, or is told to delete it.

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { corpusMessages, describeWithCorpus } from '../support/corpus.js';
import { startDelayProxy } from '../support/delay-proxy.js';
import { Dovecot, describeWithDovecotPop3 } from '../support/dovecot.js';
import { type AccountSettings, documentOf, Mailkeep } from '../support/mailkeep.js';
import { makeMessages, markedMessage } from '../support/messages.js';
import { PopServer } from '../support/pop3-server/server.js';
import { RunningDaemon } from '../support/running-daemon.js';

const TIMEOUT = 180_000;

/** In the order of the UIDs, which is that in which the server lists them. POP3 tells neither flags nor dates. */
function contents(messages: ReadonlyMap<number, { readonly sha256: string }> | undefined): string[] {
  return [...(messages ?? [])].sort(([a], [b]) => a - b).map(([uid, { sha256 }]) => `${uid} ${sha256}`);
}

const sha256 = (octets: Buffer) => createHash('sha256').update(octets).digest('hex');
/** As Dovecot sends a file with bare LFs. */
const withLineEnds = (body: Buffer) =>
  Buffer.from(body.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');

const onServer = async (server: Dovecot, user: string) =>
  contents((await server.state(user)).get('INBOX')?.messages);
const archived = (mailkeep: Mailkeep) => contents(mailkeep.archive().get('INBOX'));

describeWithDovecotPop3('a POP3 account on Dovecot', () => {
  let server: Dovecot;
  const messages = makeMessages({ seed: 11, count: 300, medianBytes: 3000, mostBytes: 300_000 });
  beforeAll(async () => {
    server = await Dovecot.start({ pop3: true });
    await server.putMessages('alice', 'INBOX', messages);
  }, TIMEOUT);
  afterAll(() => server?.stop());

  const account = (user: string, keys: Record<string, unknown> = {}): AccountSettings => ({
    port: server.popPort,
    user,
    password: server.password,
    keys: { protocol: 'pop3', ...keys },
  });

  const WAYS: Record<string, () => Record<string, unknown>> = {
    plain: () => ({}),
    STLS: () => ({ host: 'localhost', tls: 'starttls', tls_ca_file: server.certificates.caFile }),
    TLS: () => ({
      host: 'localhost',
      port: server.popTlsPort,
      tls: 'implicit',
      tls_ca_file: server.certificates.caFile,
    }),
  };

  test.each(Object.keys(WAYS))(
    'is stored whole over %s, and has nothing to do the second time',
    async (way) => {
      await using mailkeep = await Mailkeep.create(account('alice', WAYS[way]!()));
      const first = await mailkeep.sync();
      expect([first.code, first.report.failures, first.stderr]).toEqual([0, [], '']);
      expect(first.report).toMatchObject({ status: 'ok', tier: 'pop3', mailboxes: 1, added: 300 });
      expect(archived(mailkeep)).toEqual(await onServer(server, 'alice'));
      const second = await mailkeep.sync();
      expect(second.report).toMatchObject({
        ...{ status: 'ok', added: 0, adopted: 0, removed: 0, bytes_downloaded: 0, mailboxes_changed: 0 },
        error: null,
      });
      expect(await mailkeep.check()).toMatchObject({ code: 0, files: 300, missing: [], unindexed: [] });
    },
    TIMEOUT,
  );

  test(
    'with delete_after is emptied once the mail is stored, and the archive keeps it as it is',
    async () => {
      await server.putMessages('bob', 'INBOX', messages.slice(0, 40));
      const truth = await onServer(server, 'bob');
      await using mailkeep = await Mailkeep.create(account('bob', { pop3: { delete_after: '0d' } }));
      expect((await mailkeep.sync()).report).toMatchObject({
        status: 'ok',
        added: 40,
        deleted_on_server: 40,
      });
      expect(await onServer(server, 'bob')).toEqual([]);
      await server.putMessages('bob', 'INBOX', messages.slice(40, 42));
      const plain = await mailkeep.run('sync');
      expect([plain.code, plain.stderr]).toEqual([0, '']);
      expect(plain.stdout).toMatch(
        /^personal: 2 new messages \(.*\), 2 deleted from the server, kept here; 1 mailbox, complete/,
      );
      expect(archived(mailkeep).slice(0, 40)).toEqual(truth);
      expect(archived(mailkeep)).toHaveLength(42);
      expect(mailkeep.archive('removed').size).toBe(0);
      expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, removed: 0 });
      expect(await mailkeep.status()).toMatchObject({ messages: 42, removed: 0, hold: false });
      expect(await mailkeep.check()).toMatchObject({ code: 0, files: 42, missing: [], unindexed: [] });
      await server.putMessages('bob', 'INBOX', messages.slice(42, 43));
      const compared = documentOf(await mailkeep.run('check', '--server', '--json')) as {
        accounts: { server: unknown }[];
      };
      expect(compared.accounts[0]!.server).toMatchObject({ missing_here: 1, gone_there: 0 });
      const doctor = await mailkeep.run('doctor');
      expect(doctor.code, doctor.stdout + doctor.stderr).toBe(0);
      expect(doctor.stdout).toMatch(/1 of 1 mailboxes are backed up, 1 messages/);
    },
    TIMEOUT,
  );

  test(
    'is restored to an IMAP account, and never to itself',
    async () => {
      const other = {
        name: 'new',
        host: '127.0.0.1',
        port: server.port,
        tls: 'none',
        user: 'carol',
        password: 'pass',
      };
      await using mailkeep = await Mailkeep.create({ ...account('alice'), others: [other] });
      await mailkeep.run('sync', 'personal');
      const refused = await mailkeep.run('restore', 'personal', '--in-place');
      expect([refused.code, refused.stdout]).toEqual([2, '']);
      expect(refused.stderr).toMatch(/personal is a POP3 account, and POP3 only gives mail out\n {2}.*--to/);
      const restored = await mailkeep.run('restore', 'personal', '--to', 'new', '--in-place');
      expect(restored.code, restored.stderr).toBe(0);
      const hashes = (lines: readonly string[]) => lines.map((line) => line.split(' ')[1]).sort();
      expect(hashes(await onServer(server, 'carol'))).toEqual(hashes(archived(mailkeep)));
    },
    TIMEOUT,
  );

  test(
    'costs one session and few round trips when nothing is new',
    async () => {
      await server.putMessages('dave', 'INBOX', messages.slice(0, 20));
      const proxy = await startDelayProxy({ port: server.popPort }, 1);
      try {
        await using mailkeep = await Mailkeep.create(account('dave', { port: proxy.port }));
        expect((await mailkeep.sync()).report.added).toBe(20);
        proxy.resetTraffic();
        expect((await mailkeep.sync()).report).toMatchObject({
          status: 'ok',
          added: 0,
          mailboxes_changed: 0,
        });
        // After the greeting: CAPA; AUTH; STAT, UIDL and LIST together; QUIT.
        expect(proxy.traffic()).toMatchObject({ connections: 1, roundTrips: 4 });
      } finally {
        await proxy.close();
      }
    },
    TIMEOUT,
  );

  test(
    'is followed by the daemon on its schedule, without watching it, and searched',
    async () => {
      await server.putMessages('erin', 'INBOX', messages.slice(0, 5));
      await using mailkeep = await Mailkeep.create(account('erin', { schedule: '* * * * * *' }));
      const daemon = new RunningDaemon(mailkeep);
      await daemon.until(/personal: run 1 ok/);
      const from = daemon.lines.length;
      await server.putMessages('erin', 'INBOX', [{ body: markedMessage('periwinkle') }]);
      await expect.poll(() => archived(mailkeep).length, { timeout: 20_000 }).toBe(6);
      await daemon.until(/personal: run \d+ ok/, from);
      expect(daemon.count(/watch/i)).toBe(0);
      expect((await daemon.stop()).code).toBe(0);
      const found = documentOf(await mailkeep.run('search', 'periwinkle', '--json')) as { total: number };
      expect(found.total).toBe(1);
    },
    TIMEOUT,
  );

  test(
    'says what is wrong with a password, a port and a certificate',
    async () => {
      const failing = async (keys: Record<string, unknown>) => {
        await using mailkeep = await Mailkeep.create(account('alice', keys));
        const { code, report } = await mailkeep.sync();
        return [code, report.error?.code];
      };
      expect(await failing({ password: 'not the password' })).toEqual([12, 'credentials']);
      expect(await failing({ port: 1 })).toEqual([75, 'unreachable']);
      expect(await failing({ tls: 'starttls' })).toEqual([1, 'tls']);
      expect(await failing({ tls: 'implicit' })).toEqual([1, 'tls']);
      // An IMAP server.
      expect(await failing({ port: server.port })).toEqual([1, 'protocol']);
    },
    TIMEOUT,
  );
});

describeWithCorpus('a corpus of real messages over POP3', () => {
  test.each([1, 2, 3, 1460])(
    'comes octet for octet from a server that cuts it into segments of %i',
    async (segment) => {
      const messages = corpusMessages()
        // Octet by octet takes its time.
        .filter((body) => body.length < segment * 20_000)
        .map((body, at) => ({ uidl: `corpus-${at}`, body }));
      await using scripted = await PopServer.start(messages.slice(0, segment === 1 ? 100 : 2000), {
        segment,
      });
      await using mailkeep = await Mailkeep.create({
        ...{ port: scripted.port, user: 'me', password: 'secret' },
        keys: { protocol: 'pop3' },
      });
      const { code, report } = await mailkeep.sync();
      expect([code, report.failures, report.added]).toEqual([0, [], scripted.messages.length]);
      expect(archived(mailkeep)).toEqual(
        scripted.messages.map(({ body }, at) => `${at + 1} ${sha256(body)}`),
      );
    },
    TIMEOUT,
  );

  describeWithDovecotPop3('put into Dovecot', () => {
    let server: Dovecot;
    const bodies = corpusMessages();
    beforeAll(async () => {
      server = await Dovecot.start({ pop3: true });
      await server.putMessages(
        'alice',
        'INBOX',
        bodies.map((body) => ({ body })),
      );
    }, TIMEOUT);
    afterAll(() => server?.stop());

    test.each(['plain', 'STLS', 'TLS'])(
      'comes back as IMAP sends it (%s)',
      async (way) => {
        expect(bodies.length).toBeGreaterThan(1000);
        const trusting = { host: 'localhost', tls_ca_file: server.certificates.caFile };
        const keys = {
          protocol: 'pop3',
          ...(way === 'STLS' && { ...trusting, tls: 'starttls' }),
          ...(way === 'TLS' && { ...trusting, tls: 'implicit', port: server.popTlsPort }),
        };
        const account = { port: server.popPort, user: 'alice', password: server.password };
        await using mailkeep = await Mailkeep.create({ ...account, keys });
        const { code, report } = await mailkeep.sync();
        expect([code, report.failures]).toEqual([0, []]);
        expect(report.added).toBe(bodies.length);
        const truth = await onServer(server, 'alice');
        // IMAP has no NUL: Dovecot sends another octet for it. Over POP3 it sends the message as it is.
        bodies.forEach((body, at) => {
          if (body.includes(0)) truth[at] = `${at + 1} ${sha256(withLineEnds(body))}`;
        });
        expect(archived(mailkeep)).toEqual(truth);
        expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, removed: 0 });
      },
      TIMEOUT,
    );
  });
});

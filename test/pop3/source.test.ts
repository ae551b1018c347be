// POP3 accounts through the real jobs, against a server that keeps the protocol and one that doesn't.

import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { closeServer, listenAnywhere, portOf } from '../support/loopback.js';
import { multiLine, type PopMessage, type PopOptions, PopServer } from '../support/pop3-server/server.js';
import { DAY, hashesOf, mail, mails, NOW, Stage } from './stage.js';

const TIMEOUT = 120_000;
const IDLE = { status: 'ok', added: 0, adopted: 0, removed: 0, moved: 0, failed: 0, bytesDownloaded: 0 };

const SEGMENTS = [1, 2, 3, 7, 1000];

describe('a POP3 mailbox', () => {
  test.each(SEGMENTS)(
    'is stored octet for octet when it comes in segments of %i',
    async (segment) => {
      const messages = [
        mail('one', 1),
        mail('two', 2, segment === 1 ? 10 : 5000),
        { uidl: 'empty-body', body: Buffer.from('Subject: no body\r\n\r\n') },
        { uidl: 'only-header', body: Buffer.from('Subject: no empty line\r\n') },
        { uidl: 'no-line', body: Buffer.from('Subject: x\r\n\r\nno line end') },
        { uidl: 'bare', body: Buffer.from('Subject: x\r\n\r\n.\n.\n\n.\r.\n') },
        { uidl: 'dots', body: Buffer.from('...\r\n.\r\n\r\n.') },
      ];
      await using server = await PopServer.start(messages, { segment });
      using stage = new Stage();
      expect(await stage.sync(server)).toMatchObject({ status: 'ok', tier: 'pop3', added: 7, failures: [] });
      expect(stage.hashes()).toEqual(hashesOf(messages));
    },
    TIMEOUT,
  );

  test('costs one session and three short lists when nothing is new', async () => {
    await using server = await PopServer.start(mails(20));
    using stage = new Stage();
    await stage.sync(server);
    server.commands.length = 0;
    server.connections = 0;
    expect(await stage.sync(server)).toMatchObject({ ...IDLE, mailboxesChanged: 0 });
    expect(server.connections).toBe(1);
    expect(server.commands).toEqual(['CAPA', 'AUTH', 'STAT', 'UIDL', 'LIST', 'QUIT']);
  });

  test('has only its new mail fetched, and what left it kept under removed/', async () => {
    await using server = await PopServer.start(mails(20));
    using stage = new Stage();
    await stage.sync(server);
    server.commands.length = 0;
    const gone = server.messages.splice(3, 2);
    server.messages.push(mail('new'));
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 1, adopted: 0, removed: 2 });
    expect([server.count('RETR'), server.count('TOP')]).toEqual([1, 0]);
    expect(stage.hashes()).toEqual(hashesOf(server.messages));
    expect(stage.hashes('removed').sort()).toEqual(hashesOf(gone).sort());
  });

  test('gets its dates from the topmost Received field, else Date, else the clock', async () => {
    const body = (...lines: string[]) => Buffer.from([...lines, '', 'x', ''].join('\r\n'));
    const received = (zone: string) => `Received: by x; Thu, 2 Jan 2020 10:00:00 ${zone}`;
    const date = 'Date: Fri, 3 Jan 2020 12:00:00 +0000';
    await using server = await PopServer.start([
      { uidl: 'a', body: body(received('+0200'), received('-0800'), date) },
      { uidl: 'b', body: body('Subject: x', date) },
      { uidl: 'c', body: body('Subject: x') },
      { uidl: 'd', body: body('Received: by x; Mon, 4 Jan 2120 10:00:00 +0000', date) },
      { uidl: 'e', body: body('Received: by x; nonsense', 'Date: also nonsense') },
    ]);
    using stage = new Stage();
    await stage.sync(server);
    const at = (text: string) => Date.parse(text) / 1000;
    expect(stage.archived().map(({ internalDate }) => internalDate)).toEqual([
      at('2020-01-02T08:00Z'),
      at('2020-01-03T12:00Z'),
      NOW / 1000,
      at('2020-01-03T12:00Z'),
      NOW / 1000,
    ]);
  });

  test.each([1, -1, 2, 500])('whose sizes are wrong by %i comes whole all the same', async (wrong) => {
    const messages = mails(12).map((message) => ({ ...message, size: message.body.length + wrong }));
    await using server = await PopServer.start(messages);
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 12 });
    expect(stage.hashes()).toEqual(hashesOf(messages));
    expect(await stage.sync(server)).toMatchObject(IDLE);
  });
});

describe('a listing that is not to be believed', () => {
  const half = (line: string, own: () => Buffer) => {
    if (line !== 'UIDL' && line !== 'LIST') return undefined;
    const lines = own().toString().split('\r\n');
    return [lines[0], ...lines.slice(1, 11), '.', ''].join('\r\n');
  };

  test.each(['UIDL', 'LIST', 'both'])(
    'is short of %s: nothing leaves, and the new mail comes',
    async (which) => {
      await using server = await PopServer.start(mails(20));
      using stage = new Stage();
      await stage.sync(server);
      const news = mail('new');
      server.messages.unshift(news);
      server.options = {
        answer: (line, own) => (which === 'both' || line === which ? half(line, own) : undefined),
      };
      const report = await stage.sync(server);
      expect(report).toMatchObject({ status: 'incomplete', removed: 0, hold: false });
      expect(report.failures[0]).toMatchObject({ mailbox: 'INBOX', uid: null });
      expect(report.failures[0]!.reason).toMatch(/the server counts 21 messages and (names|lists) 10/);
      expect(stage.hashes().sort()).toEqual(hashesOf(server.messages).sort());
      server.options = {};
      expect(await stage.sync(server)).toMatchObject({ status: 'ok', removed: 0 });
      expect(stage.hashes().sort()).toEqual(hashesOf(server.messages).sort());
      expect(await stage.sync(server)).toMatchObject(IDLE);
    },
  );

  test('loses everything at once: the guard holds it, and lets go when it is back', async () => {
    await using server = await PopServer.start(mails(20));
    using stage = new Stage();
    await stage.sync(server);
    const all = server.messages;
    server.messages = all.slice(0, 3);
    expect(await stage.sync(server)).toMatchObject({ status: 'incomplete', hold: true, removed: 0 });
    expect(stage.hashes()).toEqual(hashesOf(all));
    server.messages = all;
    server.commands.length = 0;
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', hold: false, added: 0, adopted: 0 });
    expect([server.count('RETR'), server.count('TOP')]).toEqual([0, 0]);
    expect(stage.hashes()).toEqual(hashesOf(all));
  });
});

describe('identifiers', () => {
  test('that all change cost headers and no bodies', async () => {
    const messages = Array.from({ length: 20 }, (_, at) => mail(`big${at}`, 1 + at, 40_000));
    await using server = await PopServer.start(messages);
    using stage = new Stage();
    await stage.sync(server);
    server.messages = messages.map((message, at) => ({ ...message, uidl: `other-${at}` }));
    server.commands.length = 0;
    const report = await stage.sync(server);
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: 20, removed: 0, moved: 20, hold: false });
    expect(stage.warnings.join()).toMatch(/a new UIDL for every message/);
    expect([server.count('RETR'), server.count('TOP')]).toEqual([0, 20]);
    expect(stage.hashes()).toEqual(hashesOf(messages));
    expect(stage.hashes('removed')).toEqual([]);
    expect(await stage.sync(server)).toMatchObject(IDLE);
  });

  test('that all change never make one message of two', async () => {
    const [a, b] = ['a', 'b'].map((last) => ({
      uidl: last,
      body: Buffer.concat([mail('same', 1, 100).body, Buffer.from(`${last}\r\n`)]),
    })) as [PopMessage, PopMessage];
    await using server = await PopServer.start([a]);
    using stage = new Stage();
    await stage.sync(server);
    server.messages = [b];
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 1, adopted: 0, removed: 1 });
    expect([stage.hashes(), stage.hashes('removed')]).toEqual([hashesOf([b]), hashesOf([a])]);
  });

  test('that a server lacks are made of the headers, and it is said', async () => {
    const messages = mails(8).map((message) => ({ ...message, uidl: null }));
    await using server = await PopServer.start(messages, {
      capabilities: ['TOP', 'SASL PLAIN', 'PIPELINING'],
      answer: (line) => (line === 'UIDL' ? '-ERR unknown command\r\n' : undefined),
    });
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 8 });
    expect(stage.warnings.join()).toMatch(/old: the server has no UIDL/);
    server.messages.splice(2, 1);
    server.messages.push({ ...mail('new'), uidl: null });
    server.commands.length = 0;
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 1, adopted: 0, removed: 1 });
    expect(server.count('RETR')).toBe(1);
    expect(stage.hashes()).toEqual(hashesOf(server.messages));
  });

  test('that two messages share are told apart by the headers, and it is said', async () => {
    const messages = mails(6);
    messages[1]!.uidl = messages[4]!.uidl = 'twice';
    const twin = mail('twin');
    messages.push({ ...twin, uidl: 'same' }, { ...twin, uidl: 'same' });
    await using server = await PopServer.start(messages);
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 8 });
    expect(stage.hashes()).toEqual(hashesOf(messages));
    expect(stage.warnings.join()).toMatch(/4 messages a UIDL that another has too/);
    expect(await stage.sync(server)).toMatchObject(IDLE);
    const [gone] = server.messages.splice(1, 1);
    const report = await stage.sync(server);
    expect(report).toMatchObject({ status: 'ok', removed: 1 });
    expect(stage.hashes('removed')).toEqual(hashesOf([gone!]));
    expect(stage.hashes().sort()).toEqual(hashesOf(server.messages).sort());
  });

  test('that are given to another message do not hide it', async () => {
    await using server = await PopServer.start(mails(6));
    using stage = new Stage();
    await stage.sync(server);
    const old = server.messages[2]!;
    server.messages[2] = { ...mail('another', 5, 77), uidl: old.uidl };
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 1, removed: 1 });
    expect(stage.warnings.join()).toMatch(/1 messages? ha(s|ve) another size/);
    expect(stage.hashes().sort()).toEqual(hashesOf(server.messages).sort());
    expect(stage.hashes('removed')).toEqual(hashesOf([old]));
  });
});

describe('a server that refuses headers', () => {
  test('has what it tells apart stored, and nothing counts as gone', async () => {
    const messages = mails(6);
    messages[1]!.uidl = messages[4]!.uidl = 'twice';
    await using server = await PopServer.start(messages);
    using stage = new Stage();
    await stage.sync(server);
    server.messages.push(mail('new'));
    server.options = {
      answer: (line) => (/^(TOP|RETR) [25]\b/.test(line) ? '-ERR try again later\r\n' : undefined),
    };
    const report = await stage.sync(server);
    expect(report).toMatchObject({ status: 'incomplete', added: 1, removed: 0, hold: false });
    expect(report.failures[0]!.reason).toMatch(/refuses the headers of 2 messages/);
    server.options = {};
    expect(await stage.sync(server)).toMatchObject(IDLE);
    expect(stage.hashes().sort()).toEqual(hashesOf(server.messages).sort());
  });
});

describe('identifiers of any look', () => {
  test.each([
    ['of 70 octets and more', (at: number) => `${'x'.repeat(300)}${at}`],
    ['with spaces, quotes and 8-bit octets', (at: number) => `a "${at}" \\ { } % \u00fc\u00ff \u0001 b`],
    ['that look like numbers', (at: number) => String(1000 - at)],
    ['that look like keys of an object', (at: number) => ['__proto__', 'constructor', 'toString'][at]!],
    ['that differ in letter case', (at: number) => ['a', 'A', 'aA'][at]!],
    ['that begin with a dot', (at: number) => `.${at}`],
  ])('%s tell messages apart', async (_, uidlOf) => {
    await using server = await PopServer.start(
      mails(3).map((message, at) => ({ ...message, uidl: uidlOf(at) })),
    );
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 3 });
    expect(stage.warnings).toEqual([]);
    expect(await stage.sync(server)).toMatchObject(IDLE);
    const [gone] = server.messages.splice(1, 1);
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', removed: 1, added: 0 });
    expect(stage.hashes('removed')).toEqual(hashesOf([gone!]));
  });
});

describe('Gmail', () => {
  const GMAIL = { capabilities: ['TOP', 'UIDL', 'USER', 'X-GOOGLE-RICO', 'SASL PLAIN'] };

  test('as an ordinary user would show each message once, so it is not asked', async () => {
    await using server = await PopServer.start(mails(3), GMAIL);
    using stage = new Stage();
    const { error } = await stage.sync(server);
    expect(error).toMatchObject({
      code: 'refused',
      hint: expect.stringMatching(/protocol: imap.*"recent:me"/),
    });
    expect(server.commands).toEqual(['CAPA']);
  });

  test('as recent user takes nothing for gone, and is never told that anything was delivered', async () => {
    await using server = await PopServer.start(mails(30), GMAIL);
    using stage = new Stage();
    const source = { user: 'recent:me' };
    expect(await stage.sync(server, { source })).toMatchObject({ status: 'ok', added: 30 });
    expect(stage.warnings.join()).toMatch(/last 30 days only/);
    const all = hashesOf(server.messages);
    // A month later there is nothing left of what was listed.
    server.messages = mails(4, 31);
    const later = await stage.sync(server, { source });
    expect(later).toMatchObject({ status: 'ok', added: 4, adopted: 0, removed: 0, hold: false });
    expect(stage.hashes()).toEqual([...all, ...hashesOf(server.messages)]);
    expect(await stage.sync(server, { source })).toMatchObject(IDLE);
    server.messages = [];
    expect(await stage.sync(server, { source })).toMatchObject(IDLE);
    expect(server.count('QUIT')).toBe(0);
  });
});

describe('a connection', () => {
  /** The first `times` answers to RETR `number` end in the middle. */
  const cutting = (number: number, times: number): PopOptions => ({
    answer: (line, own, before) => {
      if (line !== `RETR ${number}` || before >= times) return undefined;
      const octets = own();
      return { say: octets.subarray(0, octets.length >> 1), thenHangUp: true };
    },
  });

  test('that is lost in the middle of a message is made again, and nothing is stored twice', async () => {
    await using server = await PopServer.start(mails(30), cutting(11, 1));
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 30 });
    expect(server.connections).toBe(2);
    expect(stage.hashes()).toEqual(hashesOf(server.messages));
  });

  test('that one message always breaks costs that message only', async () => {
    await using server = await PopServer.start(mails(30), cutting(11, 1000));
    using stage = new Stage();
    const report = await stage.sync(server);
    expect(report).toMatchObject({ status: 'incomplete', added: 29, failed: 1 });
    expect(report.failures[0]).toMatchObject({ mailbox: 'INBOX', uid: 11 });
    expect(report.failures[0]!.reason).toMatch(/breaks the connection over this message/);
    server.options = {};
    // Behind the pause that a failure brings.
    const later = { now: NOW + DAY };
    expect(await stage.sync(server, later)).toMatchObject({ status: 'ok', added: 1 });
    expect(stage.hashes()).toEqual(hashesOf(server.messages));
  });

  test('that is lost leaves the mailbox locked for a while: it is waited for', async () => {
    let refusals = 3;
    const { answer } = cutting(2, 1);
    await using server = await PopServer.start(mails(5), {
      answer: (line, own, before) => {
        if (line.startsWith('AUTH') && server.connections > 1 && refusals-- > 0)
          return '-ERR [IN-USE] your other session is still open\r\n';
        return answer!(line, own, before);
      },
    });
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 5 });
    expect(stage.pauses).toEqual([1000, 2000, 4000]);
  });

  test('without PIPELINING has one command at a time', async () => {
    let open = 0;
    let most = 0;
    await using server = await PopServer.start(mails(10), {
      capabilities: ['TOP', 'UIDL', 'SASL PLAIN'],
      segment: 100,
      answer: () => {
        most = Math.max(most, ++open);
        setImmediate(() => {
          open -= 1;
        });
        return undefined;
      },
    });
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 10 });
    expect(most).toBe(1);
  });

  test('to a server that is older than CAPA works too', async () => {
    await using server = await PopServer.start(mails(3), { noCapa: true });
    using stage = new Stage();
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 3 });
    expect(server.commands.slice(0, 3)).toEqual(['CAPA', 'USER me', 'PASS']);
  });

  test('is given up when the signal fires, and what was stored stays', async () => {
    const stop = new AbortController();
    await using server = await PopServer.start(mails(30), {
      answer: (line) => {
        if (line !== 'RETR 20') return undefined;
        setImmediate(() => stop.abort());
        return null;
      },
    });
    using stage = new Stage();
    const report = await stage.sync(server, { signal: stop.signal });
    expect(report.error).toMatchObject({ code: 'interrupted' });
    const stored = stage.hashes();
    expect(stored.length).toBeGreaterThan(0);
    expect(stored).toEqual(hashesOf(server.messages).slice(0, stored.length));
    server.options = {};
    expect(await stage.sync(server)).toMatchObject({ status: 'ok', added: 30 - stored.length });
  });

  test.each([
    ['a line without end', () => Buffer.alloc(100_000, 'x')],
    ['what is not POP3', () => '* OK IMAP4rev1\r\n'],
    ['an endless list', () => `+OK\r\n${'1 x\r\n'.repeat(300)}`],
  ])('to a server that sends %s is ended', async (_, say) => {
    await using server = await PopServer.start(mails(3), {
      answer: (line) => (line === 'CAPA' ? say() : undefined),
    });
    using stage = new Stage();
    expect((await stage.sync(server)).error).toMatchObject({ code: 'protocol' });
  });

  test('to a server that falls silent is ended after a while', async () => {
    await using server = await PopServer.start(mails(3), {
      answer: (line) => (/STAT|UIDL|LIST/.test(line) ? null : undefined),
    });
    using stage = new Stage();
    const { error } = await stage.sync(server, { source: { silenceTimeout: 200 } });
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error!.message).toMatch(/STAT was not answered/);
  });

  const half = (octets: Buffer) => octets.subarray(0, octets.length >> 1);
  test.each([
    ['before CAPA is answered', /^CAPA/, () => null, /CAPA was not answered/],
    ['at the sign-in', /^AUTH/, () => null, /AUTH was not answered/],
    ['in the middle of a list', /^UIDL/, half, /UIDL was not answered/],
    ['in the middle of a line', /^STAT/, () => '+OK 3', /STAT was not answered/],
  ] as const)('that falls silent %s is ended', async (_, command, say, says) => {
    await using server = await PopServer.start(mails(3), {
      // So that no later answer follows.
      capabilities: ['TOP', 'UIDL', 'SASL PLAIN'],
      answer: (line, own) => (command.test(line) ? say(own()) : undefined),
    });
    using stage = new Stage();
    const { error } = await stage.sync(server, { source: { silenceTimeout: 100 } });
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringMatching(says) });
  });

  test('that falls silent before it greets is ended', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await listenAnywhere(silent);
    await using server = await PopServer.start([]);
    using stage = new Stage();
    const source = { port: portOf(silent), silenceTimeout: 100 };
    const { error } = await stage.sync(server, { source });
    await closeServer(silent);
    expect(error).toMatchObject({ message: expect.stringMatching(/greeting was not answered/) });
  });

  test('that falls silent in the middle of one message costs that message only', async () => {
    await using server = await PopServer.start(mails(6), {
      answer: (line, own) => (line === 'RETR 3' ? half(own()) : undefined),
    });
    using stage = new Stage();
    const report = await stage.sync(server, { source: { silenceTimeout: 150 } });
    expect(report).toMatchObject({ status: 'incomplete', added: 5, failed: 1 });
    expect(report.failures[0]!.reason).toMatch(/falls silent over this message/);
  });

  test('whose last word is not answered is closed all the same', async () => {
    await using server = await PopServer.start(mails(1), {
      answer: (line) => (line === 'QUIT' ? null : undefined),
    });
    using stage = new Stage();
    expect(await stage.sync(server, { source: { silenceTimeout: 100 } })).toMatchObject({
      status: 'ok',
      added: 1,
    });
  });

  test('that answers more than it was asked is ended', async () => {
    await using server = await PopServer.start(mails(3), {
      answer: (line, own) =>
        line === 'STAT' ? Buffer.concat([own(), multiLine(Buffer.from('x'))]) : undefined,
    });
    using stage = new Stage();
    expect((await stage.sync(server)).status).toBe('failed');
  });
});
